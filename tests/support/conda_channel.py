"""Makes a small conda channel in a folder, so that no test needs a network.

    python      this platform   a real interpreter in a prefix of its own
    pip         noarch          the one that Python includes
    numpy       noarch: python  1.20.3 and 1.26.4
    spacy       noarch: python  3.0.6, needs numpy
    geodata     this platform   activate.d, deactivate.d and env_vars.d; no dependencies

Formats: conda-build's manual, "Conda package specification" (`info/index.json`, `info/paths.json`,
`info/link.json`); "Channels and generating an index" (`SUBDIR/repodata.json`).
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
import zipfile
from pathlib import Path

SUBDIR = {"x86_64": "linux-64"}.get(platform.machine(), f"linux-{platform.machine()}")
_LEFT_OUT = {
    "site-packages", "dist-packages", "test", "tests", "tkinter", "idlelib", "lib2to3", "EXTERNALLY-MANAGED",
}  # fmt: skip
Contents = dict[str, bytes | Path]  # bytes: the content of a file; a path: the target of a link

# As in real packages, one script saves the former value and the other restores it.
_ACTIVATE = """\
if [ -n "${GEODATA_DIR+x}" ]; then
    export _CONDA_SET_ASIDE_GEODATA_DIR="$GEODATA_DIR"
fi
export GEODATA_DIR="$CONDA_PREFIX/share/geo data"
export GEODATA_PATH="$CONDA_PREFIX/share/geodata${GEODATA_PATH:+:$GEODATA_PATH}"
export GEODATA_CACHE="${SCRATCH:-/tmp}/geodata"
unset GEODATA_OFF
"""
_DEACTIVATE = """\
unset GEODATA_DIR GEODATA_CACHE
if [ -n "${_CONDA_SET_ASIDE_GEODATA_DIR+x}" ]; then
    export GEODATA_DIR="$_CONDA_SET_ASIDE_GEODATA_DIR"
    unset _CONDA_SET_ASIDE_GEODATA_DIR
fi
GEODATA_PATH=":$GEODATA_PATH:"
GEODATA_PATH="${GEODATA_PATH//":$CONDA_PREFIX/share/geodata:"/:}"
GEODATA_PATH="${GEODATA_PATH#:}"
GEODATA_PATH="${GEODATA_PATH%:}"
if [ -z "$GEODATA_PATH" ]; then
    unset GEODATA_PATH
fi
"""


class Channel:
    """A folder of packages with its index; `url` is the value for conda's `--channel`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = folder.as_uri()
        self._index: dict[str, dict[str, dict[str, object]]] = {"noarch": {}, SUBDIR: {}}
        self._write_index()

    def add(
        self, name: str, version: str, contents: Contents, *, needs: tuple[str, ...] = (), noarch: str = ""
    ) -> None:  # fmt: skip
        """Add one package; `noarch` is "generic", "python", or empty for this platform."""
        subdir = "noarch" if noarch else SUBDIR
        record = {
            "name": name, "version": version, "build": "0", "build_number": 0, "depends": list(needs),
            "subdir": subdir, "license": "MIT", "timestamp": 1_700_000_000_000,
        } | ({"noarch": noarch} if noarch else {})  # fmt: skip
        info = {
            "info/index.json": record,
            "info/about.json": {},
            "info/paths.json": _paths(contents),
        }
        if noarch == "python":
            info["info/link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
        text = {place: json.dumps(value).encode() for place, value in info.items()}
        text["info/files"] = "".join(f"{place}\n" for place in contents).encode()
        path = self.folder / subdir / f"{name}-{version}-0.tar.bz2"
        with tarfile.open(path, "w:bz2", compresslevel=1) as archive:
            for place, what in (text | contents).items():
                _put(archive, place, what)
        data = path.read_bytes()
        self._index[subdir][path.name] = record | {
            "md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
        }  # fmt: skip
        self._write_index()

    def _write_index(self) -> None:
        for subdir, packages in self._index.items():
            place = self.folder / subdir / "repodata.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            repodata = {
                "info": {"subdir": subdir}, "packages": packages, "packages.conda": {}, "removed": [], "repodata_version": 1,
            }  # fmt: skip
            place.write_text(json.dumps(repodata, indent=1))


