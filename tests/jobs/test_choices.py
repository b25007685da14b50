"""`exec` with `-C`, `--project`, `--site` and `--env`: what was seen before needs no Python."""

import os
from pathlib import Path

import pytest
from homes import COMMAND, SHELLS, Home

CONFIG = """
default-env = "a"
[env]
HERE = "nowhere"
[envs.a.env]
NAMED = "a"
[envs.b.env]
NAMED = "b"
[site.uppmax.env]
HERE = "uppmax"
"""
SHOW = ("/bin/sh", "-c", 'echo "$NAMED $AUTOENV_HPC_ENV $HERE $PWD"')
NO_PYTHON = {"AUTOENV_HPC_PYTHON": "/bin/false"}
CHOICES = {
    (): "a a nowhere",
    ("--env", "b"): "b b nowhere",
    ("--site", "uppmax"): "a a uppmax",
    ("--site", "uppmax", "--env", "b"): "b b uppmax",
    ("--env", "b", "--site", "uppmax"): "b b uppmax",
    ("--env", "a"): "a a nowhere",
}


@pytest.fixture
def root(home: Home) -> Path:
    """A project with two named environments, and a table for a site."""
    home.env["AUTOENV_HPC_SITE"] = ""
    (home.folder / "elsewhere").mkdir()
    return home.project(CONFIG, "p")


def test_each_choice_has_a_stored_activation_of_its_own(home: Home, root: Path) -> None:
    for env in ({}, NO_PYTHON):
        for options, expected in CHOICES.items():
            done = home.command("exec", *options, "--", *SHOW, cwd=root, env=env)
            assert (done.stdout, done.stderr) == (f"{expected} {root}\n", "")


@pytest.mark.parametrize(
    ("options", "directory"),
    [
        (("--project", "{root}"), "elsewhere"),
        (("--project", "../p/./inner/.."), "elsewhere"),
        (("-C", "p", "--project", "."), "p"),
        (("--project", "../p", "-C", "elsewhere"), "elsewhere"),
        (("-C", "elsewhere", "--env", "b", "--project", "../p"), "elsewhere"),
        (("--env", "b", "-C", "p/inner"), "p/inner"),
        (("-C", "p", "-C", "inner"), "p/inner"),
    ],
)
def test_a_project_by_its_folder(
    home: Home, root: Path, options: tuple[str, ...], directory: str
) -> None:
    (root / "inner").mkdir()
    home.project('[env]\nNAMED = "other"\n', "elsewhere")
    named = "b" if "b" in options else "a"
    words = [word.format(root=root) for word in options]
    start = (
        home.folder / "elsewhere" if words[0] == "--project" and "-C" not in words else home.folder
    )
    for env in ({}, NO_PYTHON):
        done = home.command("exec", *words, "--", *SHOW, cwd=start, env=env)
        assert done.stdout == f"{named} {named} nowhere {home.folder}/{directory}\n"


def test_what_cannot_be_chosen(home: Home, root: Path) -> None:
    for options, said in {
        ("--project", "none"): "--project none: no such directory",
        ("--project", "elsewhere"): f"no .hpcenv.toml in {home.folder}/elsewhere or above",
        ("-C", "p", "--env", "c"): "no [envs.c] (defined: a, b)",
        ("-C", "p", "--site", "uppmx"): "did you mean uppmax?",
    }.items():
        for _ in range(2):
            done = home.command(
                "exec", *options, "--", "true", status=125, SLURM_SUBMIT_DIR=str(root)
            )
            assert said in done.stderr
    assert (
        "no [envs.c]"
        in home.command("exec", "true", cwd=root, status=125, AUTOENV_HPC_ENV="c").stderr
    )


@pytest.mark.parametrize("command", ["export", "prepare", "explain", "status"])
def test_other_commands_take_the_project_of_a_folder(home: Home, root: Path, command: str) -> None:
    said = home.command(command, "--project", "p").stdout
    assert command == "prepare" or "NAMED" in said or str(root) in said


def test_the_named_environment_by_a_variable(home: Home, root: Path) -> None:
    for env in ({}, NO_PYTHON):
        done = home.command("exec", *SHOW, cwd=root, env=env, AUTOENV_HPC_ENV="b")
        assert done.stdout == f"b b nowhere {root}\n"
        assert home.command("exec", *SHOW, cwd=root, env=env).stdout == f"a a nowhere {root}\n"


