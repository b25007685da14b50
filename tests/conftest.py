"""What every test needs: the tools, the trees, a home of its own, and shells with the hook."""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import provision
import pytest
import trees
from sessions import Shell

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = shutil.which("autoenv-hpc", path=os.path.dirname(sys.executable)) or str(
    CHECKOUT / "shell/autoenv-hpc"
)
TOOLS = CHECKOUT / ".cache/tools"
# As aactivator's tests: quotes, operators, spaces, a variable, letters of four scripts.
# Not `$NAME`: pip itself expands that and installs scripts elsewhere.
HOSTILE = """it's "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片"""
USER = pwd.getpwuid(os.getuid()).pw_name
SHELLS = ("bash", "zsh", "fish")
MODULE_TOOLS = ("lmod", "modules")


# What a site puts into the rc files; a bash that can inherits the functions.
_KEEPING_PATHS = "paths=$MODULEPATH; {}; MODULEPATH=$paths; unset paths"
_IF_NEEDED = "declare -F module >/dev/null || {{ {}; }}"
MODULE_INIT = {
    "bash": {
        "lmod": _IF_NEEDED.format('source "$LMOD_PKG/init/bash"'),
        "modules": _IF_NEEDED.format(_KEEPING_PATHS.format('source "$MODULESHOME/init/bash"')),
    },
    "zsh": {
        "lmod": 'source "$LMOD_PKG/init/zsh"',
        "modules": _KEEPING_PATHS.format('source "$MODULESHOME/init/zsh"'),
    },
    "fish": {
        "lmod": 'source "$LMOD_PKG/init/fish"',
        "modules": 'set -l paths $MODULEPATH; source "$MODULESHOME/init/fish"; set -gx MODULEPATH $paths',
    },
}


def pytest_configure(config: pytest.Config) -> None:
    """Fetch the tools before any test; say what cannot be had, and fail for it in CI."""
    known = provision.provision(TOOLS)
    config.stash[_KNOWN] = known
    if known["missing"] and os.environ.get("CI") == "true":
        pytest.exit(f"these cannot be had: {known['missing']}", returncode=3)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which tests are left out."""
    missing = config.stash[_KNOWN]["missing"]
    return [f"left out: all tests with {name}: {why}" for name, why in missing.items()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a tool that cannot be had here."""
    known = config.stash[_KNOWN]
    absent = set(known["missing"]) | (set(MODULE_TOOLS) - known["tools"].keys())
    kept, dropped = [], []
    for item in items:
        fixtures = {"Slurm"} if "slurm" in item.fixturenames else set()
        values = item.callspec.params.values() if hasattr(item, "callspec") else ()
        words = (word for v in values for word in (v if isinstance(v, list) else [v]))
        needs = fixtures | {word for word in words if isinstance(word, str)}
        (dropped if needs & absent else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)


_KNOWN = pytest.StashKey[dict]()


@pytest.fixture(scope="session")
def tool_env(pytestconfig: pytest.Config) -> dict[str, dict[str, str]]:
    """What a login shell exports under each module tool."""
    return pytestconfig.stash[_KNOWN]["tools"]


@pytest.fixture(scope="session")
def forest(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, trees.Trees]:
    """The module trees in the language of each tool; made once, never changed."""
    virtualenv = Path(pytestconfig.stash[_KNOWN]["virtualenv"])
    return trees.make(tmp_path_factory.mktemp("forest"), virtualenv)


