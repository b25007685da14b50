"""What other users could have made or changed takes no effect."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import SHELLS, Home

OTHER = 61001
PLAIN = '[env]\nCOLOUR = "blue"\n'
SHOW = ("/bin/sh", "-c", 'echo "$COLOUR"')
LATER = "[site.elsewhere]\n"  # what a site needs, which this machine is not

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody can enter, and nobody else can change."""
    folder = Path(tempfile.mkdtemp(prefix="autoenv-hpc-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def colour(home: Home, where: Path, **env: str) -> str:
    """What a command in a folder sees, or its status if it is not started."""
    done = home.attempt("exec", "-C", str(where), "--", *SHOW, env=env)
    assert "Traceback" not in done.stderr
    return done.stdout.strip() or str(done.returncode)


def give_away(*paths: Path) -> None:
    for path in paths:
        os.lchown(path, OTHER, OTHER)


def write(folder: Path, text: str, name: str = ".hpcenv.toml") -> Path:
    """Write a file, an hour old, and make its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    os.utime(file, (1, 1))
    return file


def configure(home: Home, text: str) -> Path:
    return write(home.folder / ".config/autoenv-hpc", text, "config.toml")


@needs_root
@pytest.mark.parametrize(
    ("theirs", "mode", "expected"),
    [
        ((), 0o755, "blue"),
        ((), 0o775, "blue"),
        ((), 0o777, "125"),
        (("course/a/p/.hpcenv.toml",), 0o755, "125"),
        (("course/a/p", "course/a/p/.hpcenv.toml"), 0o755, "125"),
        (("course/a",), 0o755, "125"),
        (("course", "course/a", "course/a/p", "course/a/p/.hpcenv.toml"), 0o755, "blue"),
    ],
)
def test_a_folder_approves_what_its_owner_and_oneself_put_there(
    home: Home, shared: Path, theirs: tuple[str, ...], mode: int, expected: str
) -> None:
    configure(home, f'[trust]\npaths = ["{shared}/course"]\n')
    write(shared / "course/a/p", PLAIN)
    (shared / "course/a").chmod(mode)
    give_away(*(shared / path for path in theirs))
    assert colour(home, shared / "course/a/p") == expected


@needs_root
@pytest.mark.parametrize("where", ["below home", "in a job"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_that_anybody_put_into_a_folder_of_all_is_passed_over(
    home: Home, shared: Path, where: str, kind: str
) -> None:
    mine = home.project(PLAIN, "outer")
    drop = mine / "drop" if where == "below home" else shared
    (drop / "run1").mkdir(parents=True)
    drop.chmod(0o1777)
    env = {"SLURM_JOB_ID": "1", "SLURM_SUBMIT_DIR": str(mine)} if where == "in a job" else {}
    assert colour(home, drop / "run1", **env) == "blue"
    planted = drop / ".hpcenv.toml"
    if kind == "link":
        planted.symlink_to(write(shared / "theirs", '[env]\nCOLOUR = "red"\n'))
    else:
        write(drop, '[env]\nCOLOUR = "red"\n')
    give_away(planted)
    for _ in range(2):
        done = home.command("exec", "-C", str(drop / "run1"), "--", *SHOW, env=env)
        assert done.stdout == "blue\n"
        line = (
            f"autoenv-hpc: {planted} is passed over: another user put it there, as everybody can\n"
        )
        assert done.stderr == line
    here = home.shell("bash", cwd=drop / "run1")
    assert here.greeting.count("is passed over") == 1
    assert here.output("echo $COLOUR") == ("blue\n" if where == "below home" else "\n")
    os.lchown(planted, 0, 0)  # of root's, or one's own, it counts
    if kind == "file":
        assert colour(home, drop / "run1") == ("blue" if where == "below home" else "125")


def test_exec_uses_the_outer_project_of_one_that_is_not_allowed(home: Home) -> None:
    outer = home.project(PLAIN, "p")
    home.project('[env]\nCOLOUR = "red"\n', "p/inner", allow=False)
    done = home.command("exec", "-C", str(outer / "inner"), "--", *SHOW)
    assert done.stdout == "blue\n"
    assert "inner/.hpcenv.toml is new or was edited" in done.stderr


@pytest.mark.parametrize("shell", ["exec", *SHELLS])
def test_a_project_is_the_real_folder_whichever_way_one_comes(home: Home, shell: str) -> None:
    root = home.project('[env]\nBIN = { path = "../tools" }\n', "mine/p")
    link = home.folder / "stranger/p"
    link.parent.mkdir()
    link.symlink_to(root)
    for python in ("", "/bin/false"):  # the second time it is replayed
        if shell == "exec":
            words = ("exec", "-C", str(link), "--", "sh", "-c", "echo $BIN:$AUTOENV_HPC_ROOT")
            found = home.command(
                *words, env={"AUTOENV_HPC_PYTHON": python} if python else {}
            ).stdout
        else:
            here = home.shell(shell)
            if python:
                here.run(
                    f"{'set -gx AUTOENV_HPC_PYTHON ' if shell == 'fish' else 'export AUTOENV_HPC_PYTHON='}{python}"
                )
            here.run(f"cd {link}")
            found = here.output("echo $BIN:$AUTOENV_HPC_ROOT")
            here.run("cd ..")
            assert here.output("echo $BIN") == "\n"
        assert found == f"{home.folder}/mine/tools:{root}\n"
    link.unlink()
    link.symlink_to(home.project('[env]\nBIN = { path = "other" }\n', "other/p"))
    words = ("exec", "-C", str(link), "--", "sh", "-c", "echo $BIN")
    assert home.command(*words).stdout == f"{home.folder}/other/p/other\n"


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o700, "blue"), (0o1777, "blue"), (0o777, "125"), (0o775, "125")]
)
def test_folders_above_the_state_count(home: Home, shared: Path, mode: int, expected: str) -> None:
    configure(home, f'[trust]\npaths = ["{home.folder}/course"]\n')
    write(home.folder / "course/p", PLAIN)
    above = shared / "above"
    above.mkdir()
    above.chmod(mode)
    os.chown(above, -1, OTHER if os.getuid() == 0 else os.getgid())
    if os.getuid() and mode == 0o775:
        pytest.skip("only root can give a folder to another group")
    home.env["XDG_STATE_HOME"] = str(above / "state")
    # What others could have taken away, such as a denial, is missed too.
    assert colour(home, home.folder / "course/p") == expected
    root = home.project(PLAIN, "p", allow=False)
    said = home.attempt("allow", str(root)).stderr
    assert colour(home, root) == expected
    assert ("other users can write to" in said) == (expected == "125")


@needs_root
@pytest.mark.parametrize("damage", ["foreign", "writable", "foreign folder", "writable folder"])
def test_a_config_that_others_could_have_written_is_left_out(home: Home, damage: str) -> None:
    write(home.folder / "course/p", PLAIN)
    file = configure(home, '[trust]\npaths = ["~/course"]\n')
    what = file.parent if "folder" in damage else file
    give_away(what) if "foreign" in damage else what.chmod(0o777)
    done = home.attempt("exec", "-C", str(home.folder / "course/p"), "--", *SHOW)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith(f"autoenv-hpc: {file} is left out: ")


@pytest.mark.parametrize("edit", ["a modulefile", "a new .modulerc", "one that is gone", "a link"])
def test_modulefiles_of_the_project_belong_to_what_is_allowed(home: Home, edit: str) -> None:
    root = home.project(f'{PLAIN}{LATER}module-paths = ["{{arch}}/modules"]\n', "p", allow=False)
    tree = root / "x86_64/modules/tool"
    file = write(tree, "#%Module\nsetenv A 1\n", "1")
    home.command("allow", str(root))
    assert colour(home, root) == "blue"
    if edit == "a modulefile":
        file.write_text("#%Module\nsetenv A 2\n")
    elif edit == "a new .modulerc":
        file = write(tree, "#%Module\nexec touch x\n", ".modulerc")
    elif edit == "a link":
        file = tree / "2"
        file.symlink_to("/etc/passwd")
    else:
        file.unlink()
    done = home.attempt("exec", "-C", str(root), "--fresh", "--", *SHOW)
    said = f"{root}/.hpcenv.toml was allowed with another {file}: read that"
    assert (done.returncode, said in done.stderr) == (125, True), done.stderr
    home.command("allow", str(root))
    assert colour(home, root) == "blue"


@needs_root
@pytest.mark.parametrize("owner", ["me", "other", "group"])
def test_requirements_that_others_may_write_belong_to_what_is_allowed(
    home: Home, owner: str
) -> None:
    root = home.project(
        f'{PLAIN}[envs.x.venv]\nrequirements = ["all.txt"]\nsync = "auto"\n', "p", allow=False
    )
    write(root, "-r more.txt\n", "all.txt")
    more = write(root, "numpy\n", "more.txt")
    if owner == "other":
        give_away(more)
    elif owner == "group":
        os.chown(more, -1, OTHER)
        more.chmod(0o664)
    home.command("allow", str(root))
    assert colour(home, root) == "blue"
    more.write_text("./tool\n")
    done = home.attempt("exec", "-C", str(root), "--fresh", "--", *SHOW)
    if owner == "me":
        assert done.stdout == "blue\n"
    else:
        assert (done.returncode, f"another {more}: read that" in done.stderr) == (125, True)


@pytest.mark.parametrize("damage", ["cut", "empty", "fifo", "folder", "loop", "second name"])
def test_a_record_of_trust_that_is_not_whole_allows_nothing(home: Home, damage: str) -> None:
    root = home.project(f'{PLAIN}{LATER}module-paths = ["modules"]\n', "p")
    (record,) = (home.folder / ".local/state/autoenv-hpc/allow").iterdir()
    data = record.read_bytes()
    if damage == "second name":
        os.link(record, home.folder / "name")
    else:
        record.unlink()
    if damage in ("cut", "empty"):
        record.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    elif damage == "fifo":
        os.mkfifo(record)
    elif damage == "folder":
        record.mkdir()
    elif damage == "loop":
        record.symlink_to(record.name)
    done = home.attempt("exec", "-C", str(root), "--fresh", "--", *SHOW)
    assert (done.returncode, done.stdout) == (125, "")
    assert "is new or was edited" in done.stderr
    status = 1 if damage == "folder" else 0
    home.command("allow", str(root), status=status)
    assert colour(home, root) == ("125" if status else "blue")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('[paths]\nPATH = { prepend = ["bin"] }\n', 2, "paths.PATH"),
        ('[paths]\nPYTHONPATH = { append = ["/x", "$OTHER"] }\n', 2, "paths.PYTHONPATH"),
        ('module-paths = ["m"]\n', 1, "module-paths"),
        ('\n[venv]\npath = "env"\n', 3, "venv.path"),
    ],
)
def test_an_entry_with_a_colon_is_refused(home: Home, text: str, line: int, key: str) -> None:
    root = home.project(text, "p" if "$" in text else "a:b")
    done = home.command("exec", "-C", str(root), "--", "true", status=125, env={"OTHER": "/a:b"})
    assert done.stderr.startswith(f"autoenv-hpc: {root}/.hpcenv.toml:{line}: {key}: /")
    assert "has a colon, which divides search paths" in done.stderr
