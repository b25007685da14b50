"""Makes module trees like those of real sites, in Lua and Tcl, with real interpreters.

    flat        as at UPPMAX: all modules are visible
    hierarchy   as at HPC2N: a compiler makes its modules visible; EasyBuild's variables
    odd         one module for each unusual feature of modulefiles

A modulefile is a list of operations here. `_LUA` and `_TCL` write each of them in one language.
"""

import glob
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

Operation = tuple[str, ...]

_LUA = {
    "setenv": "setenv({0}, {1})",
    "unsetenv": "unsetenv({0})",
    "pushenv": "pushenv({0}, {1})",
    "prepend": "prepend_path({0}, {1})",
    "append": "append_path({0}, {1})",
    "alias": "set_alias({0}, {1})",
    "function": 'set_shell_function({0}, {1}, "true")',
    "family": "family({0})",
    "conflict": "conflict({0})",
    "depends": "depends_on({0})",
    "load": "if not ( isloaded({0}) ) then load({0}) end",
    "help": "help({0})",
    "whatis": "whatis({0})",
    "sticky": 'add_property("lmod", "sticky")',
    "fail": "LmodError({0})",
    "say": "LmodMessage({0})",
    "print": "io.stdout:write({0})",
    "use": 'prepend_path("MODULEPATH", {0})',
    "copy": "setenv({0}, (os.getenv({1}) or 'unset'))",
}
_TCL = {
    "setenv": "setenv {0} {1}",
    "unsetenv": "unsetenv {0}",
    "pushenv": "pushenv {0} {1}",
    "prepend": "prepend-path {0} {1}",
    "append": "append-path {0} {1}",
    "alias": "set-alias {0} {1}",
    "function": "set-function {0} {1}",
    "family": "family {0}",
    "conflict": "conflict {0}",
    "depends": "if {{![is-loaded {0}]}} {{ module load {0} }}",
    "load": "if {{![is-loaded {0}]}} {{ module load {0} }}",
    "help": "proc ModulesHelp {{}} {{ puts stderr {0} }}",
    "whatis": "module-whatis {0}",
    "sticky": "",
    "fail": "puts stderr {0}\nbreak",
    "say": "puts stderr {0}",
    "print": "puts stdout {0}",
    "use": "module use {0}",
    "copy": "setenv {0} [expr {{[info exists ::env({1})] ? $::env({1}) : {{unset}}}}]",
}


class Tree:
    """One folder of modulefiles in one language."""

    def __init__(self, folder: Path, language: str) -> None:
        self.folder = folder
        self.language = language
        folder.mkdir(parents=True, exist_ok=True)

    def module(self, name: str, *operations: Operation) -> Path:
        """Write one modulefile."""
        if self.language == "lua":
            path = self.folder / f"{name}.lua"
            lines = [_LUA[op].format(*map(_lua_string, words)) for op, *words in operations]
        else:
            path = self.folder / name
            lines = [_TCL[op].format(*map(_tcl_string, words)) for op, *words in operations]
            lines.insert(0, "#%Module1.0")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    def default(self, name: str, version: str) -> None:
        """Set the default version of a name."""
        if self.language == "lua":
            (self.folder / name / ".modulerc.lua").write_text(
                f'module_version("{name}/{version}", "default")\n'
            )
        else:
            (self.folder / name / ".version").write_text(
                f'#%Module1.0\nset ModulesVersion "{version}"\n'
            )

    def inner(self, *parts: str) -> "Tree":
        """A folder that a module of this tree adds to MODULEPATH."""
        return Tree(self.folder.parent.joinpath(*parts), self.language)


class Trees:
    """All trees in one language, with the software that they share."""

    def __init__(self, folder: Path, language: str, software: "Software") -> None:
        self.software = software
        self.flat = Tree(folder / "flat/modules", language)
        self.hierarchy = Tree(folder / "hierarchy/Core", language)
        self.odd = Tree(folder / "odd/modules", language)
        _flat(self.flat, software)
        _hierarchy(self.hierarchy, software)
        _odd(self.odd, folder)


