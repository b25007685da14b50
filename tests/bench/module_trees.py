"""The module trees of the benchmark."""

from pathlib import Path

from trees import Operation, Tree

MANY = 1000  # the number of names in the large tree
CLOSURES = (25, 100)  # the numbers of modulefiles that the applications of the real-sized tree load
_REAL_NAMES = 500  # in the real-sized tree
COMPILER = "GCCcore/12.3.0"  # a module of that tree that loads no other


def name(number: int) -> str:
    """The name of one of the modules in a plain tree."""
    return f"module{number:03d}/1.0"


def plain(folder: Path, language: str, number: int) -> Path:
    """A folder of modules that set five variables each, one of them LD_LIBRARY_PATH."""
    made = Tree(folder, language)
    for i in range(number):
        prefix, upper = f"/opt/{name(i)}", f"MODULE{i:03d}"
        made.module(
            name(i), ("prepend", "PATH", f"{prefix}/bin"), ("prepend", "LD_LIBRARY_PATH", f"{prefix}/lib"),
            ("prepend", "MANPATH", f"{prefix}/man"), ("setenv", f"EBROOT{upper}", prefix),
            ("setenv", f"EBVERSION{upper}", "1.0"),
        )  # fmt: skip
    return made.folder


def application(closure: int) -> str:
    """The name of the application in the real-sized tree with a closure of so many modulefiles."""
    return f"Application{closure}/2023.07-GCCcore-12.3.0"


def real(folder: Path, language: str) -> Path:
    """A folder like those that EasyBuild makes with its flat naming scheme.

    Libraries depend on libraries of lower numbers, an application on the upper half of its
    libraries. All of them together are its closure.
    """
    made = Tree(folder, language)
    made.module(COMPILER, *_operations(COMPILER, ("family", "compiler")))
    for i in range(1, _REAL_NAMES - len(CLOSURES)):
        needs = sorted({_library(j) for j in (i // 2, i // 3)})
        made.module(_library(i), *_operations(_library(i), *_loads(needs)))
    for closure in CLOSURES:
        needs = [_library(j) for j in range((closure - 1) // 2, closure - 1)]
        made.module(application(closure), *_operations(application(closure), *_loads(needs)))
    return made.folder


def _library(number: int) -> str:
    return f"Library{number:03d}/1.{number}.0-GCCcore-12.3.0" if number else COMPILER


def _loads(names: list[str]) -> list[Operation]:
    return [("load", needed) for needed in names]


def _operations(full_name: str, *needs: Operation) -> tuple[Operation, ...]:
    """What a modulefile does, in the order in which EasyBuild writes it."""
    title, version = full_name.split("/")
    root, upper = f"/opt/software/{title}/{version}", title.upper()
    text = f"{title} is a library that others build on.\n\nMore information\n - Homepage: https://example.org/{title}\n"
    paths = {
        "CMAKE_PREFIX_PATH": "", "CPATH": "/include", "LD_LIBRARY_PATH": "/lib", "LIBRARY_PATH": "/lib",
        "MANPATH": "/share/man", "PATH": "/bin", "PKG_CONFIG_PATH": "/lib/pkgconfig", "XDG_DATA_DIRS": "/share",
    }  # fmt: skip
    return (
        ("help", text),
        ("whatis", f"Description: {text}"),
        ("conflict", title),
        *needs,
        *(("prepend", variable, root + inner) for variable, inner in paths.items()),
        ("setenv", f"EBROOT{upper}", root),
        ("setenv", f"EBVERSION{upper}", version),
        ("setenv", f"EBDEVEL{upper}", f"{root}/easybuild/{title}-{version}-easybuild-devel"),
    )
