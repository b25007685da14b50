"""`exec CMD…`: become CMD in the project's environment; what was seen before never comes here."""

import errno
import os
import signal
import sys
from typing import NoReturn

from autoenv_hpc import config, folders, jobs, turns
from autoenv_hpc.cli import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem, UsageError

_WAITED = "AUTOENV_HPC_WAITED"
_ROUNDS = 2  # of waiting; then what the others compile is not for us, or cannot be stored


class ExecProblem(Problem):
    """The environment could not be had, so CMD was not started."""

    status = 125


def run(context: Context) -> int:
    """Replace this process by CMD."""
    arguments = context.arguments
    words = arguments.cmd[1:] if arguments.cmd[:1] == ["--"] else arguments.cmd
    if not words:
        raise UsageError("exec: which command? (autoenv-hpc exec -- CMD…)")
    become(words, _environment(context))


def _environment(context: Context) -> Env:
    """The environment, by our own work or, if somebody here is at the same, by theirs."""
    arguments, environ = context.arguments, context.environ
    rounds = environ.pop(_WAITED, "")  # a letter each
    if (
        len(rounds) >= _ROUNDS
        or arguments.site
        or arguments.env
        or arguments.fresh
        or arguments.allow
    ):
        return _entered(context)
    with turns.taken(_project(context), environ, context.report) as waited:
        if waited and os.access(sys.argv[0], os.X_OK):
            _replace(sys.argv[0], sys.argv, {**environ, _WAITED: f"{rounds}x"})
        return _entered(context)


def _project(context: Context) -> str:
    """What others do the same for: the nearest configuration, which may prove not to govern."""
    starts = (context.folder, *jobs.submitted(context.environ))
    home = folders.home(context.environ)
    found = (config.find(start, home, ()) for start in starts)
    file = next(filter(None, found), context.folder)
    return os.path.join(file, context.arguments.directory or "")


def _entered(context: Context) -> Env:
    # importing it takes as long as to start Python, and those who wait need none of it
    from autoenv_hpc.commands import entering  # noqa: PLC0415

    try:
        return entering.environment(context)
    except Problem as problem:
        raise ExecProblem(str(problem)) from problem


def become(words: list[str], env: Env) -> NoReturn:
    """Replace this process by a command, found on the PATH that the environment gives it.

    :raises ExecProblem: 127, it was not found, or 126, it cannot be executed, as env(1) does.
    """
    if "SLURM_EXPORT_ENV" in env:  # of `sbatch --export=NONE`: srun would hand nothing on
        env = {**env, "SLURM_EXPORT_ENV": "ALL"}
    import shutil  # noqa: PLC0415 - those who wait need none of it

    program = words[0]
    path = program if "/" in program else shutil.which(program, path=env.get("PATH", os.defpath))
    if path is None:
        problem = ExecProblem(_not_found(program, env))
        problem.status = 127
        raise problem
    try:
        _replace(path, words, env)
    except OSError as error:
        if error.errno == errno.ENOEXEC:  # a script without `#!`, as execvp(3) runs it
            _replace("/bin/sh", ["/bin/sh", path, *words[1:]], env)
        problem = ExecProblem(f"{program}: {error.strerror}")
        problem.status = 127 if error.errno == errno.ENOENT else 126
        raise problem from error


def _replace(path: str, words: list[str], env: Env) -> NoReturn:
    """Go on as another program, as if neither Python nor the script before it had been there."""
    level = env.get("SHLVL", "")
    if level.isdigit():
        env = {**env, "SHLVL": str(int(level) - 1)}
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
        signal.signal(number, signal.SIG_DFL)
    os.execve(path, words, env)


def _not_found(program: str, env: Env) -> str:
    """Say so, and whether it would be found outside: then a module or policy took it away."""
    text = f"{program}: not found on the PATH of the project {env.get('AUTOENV_HPC_NAME', '')}"
    import shutil  # noqa: PLC0415 - only a failure looks there

    from autoenv_hpc import state  # noqa: PLC0415

    active = state.active(env)
    before = active.change["PATH"].before if active and "PATH" in active.change else None
    outside = shutil.which(program, path=before) if before else None
    return f"{text}; outside of it there is {outside}" if outside else text