def make(folder: Path, python: Path) -> Channel:
    """Add all packages; the package `python` contains this interpreter, 3.7 or later."""
    channel = Channel(folder)
    version, standard_library = _ask(python)
    places = (standard_library / "ensurepip/_bundled", Path("/usr/share/python-wheels"))  # Debian's
    pip = next((wheel for place in places for wheel in place.glob("pip-*.whl")), None)
    needs: tuple[str, ...] = (
        ("pip",) if pip else ()
    )  # conda adds the same: add_pip_as_python_dependency
    channel.add("python", version, _interpreter(python, version, standard_library), needs=needs)
    if pip:
        channel.add("pip", pip.name.split("-")[1], _wheel(pip), needs=("python",), noarch="python")
    for number in ("1.20.3", "1.26.4"):
        channel.add("numpy", number, _library("numpy", number), needs=("python",), noarch="python")
    needs = ("python", "numpy >=1.15")
    channel.add("spacy", "3.0.6", _library("spacy", "3.0.6"), needs=needs, noarch="python")
    channel.add("geodata", "1.0", {
        "etc/conda/activate.d/geodata.sh": _ACTIVATE.encode(),
        "etc/conda/deactivate.d/geodata.sh": _DEACTIVATE.encode(),
        "etc/conda/env_vars.d/geodata.json": b'{"GEODATA_LICENCE": "free of charge"}',
        "share/geo data/borders.txt": b"none\n",
    })  # fmt: skip
    return channel


def _interpreter(python: Path, version: str, standard_library: Path) -> Contents:
    """Make a prefix with a copy of the executable, since Python would follow a link back."""
    x_y = version.rpartition(".")[0]
    library = f"lib/python{x_y}"
    # file by file, since conda rejects a link to a folder
    standard = {
        f"{library}/{path.relative_to(standard_library)}": path
        for path in sorted(standard_library.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.parts) and "/config-" not in str(path)
    }
    # Debian's pip would install into PREFIX/local
    schemes = (standard_library / "sysconfig.py").read_bytes()
    schemes = schemes.replace(b"prefix_scheme = 'posix_local'", b"prefix_scheme = 'posix_prefix'")
    return {
        f"bin/python{x_y}": python.resolve().read_bytes(),
        "bin/python3": Path(f"python{x_y}"),
        "bin/python": Path(f"python{x_y}"),
        f"{library}/site-packages/README.txt": b"",
        # the only place where Debian's Python searches
        "lib/python3/dist-packages/conda.pth": f"../../python{x_y}/site-packages\n".encode(),
        **standard,
        f"{library}/sysconfig.py": schemes,
    }


def _library(name: str, version: str) -> Contents:
    """A pure library as conda-build packs it, in the folder that an installer renames."""
    info = f"site-packages/{name}-{version}.dist-info"
    return {
        f"site-packages/{name}/__init__.py": f"__version__ = '{version}'\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/RECORD": b"",
        f"{info}/INSTALLER": b"conda",
    }


def _wheel(path: Path) -> Contents:
    with zipfile.ZipFile(path) as wheel:
        return {f"site-packages/{name}": wheel.read(name) for name in wheel.namelist()}


def _ask(python: Path) -> tuple[str, Path]:
    program = "import os, platform; print(platform.python_version(), os.path.dirname(os.__file__))"
    done = subprocess.run([python, "-I", "-c", program], check=True, capture_output=True, text=True)
    version, _, library = done.stdout.strip().partition(" ")
    return version, Path(library)


def _paths(contents: Contents) -> dict[str, object]:
    paths = [
        {"_path": place, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
        if isinstance(what, Path)
        else {
            "_path": place, "path_type": "hardlink", "sha256": hashlib.sha256(what).hexdigest(), "size_in_bytes": len(what),
        }
        for place, what in contents.items()
    ]  # fmt: skip
    return {"paths": paths, "paths_version": 1}


def _put(archive: tarfile.TarFile, place: str, what: bytes | Path) -> None:
    member = tarfile.TarInfo(place)
    if isinstance(what, Path):
        member.type, member.linkname = tarfile.SYMTYPE, str(what)
        archive.addfile(member)
        return
    member.size = len(what)
    member.mode = 0o755 if place.startswith("bin/") else 0o644
    archive.addfile(member, io.BytesIO(what))
