"""The entry point of the Python process."""

import os
import sys

from autoenv_hpc.environment import Env

_TRUE = "AUTOENV_HPC_TRUE_"


def main() -> int:
    """Run the command that the arguments name; return the exit status."""
    sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    environ = true_environment(dict(os.environ))
    sys.argv[0] = environ.pop("AUTOENV_HPC_SELF", sys.argv[0])  # the path that the user knows
    arguments = sys.argv[1:]
    from autoenv_hpc.errors import Problem  # noqa: PLC0415
    from autoenv_hpc.report import Report  # noqa: PLC0415

    report = Report(environ)
    try:
        if arguments[:1] == ["__shell"]:  # the hot path: no parser, no command table
            from autoenv_hpc.commands import answer  # noqa: PLC0415

            code = answer.answer(arguments[1:], environ, report)
            report.finish()  # the shell must not write its answer behind the progress line
            sys.stdout.write(code)
            sys.stdout.flush()
            os._exit(0)  # an orderly end of the interpreter takes a tenth longer
        from autoenv_hpc import cli  # noqa: PLC0415

        return cli.run(arguments, environ, report)
    except Problem as problem:
        report.problem(problem)
        return problem.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        report.finish()


def true_environment(given: Env) -> Env:
    """Restore the variables that the start script hides from our own Python."""
    environ = dict(given)
    for name in given:
        if name.startswith(_TRUE):
            environ[name.removeprefix(_TRUE)] = environ.pop(name)
    return environ


if __name__ == "__main__":
    sys.exit(main())
