"""Each mistake that a newcomer makes gets a message with what is wrong, where, and what to do."""

import re
import stat
import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

import pytest

from autoenv_hpc import cli
from autoenv_hpc.errors import Problem
from autoenv_hpc.report import Report
from autoenv_hpc.system import files
from autoenv_hpc.venvs import installers

# What to do: in brackets, in backticks, a similar word, or what is expected instead.
_NEXT = re.compile(
    r"\([^()]+.*\)|`[^`]+`|did you mean|: run autoenv-hpc|: load a module|expected .+ or "
)
EXEC = ("exec", "--allow", "--", "true")

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process; returns its messages."""
    monkeypatch.setattr(sys, "argv", ["/opt/bin/autoenv-hpc"])
    for name in ("MODULEPATH", "LMOD_CMD", "MODULES_CMD"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, folder: Path = tmp_path, env: Mapping[str, str] = {}) -> str:
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", **env}
        shown = StringIO()
        report = Report(environ, shown)
        monkeypatch.chdir(folder)
        try:
            cli.run(words, environ, report)
        except Problem as problem:
            report.problem(problem)
        return shown.getvalue()

    return run


def assert_complete(message: str, what: str, where: str) -> None:
    """Check the parts of a message, each line of which is one fault."""
    lines = [line for line in message.splitlines() if not line.startswith("    ")]
    assert lines
    text = lines[-1]
    assert what in message, f"what is wrong: {what}"
    assert where in message, f"where: {where}"
    assert _NEXT.search(text), f"what to do: {text}"
    assert text.startswith("autoenv-hpc: ")


# The file, what the message names as wrong, and the line.
FILES: dict[str, tuple[str | bytes, str, int]] = {
    "a key in the singular": ('module = ["a"]\n', "module: unknown", 1),
    "letters in another order": ('modulse = ["a"]\n', "modulse", 1),
    "a string instead of a list": ('modules = "python/3.9.5"\n', "modules", 1),
    "two modules in one string": ('modules = ["GCC/10.3.0 OpenMPI/4.1.1"]\n', "GCC/10.3.0 OpenMPI", 1),
    "no comma": ('modules = ["a" "b"]\n', "comma", 1),
    "no quote": ('modules = ["a, "b"]\n', "quote", 1),
    "no bracket": ('modules = ["a"\n[venv]\n', "]", 2),
    "YAML": ("modules: [a]\n", "YAML", 1),
    "a line of a shell": ("module load a\n", "shell", 1),
    "curly quotes": ("modules = [“a”]\n", "quotes", 1),
    "a byte order mark": (b'\xef\xbb\xbfmodules = ["a"]\n', "byte order mark", 1),
    "Latin-1": ('# å\nname = "å"\n'.encode("latin-1"), "UTF-8", 1),
    "a key in the wrong table": ('[venv]\nmodules = ["a"]\n', "venv.modules", 2),
    "a table twice": ('[venv]\npath = "a"\n[venv]\n', "[venv]", 3),
    "a value instead of a table": ('venv = ".venv"\n', "venv", 1),
    "an underscore": ("[venv]\nsystem_site_packages = true\n", "system_site_packages", 2),
    "an unknown backend": ('[venv]\nbackend = "poetry"\n', "poetry", 2),
    "a number instead of a version": ("[venv]\npython = 3.9\n", "venv.python", 2),
    "several faults at once": ('module = ["a"]\n[venv]\npython = 3\n', "module", 1),
    "a number in [env]": ("[env]\nOMP_NUM_THREADS = 8\n", "OMP_NUM_THREADS", 2),
    "true in [env]": ("[env]\nA = true\n", "env.A", 2),
    "a string in [paths]": ('[paths]\nPATH = "bin"\n', "paths.PATH", 2),
    "PATH in [env]": ('[env]\nPATH = "$HOME/bin:$PATH"\n', "env.PATH", 2),
    "two packages in one string": ('[venv]\npackages = ["numpy scipy"]\n', "numpy scipy", 2),
    "two options in one string": ('[venv]\npip-args = ["--pre --no-deps"]\n', "--pre --no-deps", 2),
    "an editable package": ('[venv]\npackages = ["-e ."]\n', "-e .", 2),
    "an option among packages": ('[venv]\npackages = ["--pre"]\n', "--pre", 2),
    "a variable that is not set": ('[venv]\npath = "$NOT_SET/x"\n', "$NOT_SET", 2),
    "an unknown field": ('[venv]\npath = "{projet}/x"\n', "{projet}", 2),
    "trust in a project": ('[trust]\npaths = ["/x"]\n', "trust", 1),
    "an unknown default": ('default-env = "x"\n', "envs.x", 1),
    "a folder of modules that is gone": ('module-paths = ["/no/m"]\nmodules = ["a"]\n', "/no/m", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_mistake_in_the_file(name: str, run: Run, tmp_path: Path) -> None:
    text, what, line = FILES[name]
    file = tmp_path / "p/.hpcenv.toml"
    file.parent.mkdir()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert_complete(run(*EXEC, folder=file.parent), what, f"{file}:{line}: ")


def test_a_file_with_the_line_ends_of_windows_is_fine(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").write_bytes(b'[env]\r\nA = "1"\r\n')
    assert "autoenv-hpc: {" not in run("export", "--allow", "--format", "json")


def test_a_variable_in_a_plain_text_is_pointed_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").write_text('[env]\nDATA = "$HOME/data"\n')
    line = next(line for line in run("allow").splitlines() if "$HOME/data" in line)
    assert_complete(line, "$HOME/data", "DATA")


# The file, the command, what is wrong and where; `{root}` is the project's folder.
COMMANDS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "another Python": ('[venv]\npython = "3.99"\n', EXEC, "3.99", "[venv]"),
    "no requirements.txt": ('[venv]\nrequirements = ["r.txt"]\n', EXEC, "no such file", "{root}/r.txt"),
    "environment.yml for pip": ('[venv]\nrequirements = ["environment.yml"]\n', EXEC, "pip", "{root}/environment.yml"),
    "pyproject.toml for pip": ('[venv]\nrequirements = ["pyproject.toml"]\n', EXEC, "pip", "{root}/pyproject.toml"),
    "no build allowed": ('[venv]\ncreate = "never"\n', EXEC, "does not exist", "{root}/.venv"),
    "no existing environment": ('[venv]\nbackend = "existing"\n', EXEC, "no environment", "{root}/.venv"),
    "a folder that cannot be made": ('[venv]\npath = "/proc/x/env"\n', EXEC, "No such file", "/proc/x/env"),
    "a folder of data": ('[venv]\npath = "data"\n', EXEC, "not an environment", "{root}/data"),
    "the home folder": ('[venv]\npath = "~"\n', EXEC, "not an environment", "{home}"),
    "no uv": ('[venv]\nbackend = "uv"\n', EXEC, "not found", "uv"),
    "no conda": ('[venv]\nbackend = "conda"\n', EXEC, "no conda", "conda"),
    "not allowed": ("", ("exec", "--", "true"), "new or was edited", "{root}/.hpcenv.toml"),
    "options after --": ("", ("exec", "--allow", "--", "--site", "x"), "--site", "exec"),
    "a quoted command": ("", ("exec", "--allow", "--", "python -V"), "python -V", "PATH"),
    "a function of the shell": ("", ("exec", "--allow", "--", "module", "list"), "module", "PATH"),
    "a builtin of the shell": ("", ("exec", "--allow", "--", "cd", "x"), "cd", "PATH"),
    "a program with a typo": ("", ("exec", "--allow", "--", "ehco"), "ehco", "PATH"),
    "a program that is nowhere": ("", ("exec", "--allow", "--", "qqqqqqqq"), "qqqqqqqq", "PATH"),
    "a script in another folder": ("", ("exec", "--allow", "--", "./job.py"), "job.py", "{root}"),
    "an unknown environment": ("", ("exec", "--allow", "--env", "foo", "--", "true"), "envs.foo", "{root}/.hpcenv.toml"),
    "one of several environments": ("[envs.py2]\n", ("exec", "--allow", "--env", "foo", "--", "true"), "foo", "{root}/.hpcenv.toml"),
    "an unknown site": ("", ("exec", "--allow", "--site", "foo", "--", "true"), "foo", "--site"),
    "a project for other sites": ('only-sites = ["uppmax"]\n', EXEC, "uppmax", "only-sites"),
    "a command with a typo": ("", ("lst",), "lst", "command"),
    "a command of another tool": ("", ("deactivate",), "deactivate", "command"),
    "no such command": ("", ("zzz",), "zzz", "command"),
    "an option before the command": ("", ("-C", "x", "exec"), "-C", "option"),
    "an option with a typo": ("", ("status", "--jsn"), "--jsn", "status"),
    "a shell without a hook": ("", ("hook", "tcsh"), "tcsh", "shell"),
    "no hook in this shell": ("", ("on",), "no hook", "on"),
    "no such folder": ("", ("allow", "nowhere"), "no such file or folder", "{root}/nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_mistake_at_a_command(name: str, run: Run, tmp_path: Path) -> None:
    text, words, what, where = COMMANDS[name]
    root = tmp_path / "p"
    (root / "data").mkdir(parents=True)
    (root / "data/mine").touch()
    for file in ("environment.yml", "pyproject.toml"):
        (root / file).touch()
    (root / ".hpcenv.toml").write_text(text)
    env = {"PATH": "/usr/bin:/bin"} if name != "no conda" else {"PATH": str(root)}
    message = run(*words, folder=root, env=env)
    assert_complete(message, what, where.format(root=root, home=tmp_path))


def test_a_build_in_a_job(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").write_text("[venv]\nin-job = false\n")
    message = run(*EXEC, env={"SLURM_JOB_ID": "7"})
    assert_complete(message, "job 7", f"{tmp_path}/.venv")


@pytest.mark.parametrize("name", ["hpcenv.toml", ".hpcenv.yml"])
def test_a_file_with_another_name(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    for words in (("exec", "--", "true"), ("allow", name)):
        assert_complete(run(*words), ".hpcenv.toml", f"{tmp_path}/{name}")


def test_a_link_that_leads_nowhere(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").symlink_to("gone")
    assert_complete(run("exec", "--", "true"), "gone", f"{tmp_path}/.hpcenv.toml")


def test_a_job_in_another_folder(run: Run, tmp_path: Path) -> None:
    assert "-C DIR" in run("exec", "--", "true", env={"SLURM_JOB_ID": "7"})


def test_no_project_at_all(run: Run, tmp_path: Path) -> None:
    assert_complete(run("exec", "--", "true"), "no .hpcenv.toml", str(tmp_path))


def test_a_site_that_nobody_knows(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").touch()
    message = run(*EXEC, env={"AUTOENV_HPC_SITE": "nonsuch"})
    assert_complete(message, "nonsuch", "AUTOENV_HPC_SITE")


def test_a_file_that_others_can_write(run: Run, tmp_path: Path) -> None:
    file = tmp_path / ".hpcenv.toml"
    file.touch()
    file.chmod(0o666)
    assert_complete(run("allow"), "write", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o666


def test_a_file_that_cannot_be_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = files.read

    def refuse(path: str) -> bytes:
        if path == f"{tmp_path}/.hpcenv.toml":
            raise PermissionError(13, "Permission denied", path)
        return read(path)

    (tmp_path / ".hpcenv.toml").touch()
    monkeypatch.setattr("autoenv_hpc.system.files.read", refuse)  # root can read every file
    assert_complete(run("allow"), "Permission denied", f"{tmp_path}/.hpcenv.toml")


def test_a_folder_for_trust_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".hpcenv.toml").touch()
    message = run("allow", env={"AUTOENV_HPC_STATE_DIR": "/proc/none"})
    assert_complete(message, "cannot be written", "/proc/none")


# What an installer prints at its end, with the name that the user wrote.
OUTPUT = {
    "no such package": (["ERROR: Could not find a version that satisfies the requirement numpi (from versions: none)", "ERROR: No matching distribution found for numpi"], "numpi"),
    "no such version": (["ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0, 1.1)", "ERROR: No matching distribution found for six==99"], "six==99"),
    "one equals sign": (["ERROR: Invalid requirement: 'six=1.0': Expected end or semicolon"], "six=1.0"),
    "no network": (["ERROR: Max retries exceeded with url: /simple/six/ (NewConnectionError: Connection refused)"], "six"),
    "a full disk": (["OSError: [Errno 28] No space left on device: '/p/.venv/lib'"], "/p/.venv/lib"),
    "a folder of root": (["PermissionError: [Errno 13] Permission denied: '/p/.venv'"], "/p/.venv"),
    "uv without the package": (["x No solution found when resolving dependencies:", "Because numpi was not found in the package registry"], "numpi"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUT)
def test_what_an_installer_says_gets_a_remedy(name: str) -> None:
    lines, what = OUTPUT[name]
    message = installers.explanation(lines, 1)
    assert what in message
    assert re.search(r"\([^()]+\)$", message)


def test_the_compilers_own_line_is_not_cut_off() -> None:
    lines = [f"gcc {'-O2 ' * 100}-c x.c", "x.c:1:10: fatal error: mpi.h: No such file or directory"]
    message = installers.explanation([installers.explanation([*lines, "error: exit 1"], 1)], 1)
    assert lines[1] in message
