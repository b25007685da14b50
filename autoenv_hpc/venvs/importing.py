"""The check that a command inside gets what was asked for: its packages, and their commands.

Nothing is imported, since an import may need what only another node has: Python is asked once where
it would find each package. A package is hidden if that is another place, unless the same version is
there. It is missing if no place has its metadata.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules import bookkeeping
from autoenv_hpc.system import files
from autoenv_hpc.venvs import contents, requirements
from autoenv_hpc.venvs.types import MatchedVenv, VenvRequest

_SHOWN = 3  # packages in one message
_TIMEOUT = 120  # seconds; a cold start from a parallel file system is slow
# The start of an `__init__.py` whose package other folders may extend.
_SHARED = re.compile(rb"extend_path|declare_namespace")
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\]\s*)?(?:[<>=!~@(,]|\Z)"
)
_UNCERTAIN = re.compile(r";|\.(?:whl|zip|tar\.\w+)\Z")  # it may not apply here, or is a file
_INTERPRETER = re.compile(r"#!\s*(\S+)|'''exec' \"?([^\"]+?)\"? \"\$0\"")
# The script also runs in Python 2.7.
_SCRIPT = """\
import json, sys
if sys.path[:1] == ['']:
    del sys.path[0]
try:
    from importlib.util import find_spec
    def place(name):
        spec = find_spec(name)
        if spec is None or spec.origin not in (None, 'namespace'):
            return spec and spec.origin
        return list(spec.submodule_search_locations or ['?'])[0]
except ImportError:
    import imp
    def place(name):
        try:
            return imp.find_module(name)[1]
        except ImportError:
            return None
places = {}
for name in json.loads(sys.argv[1]):
    try:
        places[name] = place(name)
    except Exception:
        places[name] = '?'
print('\\0' + json.dumps([sys.path, places]))
"""


class _Hidden(NamedTuple):
    """Something of the environment that is found elsewhere."""

    source: str  # what brings the other place
    remedy: str
    text: str


class _Python(NamedTuple):
    """What the environment's Python answers."""

    path: list[str]  # where it looks
    places: dict[str, str | None]  # top-level name to file or folder; `?`: it cannot tell


def faults(request: VenvRequest, venv: MatchedVenv, environ: Env, inside: Env) -> list[str]:
    """What a command inside does not get, a line for each kind.

    :param environ: the variables with the modules loaded.
    :param inside: the variables that the command gets.
    """
    if venv.interpreter is None:
        return []
    packages = contents.packages(contents.site_packages(venv.prefix))
    names = {name: contents.top_level(*package[1:]) for name, package in packages.items()}
    python = _ask(venv.prefix, inside, sorted({top for tops in names.values() for top in tops}))
    if isinstance(python, str):
        return [f"{venv.prefix}: its Python does not start with the project's variables: {python}"]
    wanted = _wanted(request)
    hidden = [
        _explained(f"{name} {packages[name].version} by {by}", place, request, environ, inside)
        for name, tops in names.items()
        if name in wanted or name not in contents.SEEDS
        for place, by in _hiding(name, packages[name], tops, python.places, venv)
    ]
    hidden += [
        _Hidden("PATH", "change [paths]", f"the command {command} by {other}")
        for name in wanted & packages.keys()
        for command in contents.commands(*packages[name][1:])
        if (other := shutil.which(command, path=inside.get("PATH", "")))
        and os.path.realpath(other) != os.path.realpath(f"{venv.prefix}/bin/{command}")
        and _is_runnable(f"{venv.prefix}/bin/{command}")
    ]
    broken = [
        command
        for name in sorted(wanted & packages.keys())
        for command in contents.commands(*packages[name][1:])
        if not _is_runnable(f"{venv.prefix}/bin/{command}")
    ]
    is_conda = os.path.isdir(f"{venv.prefix}/conda-meta")  # conda has its own names
    missing = [] if is_conda else sorted(wanted - contents.packages(python.path).keys())
    return [
        *_messages(hidden, venv.prefix),
        *_listed(missing, f"{venv.prefix} lacks what was asked for", "see the log of its build"),
        *_listed(broken, f"{venv.prefix}: these commands cannot run", "autoenv-hpc rebuild"),
    ]


def _ask(prefix: str, env: Env, names: list[str]) -> _Python | str:
    """Ask the environment's Python; if it does not start, return its last line."""
    words = [os.path.join(prefix, "bin/python"), "-c", _SCRIPT, json.dumps(names)]
    try:
        done = subprocess.run(
            words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="surrogateescape", check=False, timeout=_TIMEOUT, cwd="/",
        )  # fmt: skip
        if done.returncode == 0:
            return _Python(*json.loads(done.stdout.rpartition("\0")[2]))
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]