@pytest.mark.parametrize("chosen", ["--env b --", "--site uppmax --env b --"])
def test_a_nested_call_keeps_the_named_environment(home: Home, root: Path, chosen: str) -> None:
    other = home.project('[env]\nNAMED = "other"\n', "other")
    (home.folder / "inner").write_text(
        f"""
for python in "" /bin/false; do
    export AUTOENV_HPC_PYTHON=$python
    '{COMMAND}' exec {" ".join(SHOW[:2])} '{SHOW[2]}'
    '{COMMAND}' exec --env a -- {" ".join(SHOW[:2])} '{SHOW[2]}'
    '{COMMAND}' exec -C '{other}' {" ".join(SHOW[:2])} '{SHOW[2]}'
done
"""
    )
    words = ("exec", *chosen.split(), "/bin/sh", str(home.folder / "inner"))
    done = home.command(*words, cwd=root)
    once = f"b b nowhere {root}\na a nowhere {root}\nother  nowhere {other}\n".replace(
        "other  nowhere", "other  "
    )
    assert done.stdout == once * 2, done.stderr


def test_the_command_itself_is_exported(home: Home, root: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked"
    link.symlink_to(COMMAND)
    for path in (COMMAND, str(link)):
        for env in ({}, NO_PYTHON):
            line = f"cd '{root}'; '{path}' exec -- printenv AUTOENV_HPC_EXE"
            done = os.popen(f"env -i HOME='{home.folder}' PATH=/usr/bin:/bin {' '.join(f'{n}={v}' for n, v in env.items())} sh -c \"{line}\"")  # fmt: skip
            assert done.read() == f"{path}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_starts_inside_keeps_the_named_environment(
    home: Home, root: Path, shell: str
) -> None:
    tick = {"bash": "__autoenv_hpc_prompt", "zsh": "__autoenv_hpc_precmd"}.get(shell)
    hook = f'eval "$({COMMAND} hook {shell})"; {tick}'
    if shell == "fish":
        hook = f"{COMMAND} hook fish | source; emit fish_prompt"
    start = {"bash": ("bash", "--norc"), "zsh": ("zsh", "-f"), "fish": ("fish", "-N")}[shell]
    line = (
        f"{hook}; echo $NAMED $AUTOENV_HPC_ENV; cd /; {hook.partition('; ')[2]}; echo left $NAMED"
    )
    for _ in range(2):
        done = home.command("exec", "--env", "b", "--", *start, "-c", line, cwd=root)
        assert done.stdout == "b b\nleft\n", done.stderr


def test_many_callers_by_turns_each_find_their_own(home: Home) -> None:
    root = home.project('[env]\nOURS = "1"\n[paths]\nPATH = { prepend = ["bin"] }\n', "p")
    line = f"'{COMMAND}' exec -- printenv PATH; eval \"$('{COMMAND}' export)\"; printenv PATH OURS"
    paths = [f"/{'x' * 80}/{number:02}:/usr/bin:/bin" for number in range(12)]
    home.command("prepare", cwd=root)  # from now on the configuration counts as old
    home.command("cache", "clear")
    for env in ({}, NO_PYTHON):
        words = ("exec", "--", "/bin/sh", "-c", line)
        said = [home.command(*words, cwd=root, env=env, PATH=path).stdout for path in paths]
        assert said == [f"{root}/bin:{path}\n" * 2 + "1\n" for path in paths]
    stored = home.folder / f".cache/autoenv-hpc/activations{root}"
    assert len([*stored.glob("?.bash"), *stored.glob("?.*_*.bash")]) == 8 + 2 * len(paths)
    home.command("allow", cwd=root)
    assert not [*stored.glob("*")]


def test_callers_in_one_drawer_do_not_take_anothers(home: Home) -> None:
    root = home.project('[env]\nSETTING = { path = "$MODE" }\n', "p")
    for env in ({}, NO_PYTHON):
        for mode in "abcdef":
            done = home.command("exec", "--", "printenv", "SETTING", cwd=root, env=env, MODE=mode)
            assert done.stdout == f"{root}/{mode}\n"
