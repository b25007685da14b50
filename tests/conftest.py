"""The fixtures of all tests: tools, module trees, and a home for each test."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import provision
import pytest
import trees
from homes import CHECKOUT, MODULE_INIT, MODULE_TOOLS, USER, Home, machine_modules
from hypothesis import settings
from slurm import Slurm

TOOLS = CHECKOUT / ".cache/tools"
UNIT = CHECKOUT / "tests/unit"

# The time of an example depends on the machine more than on the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Provision the tools before any test. In CI, a missing tool ends the run."""
    # What a script starts in the background ignores Ctrl-C, and so would all that the tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if all(map(_is_unit, config.args)):
        config.stash[_KNOWN] = provision.Provisioned({}, {}, "", "")
        return
    known = provision.provision(TOOLS)
    config.stash[_KNOWN] = known
    if known.missing and os.environ.get("CI") == "true":
        pytest.exit(f"these tools are not available: {known.missing}", returncode=3)


def _is_unit(argument: str) -> bool:
    """Whether an argument names tests that only need Python."""
    return Path(argument.partition("::")[0]).resolve().is_relative_to(UNIT)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Report which tests are left out."""
    missing = config.stash[_KNOWN].missing
    return [f"left out: all tests with {name}: {why}" for name, why in missing.items()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a missing tool."""
    known = config.stash[_KNOWN]
    absent = set(known.missing) | (set(MODULE_TOOLS) - known.tools.keys())
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        (dropped if _needs(item) & absent else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)


def _needs(item: pytest.Item) -> set[str]:
    """The tools that a test needs, which its parameters name."""
    if item.path.is_relative_to(UNIT) or not isinstance(item, pytest.Function):
        return set()
    fixtures = {"Slurm"} if "slurm" in item.fixturenames else set()
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    words = (word for v in values for word in (v if isinstance(v, list) else [v]))
    return fixtures | {word for word in words if isinstance(word, str)}


_KNOWN = pytest.StashKey[provision.Provisioned]()


@pytest.fixture(scope="session")
def tool_env(pytestconfig: pytest.Config) -> dict[str, dict[str, str]]:
    """What a login shell exports under each module tool."""
    return pytestconfig.stash[_KNOWN].tools


@pytest.fixture(scope="session")
def module_trees(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, trees.Trees]:
    """The module trees in the language of each tool, which no test changes."""
    virtualenv = Path(pytestconfig.stash[_KNOWN].virtualenv)
    return trees.make(tmp_path_factory.mktemp("module_trees"), virtualenv)


@pytest.fixture(scope="session")
def venv_tools(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with virtualenv and uv, and nothing else."""
    folder = tmp_path_factory.mktemp("venv_tools")
    for name in ("virtualenv", "uv"):
        (folder / name).symlink_to(getattr(pytestconfig.stash[_KNOWN], name))
    return folder


@pytest.fixture
def uv_backend(request: pytest.FixtureRequest, venv_tools: Path) -> str:
    """The line for `[venv]` if any backend will do: uv needs a tenth of the time."""
    if "uv" in request.config.stash[_KNOWN].missing:
        return ""
    home = request.getfixturevalue("cluster" if "cluster" in request.fixturenames else "home")
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    return 'backend = "uv"\n'


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course's packages as small wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    course = {"numpy": "1.15.4", "matplotlib": "2.2.2", "spacy": "3.0.6", "seaborn": "0.11.2"}
    return trees.wheels(folder, course)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """One Slurm for all jobs of a file."""
    made = Slurm(tmp_path_factory.mktemp("slurm"), USER, machine_modules())
    yield made
    made.stop()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home on a machine without modules."""
    made = Home(tmp_path, {})
    yield made
    made.close()


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tool: str,
    tool_env: dict[str, dict[str, str]],
    module_trees: dict[str, trees.Trees],
    wheelhouse: Path,
) -> Iterator[Home]:
    """A home on a cluster with the test's module tool and tree; the default tree is the flat one."""
    params = getattr(request.node, "callspec", None)
    tree = getattr(module_trees[tool], params.params.get("tree", "flat") if params else "flat")
    made = Home(
        tmp_path,
        {**tool_env[tool], "MODULEPATH": str(tree.folder), "PIP_FIND_LINKS": str(wheelhouse)},
        {name: lines[tool] for name, lines in MODULE_INIT.items()},
    )
    yield made
    made.close()
