"""`shim`: programs by their path, in the environment of a project, from wherever they are called."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from homes import COMMAND, HOSTILE, Home

CONFIG = """
[paths]
PATH = { prepend = ["bin"] }
[env]
OURS = "blue"
NAMED = "none"
[envs.b.env]
NAMED = "b"
"""
# The project's own Python tells that it was run; it is the machine's otherwise.
PYTHON = """#!/bin/sh
exec env RAN_BY="$0" python3 "$@"
"""
SHOW = "import os; print(os.environ['OURS'], os.environ['NAMED'], os.environ['RAN_BY'])"
NO_PYTHON = {"AUTOENV_HPC_PYTHON": "/bin/false"}


@pytest.fixture
def root(home: Home) -> Path:
    """A project with a Python of its own, entered once from this environment."""
    root = home.project(CONFIG)
    (root / "bin").mkdir()
    (root / "bin/python").write_text(PYTHON)
    (root / "bin/python").chmod(0o755)
    home.command("shim", cwd=root)
    home.command("shim", "--env", "b", cwd=root)
    return root


def run(
    program: Path | str,
    *words: str | Path,
    env: Mapping[str, str],
    stdin: str = "",
    cwd: Path | str = "/",
    argv: Sequence[str] = (),
) -> tuple[int, str, str]:
    """Run a program as an editor or an engine does; its status and output."""
    done = subprocess.run(
        [*argv, str(program), *words], env=dict(env), input=stdin, cwd=cwd,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_python_is_the_projects_and_says_nothing_of_its_own(home: Home, root: Path) -> None:
    python, own = root / ".hpcenv.shims/python", f"blue none {root}/bin/python\n"
    (home.folder / "script.py").write_text(SHOW)
    env = home.env | NO_PYTHON
    for words, stdin in (
        (("-c", SHOW), ""), (("-I", "-c", SHOW), ""), (("-",), SHOW), ((), SHOW),
        (("script.py",), ""), (("-I", "script.py"), ""), (("-m", "script"), ""), (("-u", "script.py", "x"), ""),
    ):  # fmt: skip
        assert run(python, *words, env=env, stdin=stdin, cwd=home.folder) == (0, own, ""), words
    code = "import os, sys; print(os.getcwd(), sys.argv[1:], sys.stdin.read()); sys.exit(7)"
    expected = (7, f"{home.folder} ['a b', '', '*'] typed\n", "")
    assert (
        run(python, "-c", code, "a b", "", "*", env=env, stdin="typed", cwd=home.folder) == expected
    )
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert run(python, "-c", kill, env=env)[0] == -signal.SIGTERM


@pytest.mark.parametrize("name", ["python", "bash"])
def test_what_was_seen_before_starts_nothing_but_the_program(
    home: Home, root: Path, name: str, tmp_path: Path
) -> None:
    log = tmp_path / "calls"
    trace = ("strace", "-f", "-qq", "-e", "trace=execve,clone,clone3,vfork,fork", "-o", str(log))
    shutil.copy("/bin/true", root / "bin" / name)
    assert run(root / ".hpcenv.shims" / name, env=home.env, argv=trace)[0] == 0
    assert len(log.read_text().splitlines()) == 2, log.read_text()  # the shim, and the program


SCRIPT = 'echo "$OURS $0 $# $1 $-"; false; echo "$?"; (exit 3); echo on'
BASH = (
    ("-c", SCRIPT),
    ("-c", SCRIPT, "name", "a b", "*"),
    ("-ec", SCRIPT),
    ("-uec", f"{SCRIPT}; echo $NONE"),
    ("-ue", "{file}", "x"),
    ("-x", "{file}", "a b"),
    ("-euo", "pipefail", "-c", SCRIPT),
    ("-O", "extglob", "+o", "posix", "-c", "shopt extglob; shopt -o posix; echo $OURS"),
    ("-c", f"set -euo pipefail; {SCRIPT}"),  # as Snakemake calls it
    ("-c", "set -euo pipefail; false | cat; echo no"),
    ("-s", "a b"),
    ("-es",),
    (),
    ("-",),
    ("--", "{file}"),
    ("--norc", "--noprofile", "-e", "{file}"),
    ("{file}", "-l"),
)


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_a_shell_behaves_as_that_shell(home: Home, root: Path, name: str) -> None:
    file = home.folder / "script"
    file.write_text(SCRIPT)
    env = home.env | {"OURS": "blue"}
    for words in BASH:
        given = [word.replace("{file}", str(file)) for word in words]
        if name == "sh" and {"-O", "-euo", "--norc"} & {*words}:
            continue  # only bash knows these
        real, shim = (
            run(program, *given, env=env, stdin=SCRIPT)
            for program in (name, root / ".hpcenv.shims" / name)
        )
        assert shim == real, words


@pytest.mark.parametrize(
    "words",
    [("-lc",), ("-l", "-c"), ("-c", "-l"), ("--login", "-c"), ("-elc",), ("-lo", "errexit", "-c")],
)
@pytest.mark.parametrize("name", ["bash", "sh"])
def test_the_startup_files_of_a_login_shell_come_before_the_project(
    home: Home, root: Path, name: str, words: tuple[str, ...]
) -> None:
    if name == "sh" and "--login" in words:
        return  # only bash knows it
    text = 'export PATH=/usr/bin:/bin SEEN=${SEEN-}x; echo "profile${OURS-}"\n'
    for file in (".bash_profile", ".profile"):
        (home.folder / file).write_text(text)
    line = 'echo "$OURS $SEEN $1 $(command -v python)"; false; echo "$?"'
    done = run(root / ".hpcenv.shims" / name, *words, line, "zero", "a b", env=home.env)
    is_strict = "-elc" in words or "errexit" in words
    own = f"blue x a b {root}/bin/python\n"
    assert done[1] == f"profile\n{own}" + ("" if is_strict else "1\n")


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"PATH": "/usr/bin:/bin", "LOGNAME": "anna", "SHELL": "/bin/sh"},  # cron(8)
        {"PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "7", "SLURM_EXPORT_ENV": "NONE", "SLURM_SUBMIT_DIR": "/"},
    ],
    ids=["nothing", "cron", "NONE"],
)  # fmt: skip
def test_it_needs_nothing_of_its_caller(home: Home, root: Path, env: dict[str, str]) -> None:
    for more in ({}, NO_PYTHON):
        bare = env | more | {"HOME": str(home.folder)}
        line = "import os; print(os.environ['OURS'], os.environ.get('SLURM_EXPORT_ENV'))"
        done = run("env", "-C", "/tmp", root / ".hpcenv.shims/bash", "-c", f'python3 -c "{line}"', env=bare, argv=["/usr/bin/env"])  # fmt: skip
        assert done == (0, f"blue {'ALL' if 'SLURM_JOB_ID' in env else None}\n", "")


def test_each_named_environment_has_its_folder_and_keeps_to_it(home: Home, root: Path) -> None:
    other = home.project('[env]\nOURS = "red"\n', "other")
    plain, named = root / ".hpcenv.shims/bash", root / ".hpcenv.shims-b/bash"
    show = ("-c", "echo $OURS $NAMED ${AUTOENV_HPC_ENV-}")
    inside: list[list[str]] = [
        [],
        [COMMAND, "exec", "--project", str(root), "--"],
        [COMMAND, "exec", "--project", str(root), "--env", "b", "--"],
        [COMMAND, "exec", "--project", str(other), "--"],
        [str(named), "-c", 'exec "$0" "$@"'],
        [str(plain), "-c", 'exec "$0" "$@"'],
        ["env", "AUTOENV_HPC_ENV=b"],
    ]
    for argv in inside:
        for _ in range(2):
            assert run(plain, *show, env=home.env, argv=argv) == (0, "blue none\n", ""), argv
            assert run(named, *show, env=home.env, argv=argv) == (0, "blue b b\n", ""), argv


def test_a_shim_never_calls_a_shim(home: Home, root: Path) -> None:
    other = home.project('[env]\nOURS = "red"\n', "other")
    home.command("shim", cwd=other)
    folders = [other / ".hpcenv.shims", root / ".hpcenv.shims", root / ".hpcenv.shims-b"]
    path = ":".join([*map(str, folders), home.env["PATH"]])
    for more in ({}, {}, NO_PYTHON):
        env = home.env | {"PATH": path} | more
        for name in ("bash", "sh"):
            assert run(name, "-c", "echo $OURS", env=env) == (0, "red\n", "")
            done = run(folders[1] / name, "-c", "echo $OURS; exec sh -c 'echo $OURS'", env=env)
            assert done == (0, "blue\nred\n", "")
        assert run(COMMAND, "exec", "--project", str(root), "bash", "-c", "echo $OURS", env=env) == (
            0, "blue\n", "",
        )  # fmt: skip


def test_a_script_may_name_it_in_its_first_line(home: Home, tmp_path: Path) -> None:
    root = home.project('[env]\nOURS = "blue"\n', "p")
    home.command("shim", str(tmp_path / "s"), cwd=root)
    script = tmp_path / "script"
    script.write_text(f'#!{tmp_path}/s/sh\necho "$OURS $1"\n')
    script.chmod(0o755)
    for more in ({}, NO_PYTHON):
        assert run(script, "x", env=home.env | more) == (0, "blue x\n", "")
        done = run(COMMAND, "exec", "--project", str(root), str(script), "y", env=home.env | more)
        assert done == (0, "blue y\n", "")


def test_what_the_shell_exports_besides_variables_reaches_the_program(
    home: Home, root: Path
) -> None:
    env = home.env | {"BASH_FUNC_f%%": "() { echo function; }", "SHELLOPTS": "xtrace:errexit"}
    done = run(root / ".hpcenv.shims/python", "-c", "import os; print(os.environ['SHELLOPTS'])", env=env)  # fmt: skip
    assert done[:2] == (0, "xtrace:errexit\n")
    del env["SHELLOPTS"]
    assert run(root / ".hpcenv.shims/bash", "-c", "f", env=env) == (0, "function\n", "")


def test_a_project_that_is_gone_says_so(home: Home, tmp_path: Path) -> None:
    root = home.project(CONFIG, "p")
    folder = tmp_path / "it's a place"
    home.command("shim", str(folder), cwd=root)
    env = home.env
    for change in (
        lambda: (root / ".hpcenv.toml").write_text("# edited\n"),
        lambda: root.rename(home.folder / "moved"),
        lambda: shutil.rmtree(home.folder / "moved"),
    ):
        change()
        status, out, said = run(folder / "sh", "-c", "echo ran", env=env)
        assert (status, out) == (125, ""), said
        assert str(root) in said
        assert said.count("\n") == 1


def test_no_other_project_stands_in_for_it(home: Home) -> None:
    outer = home.project('[env]\nOURS = "outer"\n', "outer")
    inner = home.project('[env]\nOURS = "inner"\n', "outer/inner")
    home.command("shim", cwd=inner)
    shim = inner / ".hpcenv.shims/sh"
    (inner / ".hpcenv.toml").write_text("# edited\n")
    status, out, said = run(shim, "-c", "echo $OURS", env=home.env, cwd=outer)
    assert (status, out) == (125, ""), said
    assert f"{inner}/.hpcenv.toml" in said
    (inner / ".hpcenv.toml").unlink()
    assert run(shim, "-c", "echo $OURS", env=home.env, cwd=outer)[:2] == (125, "")


def test_the_command_that_is_gone_says_so(home: Home, root: Path) -> None:
    shim = root / ".hpcenv.shims/python"
    shim.write_text(shim.read_text().replace(COMMAND, "/none/autoenv-hpc"))
    status, out, said = run(shim, "-c", "print(1)", env=home.env)
    assert (status, out) == (125, "")
    assert "/none/autoenv-hpc" in said
    assert "autoenv-hpc shim" in said


def test_the_paths_are_printed_and_what_is_not_there_has_no_shim(home: Home) -> None:
    root = home.project('[paths]\nPATH = { prepend = ["bin"] }\n', HOSTILE)
    (root / "bin").mkdir()
    for name in ("Rscript", "julia"):
        (root / "bin" / name).write_text('#!/bin/sh\necho "$0 $*"\n')
        (root / "bin" / name).chmod(0o755)
    names = ["python", "bash", "sh", "Rscript", "julia"]
    folder = root / ".hpcenv.shims"
    assert home.command("shim", cwd=root).stdout == "".join(f"{folder}/{n}\n" for n in names)
    done = run(folder / "Rscript", "-e", "1", env=home.env)
    assert done == (0, f"{root}/bin/Rscript -e 1\n", "")
    (root / "bin/julia").unlink()
    home.command("shim", cwd=root)
    assert sorted(os.listdir(folder)) == sorted([".gitignore", *names[:-1]])


def test_files_of_others_stay(home: Home, root: Path, tmp_path: Path) -> None:
    other = home.project("", "other")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").write_text("mine")
    assert "no shim" in home.command("shim", str(folder), cwd=root, status=1).stderr
    assert os.listdir(folder) == ["sh"]
    (folder / "sh").unlink()
    (folder / "python").symlink_to("/usr/bin/python3")
    home.command("shim", str(folder), cwd=root, status=1)
    (folder / "python").unlink()
    home.command("shim", str(folder), cwd=other)
    said = home.command("shim", str(folder), cwd=root, status=1).stderr
    assert f"{folder}/python is a shim of {other}" in said
    shutil.rmtree(other)
    home.command("shim", str(folder), cwd=root)
    assert run(folder / "sh", "-c", "echo $OURS", env=home.env)[1] == "blue\n"


def test_nothing_is_written_for_a_project_that_is_not_allowed(home: Home) -> None:
    root = home.project("", "p", allow=False)
    assert "autoenv-hpc allow" in home.command("shim", cwd=root, status=1).stderr
    assert os.listdir(root) == [".hpcenv.toml"]


@pytest.mark.parametrize("backend", ["venv", "uv"])
def test_a_python_in_its_environment_goes_by_its_own_path(
    home: Home, uv_backend: str, backend: str
) -> None:
    """Editors replace an interpreter's path by its `sys.executable`."""
    root = home.project(f'[venv]\nbackend = "{backend}"\n[env]\nOURS = "blue"\n')
    plain = home.command("shim", cwd=root).stdout.split("\n")[0]
    own = home.command("shim", ".venv/shims", cwd=root).stdout.split("\n")[0]
    assert own == f"{root}/.venv/shims/python"
    line = "import os, sys; print(sys.executable, sys.prefix, os.environ['OURS'])"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {line!r}], check=True)"
    bin_python = f"{root}/.venv/bin/python"
    said = f"{own} {root}/.venv blue\n"
    for more in ({}, NO_PYTHON):
        env = home.env | more
        assert run(plain, "-c", line, env=env)[1] == f"{bin_python} {root}/.venv blue\n"
        assert run(own, "-c", line, env=env) == (0, said, "")
        assert run(own, "-I", "-c", child, env=env) == (0, said, "")
    edited = home.env | {"AUTOENV_HPC_DEBUG": ""}
    change = (
        f"import os; open('{root}/.hpcenv.toml', 'a').write('#'); os.environ['OURS'] = 'mine'; "
    )
    code = change.replace(str(root), "{root}")
    code = f"import os; open(os.environ['AUTOENV_HPC_ROOT'] + '/.hpcenv.toml', 'a').write('#'); os.environ['OURS'] = 'mine'; {child}"
    assert run(own, "-c", code, env=edited) == (0, said.replace("blue", "mine"), "")
    assert run(own, "-c", line, env=edited)[0] == 125
    home.command("allow", cwd=root)
    (root / "echo.py").write_text(line)
    assert run(own, "-m", "echo", env=home.env, cwd=root)[1] == said
    home.command("rebuild", cwd=root)
    assert run(own, "-c", line, env=home.env) == (0, said, "")
