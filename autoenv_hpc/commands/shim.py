"""`shim [DIR]`: programs that run in the project's environment, for tools that ask for a path."""

import contextlib
import os
import shlex
from collections.abc import Iterator

from autoenv_hpc import entry
from autoenv_hpc.context import Context
from autoenv_hpc.entry import Compiled
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem, UsageError
from autoenv_hpc.printable import printable
from autoenv_hpc.project import config
from autoenv_hpc.report import emit
from autoenv_hpc.system import files, folders, own_files, search_path
from autoenv_hpc.system.search_path import SHIM

# The name of each shim, and the programs that it may stand for; the first that is there counts.
_PROGRAMS = {
    "python": ("python", "python3"),
    "bash": ("bash",),
    "sh": ("sh",),
    "Rscript": ("Rscript",),
    "julia": ("julia",),
}
_FOLDER = ".hpcenv.shims"
_DIRENV = """\
#!/bin/bash -p
{mark}
# direnv's words, for the editors that call it
exec {command} __direnv "$@"
"""


def run(context: Context) -> int:
    """Write the shims of all programs that the environment has, and print their paths."""
    arguments = context.arguments
    if arguments.direnv:
        return _write_direnv(context)
    arguments.env = entry.choose_project(context).config.env_name  # a shim keeps it
    compiled = entry.compile_and_store(context)
    folder, env = _folder(context, compiled), compiled.env
    found = {name: _program(programs, env) for name, programs in _PROGRAMS.items()}
    for name in found:
        _check(os.path.join(folder, name), compiled.project.root)
    written = list(_write(folder, found, context, compiled))
    emit("".join(f"{path}\n" for path in written))
    if not found["python"]:
        context.report.note("no shim for Python: the environment has none")
    return 0


def _write_direnv(context: Context) -> int:
    """Write the stand-in for direnv, which serves all projects, and print its path.

    Nothing looks for it where it stands: direnv itself stays what `direnv` means in a shell.
    """
    arguments, environ = context.arguments, context.environ
    if arguments.env or arguments.site or arguments.project or arguments.allow:
        raise UsageError(
            "shim --direnv serves all projects, so it takes no option that chooses one"
        )
    folder = arguments.folder
    data = environ.get("XDG_DATA_HOME") or os.path.join(context.folders.home, ".local/share")
    folder = os.path.join(context.directory, folder or os.path.join(data, "autoenv-hpc"))
    path = os.path.join(os.path.normpath(folder), "direnv")
    _check(path, "")
    text = _DIRENV.format(mark=SHIM, command=shlex.quote(own_files.command()))
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        folders.write_atomically(path, os.fsencode(text), mode=0o777)
    except OSError as error:
        raise Problem(f"{path}: cannot be written: {error.strerror}") from error
    emit(f"{path}\n")
    return 0


def _folder(context: Context, compiled: Compiled) -> str:
    """The folder that the user names, or one in the project for each named environment."""
    arguments = context.arguments
    if arguments.folder:
        return os.path.normpath(os.path.join(context.directory, arguments.folder))
    name = f"{_FOLDER}-{arguments.env}" if arguments.env else _FOLDER
    return os.path.join(compiled.project.root, name)


def _program(names: tuple[str, ...], env: Env) -> str:
    paths = (next(search_path.on_path((name,), env), "") for name in names)
    return next((os.path.basename(path) for path in paths if path), "")


def _check(path: str, root: str) -> None:
    """Leave alone what is no shim, or the shim of another project.

    :raises Problem: such a file has this name.
    """
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not search_path.is_shim(path):
        raise Problem(f"{path} is no shim, so it stays (name another folder)")
    other = _project_of(path)
    if other != root and os.path.exists(os.path.join(other, config.FILE_NAME)):
        raise Problem(f"{path} is a shim of {other} (remove it, or name another folder)")


def _project_of(path: str) -> str:
    text = os.fsdecode(files.read(path))
    words = shlex.split(text.partition("__autoenv_hpc_project=")[2].partition("\n__autoenv")[0])
    return words[0] if words else ""


def _write(
    folder: str, found: dict[str, str], context: Context, compiled: Compiled
) -> Iterator[str]:
    try:
        os.makedirs(folder, exist_ok=True)
        for name, program in found.items():
            path = os.path.join(folder, name)
            if program:
                prefix = _prefix(compiled) if name == "python" else ""
                above = os.path.realpath(os.path.dirname(folder))
                is_inside = prefix and above == os.path.realpath(prefix)
                text = _text(program, context, compiled, prefix if is_inside else "")
                folders.write_atomically(path, os.fsencode(text), mode=0o777)
                yield path
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        if not context.arguments.folder:  # what names absolute paths is of no use to others
            folders.write_atomically(os.path.join(folder, ".gitignore"), b"*\n", mode=0o666)
    except OSError as error:
        raise Problem(f"{folder}: cannot be written: {error.strerror}") from error


def _prefix(compiled: Compiled) -> str:
    """The environment whose Python the project runs, if it has one."""
    return compiled.env.get("VIRTUAL_ENV") or compiled.env.get("CONDA_PREFIX") or ""


def _text(program: str, context: Context, compiled: Compiled, prefix: str) -> str:
    """The shim: what is its own, and the part that all have in common.

    :param prefix: the environment in which it stands itself.
    """
    project, arguments = compiled.project, context.arguments
    options = ["--site", arguments.site] if arguments.site else []
    options += ["--env", arguments.env] if arguments.env else []
    quoted = " ".join(map(shlex.quote, options))
    with open(own_files.shell_file("shim.bash"), encoding="utf-8") as file:
        common = file.read()
    return "\n".join(
        [
            "#!/bin/bash -p",
            SHIM,
            f"# {program} in the environment of {printable(project.root)}",
            f"__autoenv_hpc_command={shlex.quote(own_files.command())}",
            f"__autoenv_hpc_project={shlex.quote(project.root)}",
            f"__autoenv_hpc_program={program}",
            f"__autoenv_hpc_options=({quoted})",
            f"__autoenv_hpc_prefix={shlex.quote(prefix)}",
            "",
            common,
        ]
    )