@pytest.fixture(scope="session")
def makers(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with virtualenv and uv, and nothing else."""
    folder = tmp_path_factory.mktemp("makers")
    for name in ("virtualenv", "uv"):
        (folder / name).symlink_to(pytestconfig.stash[_KNOWN][name])
    return folder


@pytest.fixture
def quick(request: pytest.FixtureRequest, makers: Path) -> str:
    """For `[venv]`, where a test shows nothing of the backend: uv takes a tenth of the time."""
    if "uv" in request.config.stash[_KNOWN]["missing"]:
        return ""
    home = request.getfixturevalue("cluster" if "cluster" in request.fixturenames else "house")
    home.env["PATH"] = f"{makers}:{home.env['PATH']}"
    return 'backend = "uv"\n'


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course's packages as small wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    course = {"numpy": "1.15.4", "matplotlib": "2.2.2", "spacy": "3.0.6", "seaborn": "0.11.2"}
    return trees.wheels(folder, course)


class House:
    """One user's home on a cluster, with what belongs to it."""

    def __init__(self, folder: Path, env: dict[str, str], rc: dict[str, str] | None = None) -> None:
        self._rc = rc or {}  # what the site puts before the user's lines
        self.home = folder / "home"
        self.home.mkdir()
        self.env = {
            "HOME": str(self.home), "USER": USER, "LOGNAME": USER, "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TERM": "dumb", "LANG": "C.UTF-8", "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "off", "LMOD_PAGER": "none", "MODULES_PAGER": "", **env,
        }  # fmt: skip
        self._shells: list[Shell] = []

    def project(self, text: str, where: str = HOSTILE, *, allow: bool = True) -> Path:
        """A folder below home with a configuration."""
        root = self.home / where
        root.mkdir(parents=True, exist_ok=True)
        (root / ".hpcenv.toml").write_text(text)
        if allow:
            self.command("allow", str(root))
        return root

    def command(
        self, *words: str, status: int = 0, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess:
        """Run the command itself; its exit status is checked."""
        done = self.attempt(*words, cwd=cwd, **more)
        assert done.returncode == status, (
            f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        assert "Traceback" not in done.stderr
        return done

    def attempt(
        self, *words: str, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess:
        """Run the command itself, however it ends."""
        env = self.env | more
        env.pop("PWD", None)
        return subprocess.run(
            [COMMAND, *words], check=False, capture_output=True, text=True, env=env, cwd=cwd or self.home,
            errors="surrogateescape", stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def shell(
        self, name: str, rc: str = "", *, cwd: Path | None = None, after: str = "", **more: str
    ) -> Shell:
        """An interactive shell whose rc file evaluates the hook after `rc`."""
        self.write_rc(name, rc, after)
        env = {**self.env, **more}
        if name == "zsh":
            env["ZDOTDIR"] = str(self.home)
        # An older bash or zsh can be put to the same tests: BASH_UNDER_TEST, ZSH_UNDER_TEST.
        program = os.environ.get(f"{name.upper()}_UNDER_TEST", "")
        shell = Shell(name, self.home, env, cwd or self.home, program)
        self._shells.append(shell)
        return shell

    def write_rc(self, name: str, rc: str, after: str = "") -> None:
        """The rc file of one shell: as a user would write it."""
        command = shlex.quote(COMMAND)
        rc = f"{self._rc.get(name, '')}\n{rc}"
        if name == "bash":
            text = f"PS1='$ '\n{rc}\neval \"$({command} hook bash)\"\n{after}\n"
            (self.home / ".bashrc").write_text(text)
        elif name == "zsh":
            text = f"PS1='%# '\nunsetopt prompt_cr prompt_sp\n{rc}\neval \"$({command} hook zsh)\"\n{after}\n"
            (self.home / ".zshrc").write_text(text)
        else:
            folder = self.home / ".config/fish"
            folder.mkdir(parents=True, exist_ok=True)
            text = f"function fish_prompt; printf '> '; end\nset -g fish_greeting\n{rc}\n{command} hook fish | source\n{after}\n"
            (folder / "config.fish").write_text(text)

    def close(self) -> None:
        """End all shells."""
        for shell in self._shells:
            shell.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A home on a machine without modules."""
    made = House(tmp_path, {})
    yield made
    made.close()


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tool: str,
    tool_env: dict,
    forest: dict[str, trees.Trees],
    wheelhouse: Path,
) -> Iterator[House]:
    """A home on a cluster under the test's module tool, with the test's tree (the flat one, if it names none)."""
    params = getattr(request.node, "callspec", None)
    tree = getattr(forest[tool], params.params.get("tree", "flat") if params else "flat")
    made = House(
        tmp_path,
        {**tool_env[tool], "MODULEPATH": str(tree.folder), "PIP_FIND_LINKS": str(wheelhouse)},
        {name: lines[tool] for name, lines in MODULE_INIT.items()},
    )
    yield made
    made.close()
