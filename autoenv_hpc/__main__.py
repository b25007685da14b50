"""The entry point of the Python process."""

import errno
import os
import sys

from autoenv_hpc.environment import Env

_TRUE = "AUTOENV_HPC_TRUE_"
_HIDDEN = ("LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "LC_CTYPE", "SHELLOPTS", "BASHOPTS")
# What fails because of the machine; any other error that nobody expected is a bug.
_DISK = {errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ESTALE}
_OF_THE_MACHINE = _DISK | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


def main() -> int:
    """Run the command that the arguments name; return the exit status."""
    _occupy_streams()
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if stream is not None:  # None: it is closed
            stream.reconfigure(errors=errors)  # type: ignore[union-attr]
    environ = true_environment(dict(os.environ))
    sys.argv[0] = environ.pop("AUTOENV_HPC_SELF", sys.argv[0])  # the path that the user knows
    arguments = sys.argv[1:]
    from autoenv_hpc.errors import Problem  # noqa: PLC0415
    from autoenv_hpc.report import Report, emit  # noqa: PLC0415

    report = Report(environ)
    try:
        if arguments[:1] == ["__shell"]:  # the hot path: no parser, no command table
            from autoenv_hpc.commands import answer  # noqa: PLC0415

            code = answer.answer(arguments[1:], environ, report)
            report.finish()  # the shell must not write its answer behind the progress line
            emit(code)
            os._exit(0)  # an orderly end of the interpreter takes a tenth longer
        from autoenv_hpc import cli  # noqa: PLC0415

        if arguments[:1] == ["__direnv"]:
            from autoenv_hpc.commands import direnv  # noqa: PLC0415

            return direnv.answer(arguments[1:], environ, Report(environ, name="direnv"), cli.run)
        return cli.run(arguments, environ, report)
    except Problem as problem:
        report.problem(problem)
        return problem.status
    except BrokenPipeError:
        return 1
    except (OSError, ImportError) as error:
        report.problem(Problem(_of_the_machine(error)))
        return 125 if "exec" in arguments[:2] else 1
    except KeyboardInterrupt as interrupt:
        for text in interrupt.args:  # what was interrupted, if more than a moment's work
            report.problem(Problem(text))
        return 130
    finally:
        report.finish()


def _of_the_machine(error: OSError | ImportError) -> str:
    """The message about a fault of the machine; any other error is raised again."""
    remedy = "this machine or its file system failed: try again, or on another host"
    if isinstance(error, ImportError):
        if "shared object" in error.msg:  # dlopen(3) cannot load a library of Python
            return f"{error.msg} ({remedy})"
    elif error.errno in _OF_THE_MACHINE:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror} ({remedy})"
    raise error


def true_environment(given: Env) -> Env:
    """Restore the variables that the start script hides from our own Python."""
    environ = {name: value for name, value in given.items() if not name.startswith(_TRUE)}
    if "AUTOENV_HPC_SELF" in given:  # the script has hidden it, so this value is Python's (PEP 538)
        environ.pop("LC_CTYPE", None)
    return environ | {name: given[_TRUE + name] for name in _HIDDEN if _TRUE + name in given}


def _occupy_streams() -> None:
    """Open the standard streams that are closed, so that no other file gets their numbers.

    Python closes what it opens when it becomes CMD, which finds them closed again.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    sys.exit(main())