def _hiding(
    name: str,
    package: contents.Package,
    tops: Iterable[str],
    places: Mapping[str, str | None],
    venv: MatchedVenv,
) -> Iterator[tuple[str, str]]:
    """The place that hides a package, with what is there: a version, or only a file."""
    assert venv.interpreter
    folder = os.path.realpath(package.folder)
    library = os.path.realpath(
        f"{venv.interpreter.base_prefix}/lib/python{venv.interpreter.version}"
    )
    for top in tops:
        place = places.get(top)
        if place is None or not place.startswith("/"):  # built in, or it cannot be told
            continue
        real = os.path.realpath(place)
        is_standard = real.startswith(f"{library}/") and "-packages/" not in real
        if real.startswith(f"{folder}/") or is_standard or _is_shared(place):
            continue
        around = os.path.dirname(place)
        around = (
            os.path.dirname(around) if os.path.basename(place).startswith("__init__.") else around
        )
        other = contents.distributions([around]).get(name)
        if other != package.version:
            yield place, f"{other} in {place}" if other else place
            return


def _is_shared(place: str) -> bool:
    try:
        return place.endswith("/__init__.py") and bool(_SHARED.search(files.read_head(place, 4000)))
    except OSError:
        return False


def _explained(text: str, place: str, request: VenvRequest, environ: Env, inside: Env) -> _Hidden:
    """What is hidden, by whom, and what to do about it."""
    if place.startswith(f"{request.folders.home}/.local/"):
        return _Hidden("~/.local", 'set PYTHONNOUSERSITE = "1" in [env]', text)
    entry = _entry(place, inside)
    if entry is None:
        return _Hidden("another folder", "see `python -m site` inside", text)
    if entry not in environ.get("PYTHONPATH", "").split(":"):
        return _Hidden("PYTHONPATH", "change [paths] or [env]", text)
    module = _module(entry, environ)
    remedy = 'set policy = "venv-first" in [python-path]'
    if request.owner.python_path != "keep":
        remedy = "change [paths] or [python-path]"
    return _Hidden(f"PYTHONPATH of {module}" if module else "PYTHONPATH", remedy, text)


def _entry(place: str, env: Env) -> str | None:
    """The entry of PYTHONPATH below which a place is."""
    entries = [entry for entry in env.get("PYTHONPATH", "").split(":") if entry]
    return next((e for e in entries if place.startswith(e.rstrip("/") + "/")), None)


def _module(folder: str, environ: Env) -> str | None:
    """The loaded module whose file alone names a folder, or the nearest folder above it."""
    texts = {}
    loaded, modulefiles = bookkeeping.loaded(environ), environ.get("_LMFILES_", "").split(":")
    for name, file in zip(loaded, modulefiles, strict=False):
        try:
            texts[name] = os.fsdecode(files.read(file))
        except OSError:
            continue
    while folder.count("/") > 1:
        naming = [name for name, text in texts.items() if folder in text]
        if naming:
            return naming[0] if len(naming) == 1 else None
        folder = os.path.dirname(folder)
    return None


def _wanted(request: VenvRequest) -> set[str]:
    """The normalised names of what is requested, as far as they can be read for certain."""
    lines = [*request.requested.packages, *requirements.lines(request.requested.requirements)]
    matches = [_REQUIREMENT.match(line) for line in lines if not _UNCERTAIN.search(line)]
    return {contents.normalised(match["name"]) for match in matches if match}


def _is_runnable(program: str) -> bool:
    """Whether a script is there, with the interpreter that it names."""
    try:
        head = os.fsdecode(files.read_head(program, 4000))
    except OSError:
        return False
    named = [one or other for one, other in _INTERPRETER.findall(head)]
    return os.access(program, os.X_OK) and all(map(os.path.exists, named))


def _messages(hidden: list[_Hidden], prefix: str) -> Iterator[str]:
    for source, remedy in dict.fromkeys((one.source, one.remedy) for one in hidden):
        texts = [one.text for one in hidden if one[:2] == (source, remedy)]
        yield from _listed(texts, f"{source} hides packages of {prefix}", remedy)


def _listed(texts: list[str], what: str, remedy: str) -> Iterator[str]:
    """One line with the first few texts; none without any."""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    if texts:
        yield f"{what}: {', '.join(texts[:_SHOWN])}{more} ({remedy})"
