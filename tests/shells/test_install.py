"""What is installed works: the wheel with its source gone, through links, from odd places."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from homes import CHECKOUT, COMMAND, Home

from autoenv_hpc.project.choices import Backend

PLAIN = '[env]\nCOLOUR = "blue"\n'


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command out of the built wheel, in an environment with a space in its path."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(
        CHECKOUT, source, ignore=shutil.ignore_patterns(".cache", ".git", "__pycache__")
    )
    python = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*python, "wheel", "-q", "--no-deps", "-w", folder, source], check=True)
    shutil.rmtree(source)
    prefix = folder / "an environment"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", prefix], check=True)
    wheel = next(folder.glob("*.whl"))
    subprocess.run(
        [prefix / "bin/python", "-m", "pip", "install", "-q", "--no-deps", wheel], check=True
    )
    return prefix / "bin/autoenv-hpc"


def test_the_wheel_with_its_source_gone(home: Home, installed: Path, tmp_path: Path) -> None:
    root = home.project(PLAIN, "p", allow=False)
    link = tmp_path / "bin/autoenv-hpc"
    link.parent.mkdir()
    link.symlink_to(os.path.relpath(installed, link.parent))
    for command in (installed, link):
        for words in (
            ["allow", root],
            ["exec", "-C", root, "--", "/bin/sh", "-c", "echo $COLOUR"],
            ["--version"],
        ):
            done = subprocess.run(
                [command, *words],
                env=home.env,
                capture_output=True,
                text=True,
                check=True,
                cwd=home.folder,
            )
        assert done.stdout.startswith("autoenv-hpc ")
    hook = subprocess.run(
        [link, "hook", "bash"], env=home.env, capture_output=True, text=True, check=True
    ).stdout
    assert "site-packages/autoenv_hpc/shell/hook.bash" in hook
    line = f"eval \"$('{link}' hook bash)\"; cd '{root}'; __autoenv_hpc_prompt; echo $COLOUR; cd /; __autoenv_hpc_prompt; echo ${{COLOUR-gone}}"
    out = subprocess.run(
        ["bash", "--norc", "-c", line], env=home.env, capture_output=True, text=True, check=True
    ).stdout
    assert out == "blue\ngone\n"


def test_the_wheel_brings_man_pages_and_completions(installed: Path) -> None:
    share = installed.parents[1] / "share"
    assert ".SH EXAMPLES" in (share / "man/man1/autoenv-hpc-exec.1").read_text()
    assert (share / "man/man5/hpcenv.toml.5").exists()
    for place in (
        "bash-completion/completions/autoenv-hpc",
        "zsh/site-functions/_autoenv-hpc",
        "fish/vendor_completions.d/autoenv-hpc.fish",
    ):
        assert "prepare" in (share / place).read_text()


def test_the_wheel_brings_the_schema_that_init_names(home: Home, installed: Path) -> None:
    subprocess.run([installed, "init"], env=home.env, check=True, cwd=home.folder)
    share = installed.resolve().parents[1] / "share/autoenv-hpc/hpcenv.schema.json"
    line = (home.folder / ".hpcenv.toml").read_text().splitlines()[0]
    assert line == f"#:schema {share.as_uri()}"
    assert share.exists()


def test_the_checkouts_own_script_runs(home: Home) -> None:
    done = subprocess.run(
        [CHECKOUT / "shell/autoenv-hpc", "hook", "zsh"],
        env=home.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{CHECKOUT}/shell/hook.zsh" in done.stdout


# What a miss may import besides the compiler, once it has parsed the configuration before.
HOT_PATH = {
    "__future__", "binascii", "collections", "contextlib", "copyreg", "enum", "errno", "fnmatch", "functools",
    "itertools", "json", "keyword", "math", "operator", "re", "reprlib", "string", "types", "typing", "warnings", "zlib",
}  # fmt: skip


def test_the_hot_path_imports_little_and_nothing_of_others(home: Home) -> None:
    root = home.project(PLAIN, "p")
    code = (
        "import sys; before = set(sys.modules)\n"
        "from autoenv_hpc.report import Report\nfrom autoenv_hpc.commands import answer\nimport os\n"
        f"text = answer.answer(['2', 'bash', 'look', {str(root)!r}, '', 'fine'], dict(os.environ), Report(dict(os.environ)))\n"
        "assert 'COLOUR' in text\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))\n"
    )
    words = [sys.executable, "-I", "-c", code]
    for known in (set(), HOT_PATH):
        out = subprocess.run(words, env=home.env, capture_output=True, text=True, check=True)
        names = {name for name in out.stdout.split() if not name.startswith("_")}
        assert names - {"autoenv_hpc"} <= (known or sys.stdlib_module_names)
    assert "tomllib" not in names


@pytest.mark.parametrize("backend", get_args(Backend))
def test_to_match_an_environment_imports_no_more_than_its_check(backend: str) -> None:
    """What builds one takes as long to import as the rest of a miss."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from autoenv_hpc.activations import compiling\n"
        "from autoenv_hpc.venvs import ensure, backends\nimport autoenv_hpc.modules.observations\n"
        f"backends.backend({backend!r})\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))\n"
    )
    words = [sys.executable, "-I", "-c", code]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    names = {name for name in out.split() if not name.startswith("_")}
    assert names - {"autoenv_hpc"} <= HOT_PATH | {"errno", "glob", "shlex", "signal"}