class Software:
    """The software of the modules: small packages, and real interpreters with a site's versions."""

    def __init__(self, folder: Path, virtualenv: Path | None) -> None:
        self.folder = folder
        self._real = interpreters()
        self._virtualenv = virtualenv

    def python(self, version: str, *, virtualenv: bool = False) -> tuple[Path, str]:
        """A Python close to that version: its prefix and its true X.Y."""
        found = min(self._real, key=lambda v: distance(v, version))
        prefix = self.folder / "Python" / version
        (prefix / "bin").mkdir(parents=True, exist_ok=True)
        names = ["python", f"python{found[0]}", f"python{found[0]}.{found[1]}"]
        for name in names:
            _link(prefix / "bin" / name, self._real[found])
        if virtualenv and self._virtualenv:
            script = prefix / "bin/virtualenv"
            # As if it were installed in this Python, which it uses without --python.
            chosen = f"VIRTUALENV_PYTHON='{prefix}/bin/python'"
            script.write_text(f"#!/bin/sh\n{chosen} exec '{self._virtualenv}' \"$@\"\n")
            script.chmod(0o755)
        return prefix, f"{found[0]}.{found[1]}"

    def package(self, bundle: str, python: str, names: dict[str, str]) -> Path:
        """A prefix with importable packages, given by name and version."""
        prefix = self.folder / bundle
        packages(prefix / f"lib/python{python}/site-packages", names)
        return prefix


def packages(folder: Path, names: dict[str, str]) -> None:
    """Put importable packages into a folder, given by name and version."""
    for name, version in names.items():
        _write_package(folder, name, version)