def test_what_is_installed_is_compiled(installed: Path) -> None:
    """Where nobody may write, Python would compile everything at each start."""
    package = next(installed.parent.parent.glob("lib/python3*/site-packages/autoenv_hpc"))
    sources = sorted(package.rglob("*.py"))
    assert len(sources) > 40
    for source in sources:
        assert os.path.exists(importlib.util.cache_from_source(str(source))), source


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_site_keeps_the_text_of_the_hook_and_a_login_costs_no_python(
    home: Home, installed: Path, shell: str, tmp_path: Path
) -> None:
    """The administrator stores it once; each user's shell sources the file."""
    words = [str(installed), "hook", shell]
    admin = {"HOME": "/root", "PATH": "/usr/bin:/bin"}
    text = subprocess.run(words, env=admin, capture_output=True, text=True, check=True).stdout
    assert "/root" not in text
    file = tmp_path / f"autoenv-hpc.{shell}"
    file.write_text(text)
    folder = home.folder.parent
    (folder / ".hpcenv.toml").write_text('[env]\nABOVE_HOME = "1"\n')  # nobody looks there
    root = home.project(PLAIN, "p")
    tick = {
        "bash": "__autoenv_hpc_prompt",
        "zsh": "__autoenv_hpc_precmd",
        "fish": "__autoenv_hpc_prompt",
    }[shell]
    lines = [f"source '{file}'", tick, "echo login", f"cd '{root}'", tick, "echo $COLOUR"]
    log = tmp_path / "calls"
    trace = ["strace", "-f", "-qq", "-e", "trace=%file", "-o", str(log)]
    plain = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["-N"]}[shell]
    done = subprocess.run(
        [*trace, shell, *plain, "-c", "\n".join(lines)],
        env=home.env, capture_output=True, text=True, check=True, cwd=home.folder,
    )  # fmt: skip
    assert done.stdout == "login\nblue\n"
    assert done.stderr == "autoenv-hpc: p: entered\n"
    calls = log.read_text()
    assert f"{folder}/.hpcenv.toml" not in calls
    until_login = calls.partition('"p"')[0].partition(f"{root}")[0]
    assert len(re.findall(r"execve\(", until_login)) == 1, until_login


def test_demo(home: Home, tool_env: dict[str, dict[str, str]]) -> None:

    for env in (*tool_env.values(), {}):
        done = subprocess.run(
            [COMMAND, "demo"],
            env=home.env | env,
            capture_output=True,
            text=True,
            check=False,
            cwd=home.folder,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nothing was left behind" in done.stdout
        assert ("Currently Loaded" in done.stdout) == bool(env)
        assert "in a job: " in done.stdout