def interpreters() -> dict[tuple[int, int], Path]:
    """The Pythons of this machine by version, up to 3.11, the last that the virtualenv supports."""
    found: dict[tuple[int, int], Path] = {}
    places = [f"{folder}/python[23].*" for folder in os.environ["PATH"].split(":")]
    places += [os.path.expanduser("~/.pyenv/versions/*/bin/python[23].*")]
    candidates = [p for pattern in places for p in sorted(glob.glob(pattern)) if "/shims/" not in p]
    for path in [*candidates, sys.executable, "/usr/bin/python3"]:
        if path.endswith(("-config", "m", "gdb.py")):
            continue
        program = "import sys; print('%d %d' % sys.version_info[:2]); print(getattr(sys, 'base_prefix', sys.prefix))"
        done = subprocess.run(
            [path, "-E", "-S", "-c", program], check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            numbers, prefix = done.stdout.splitlines()
            major, minor = map(int, numbers.split())
            real = Path(prefix) / f"bin/python{major}.{minor}"
            if (major, minor) <= (3, 11) and real.exists():
                found.setdefault((major, minor), real)
    return found


def interpreter_of(script: str) -> list[str]:
    """The words after `#!` in the first line of a script."""
    with open(script, errors="replace") as file:
        return file.readline()[2:].split()


def wheels(folder: Path, packages: dict[str, str]) -> Path:
    """A folder of small pure wheels, for installs without a network."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, version in packages.items():
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}-py2.py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                f"{name}/__init__.py",
                f"__version__ = '{version}'\n\n\ndef say():\n    print(__version__)\n",
            )
            wheel.writestr(
                f"{info}/entry_points.txt", f"[console_scripts]\n{name}-version = {name}:say\n"
            )
            wheel.writestr(f"{info}/METADATA", _metadata(name, version))
            wheel.writestr(
                f"{info}/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
            )
            wheel.writestr(
                f"{info}/RECORD",
                f"{name}/__init__.py,,\n{info}/entry_points.txt,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
            )
    return folder


def _flat(tree: Tree, software: Software) -> None:
    for version in ("2.7.15", "3.6.8", "3.9.5", "3.11.4"):
        prefix, found = software.python(version, virtualenv=True)
        tree.module(
            f"python/{version}",
            ("conflict", "python"),
            ("prepend", "PATH", f"{prefix}/bin"),
            ("prepend", "MANPATH", f"{prefix}/share/man"),
            ("setenv", "PYTHON_ROOT", str(prefix)),
        )
        packages = software.package(
            f"python_ML_packages/{version}",
            found,
            {"sklearn": "1.0", "numpy": "1.20.3", "scipy": "1.6.3"},
        )
        tree.module(
            f"python_ML_packages/{version}-cpu",
            ("depends", f"python/{version}"),
            ("prepend", "PYTHONPATH", f"{packages}/lib/python{found}/site-packages"),
        )
    tree.default("python", "3.9.5")
    tree.module("bioinfo-tools", ("setenv", "BIOINFO_TOOLS", "1"))
    tree.module(
        "samtools/1.12",
        ("prepend", "PATH", "/opt/samtools/bin"),
        ("setenv", "SAMTOOLS_ROOT", "/opt/samtools"),
    )


def _hierarchy(core: Tree, software: Software) -> None:
    for compiler, mpi, python, bundle, matplotlib in (
        ("10.3.0", "4.1.1", "3.9.5", "2021.05", "3.4.2"),
        ("12.3.0", "4.1.5", "3.11.3", "2023.07", "3.7.2"),
    ):
        gcccore = core.inner("Compiler", "GCCcore", compiler)
        gcc = core.inner("Compiler", "GCC", compiler)
        openmpi = core.inner("MPI", "GCC", compiler, "OpenMPI", mpi)
        core.module(
            f"GCCcore/{compiler}", ("family", "compilercore"), ("use", str(gcccore.folder)),
            ("setenv", "EBROOTGCCCORE", f"/opt/GCCcore/{compiler}"), ("setenv", "EBVERSIONGCCCORE", compiler),
        )  # fmt: skip
        core.module(
            f"GCC/{compiler}", ("family", "compiler"), ("depends", f"GCCcore/{compiler}"),
            ("use", str(gcc.folder)), ("setenv", "EBROOTGCC", f"/opt/GCC/{compiler}"),
        )  # fmt: skip
        prefix, found = software.python(python, virtualenv=True)
        customised = prefix / "easybuild/python"
        customised.mkdir(parents=True, exist_ok=True)
        (customised / "sitecustomize.py").write_text(_SITECUSTOMIZE)
        gcccore.module(
            f"Python/{python}", ("conflict", "Python"), ("prepend", "PATH", f"{prefix}/bin"),
            ("prepend", "PYTHONPATH", str(customised)),
            ("setenv", "EBROOTPYTHON", str(prefix)), ("setenv", "EBVERSIONPYTHON", python),
        )  # fmt: skip
        if compiler == "10.3.0":
            old, _ = software.python("2.7.18", virtualenv=True)
            gcccore.module(
                "Python/2.7.18", ("conflict", "Python"), ("prepend", "PATH", f"{old}/bin"),
                ("setenv", "EBROOTPYTHON", str(old)), ("setenv", "EBVERSIONPYTHON", "2.7.18"),
            )  # fmt: skip
        gcc.module(
            f"OpenMPI/{mpi}", ("family", "mpi"), ("use", str(openmpi.folder)),
            ("prepend", "LD_LIBRARY_PATH", f"/opt/OpenMPI/{mpi}/lib"),
            ("setenv", "EBROOTOPENMPI", f"/opt/OpenMPI/{mpi}"),
        )  # fmt: skip
        for name, version, contents in (
            ("SciPy-bundle", bundle, {"numpy": "1.20.3", "scipy": "1.6.3", "pandas": "1.2.4"}),
            ("matplotlib", matplotlib, {"matplotlib": matplotlib}),
        ):
            root = software.package(f"{name}/{version}", found, contents)
            variable = "PYTHONPATH" if compiler == "10.3.0" else "EBPYTHONPREFIXES"
            value = (
                f"{root}/lib/python{found}/site-packages" if variable == "PYTHONPATH" else str(root)
            )
            openmpi.module(
                f"{name}/{version}", ("depends", f"Python/{python}"), ("prepend", variable, value),
                ("setenv", f"EBROOT{name.upper().replace('-', 'MIN')}", str(root)),
            )  # fmt: skip


def _odd(tree: Tree, folder: Path) -> None:
    tree.module("alias/1.0", ("alias", "hpc-list", "ls -l"), ("alias", "ll", "ls -la"))
    tree.module("function/1.0", ("function", "hpc_greet", 'echo "hello $1"'))
    tree.module("pushenv/1.0", ("pushenv", "CC", "gcc-12"))
    tree.module("overwrite/1.0", ("setenv", "EDITOR", "site-editor"), ("unsetenv", "UNWANTED"))
    tree.module("family/a", ("family", "stack"), ("setenv", "STACK", "a"))
    tree.module("other/b", ("family", "stack"), ("setenv", "STACK", "b"))
    tree.module("conflict/1.0", ("conflict", "pushenv"), ("setenv", "CONFLICT", "1"))
    tree.module("sticky/1.0", ("sticky",), ("setenv", "STICKY", "1"))
    tree.module("hidden/.1.0", ("setenv", "HIDDEN", "1"))
    tree.module("linked/1.0", ("setenv", "LINKED", "1.0"))
    tree.module("linked/2.0", ("setenv", "LINKED", "2.0"))
    suffix = ".lua" if tree.language == "lua" else ""
    _link(tree.folder / "linked/default", Path(f"1.0{suffix}"))
    tree.module(
        "values/1.0",
        ("setenv", "VALUES", "two\nlines, 'single', \"double\", \\back, $dollar, `tick`, åäö 中"),
    )
    tree.module("noisy/1.0", ("print", "echo NOISE_ON_STDOUT=1;"), ("setenv", "NOISY", "1"))
    tree.module("home/1.0", ("setenv", "PYTHONHOME", "/nonexistent"))
    libraries = folder / "odd/hostile"
    libraries.mkdir(parents=True, exist_ok=True)
    for name in ("libpython3.11.so.1.0", "libpython3.9.so.1.0", "libz.so.1", "libm.so.6"):
        (libraries / name).write_bytes(b"no library at all")
    tree.module("hostile/1.0", ("prepend", "LD_LIBRARY_PATH", str(libraries)))
    tree.module("failing/1.0", ("setenv", "FAILING", "1"), ("fail", "the licence server is away"))
    tree.module("reader/1.0", ("copy", "READER", "READ_BY_MODULE"))
    tree.module(
        "lists/1.0",
        ("prepend", "MANPATH", "/opt/lists/man"),
        ("append", "LISTS_DIRS", "/opt/lists"),
    )


_SITECUSTOMIZE = """\
import os, site, sys
for prefix in os.environ.get("EBPYTHONPREFIXES", "").split(os.pathsep):
    path = os.path.join(prefix, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    if prefix and os.path.isdir(path):
        site.addsitedir(path)
"""


def _write_package(site: Path, name: str, version: str) -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (site / name).mkdir(exist_ok=True)
    (site / name / "__init__.py").write_text(f"__version__ = '{version}'\n")
    (info / "METADATA").write_text(_metadata(name, version))
    (info / "RECORD").write_text("")
    (info / "INSTALLER").write_text("site\n")


def _metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def distance(found: tuple[int, int], wanted: str) -> tuple[int, int]:
    """How far a version is from a wanted one, 3.9 or 3.9.5; the nearest compares least."""
    major, minor = map(int, wanted.split(".")[:2])
    return abs(found[0] - major), abs(found[1] - minor)


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _lua_string(text: str) -> str:
    level = "="
    while f"]{level}]" in text:
        level += "="
    return (
        f"[{level}[{text}]{level}]" if "\n" in text or '"' in text or "\\" in text else f'"{text}"'
    )


def _tcl_string(text: str) -> str:
    if text and text.isascii() and all(c.isalnum() or c in "/._-+=" for c in text):
        return text
    for char in '\\"$[]{};':
        text = text.replace(char, "\\" + char)
    return '"' + text.replace("\n", "\\n") + '"'


def make(folder: Path, virtualenv: Path | None) -> dict[str, Trees]:
    """Make all trees in both languages."""
    shutil.rmtree(folder, ignore_errors=True)
    software = Software(folder / "software", virtualenv)
    return {
        tool: Trees(folder / tool, language, software)
        for tool, language in (("lmod", "lua"), ("modules", "tcl"))
    }
