"""`exec CMD…`: run CMD in the project's environment when no stored activation fits."""

import contextlib
import errno
import os
import signal
from typing import NoReturn

from autoenv_hpc import entry
from autoenv_hpc.activations import active
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem, UsageError
from autoenv_hpc.system import jobs, search_path
from autoenv_hpc.system.turns import turn

# By the letter of bash's ulimit: the name of the limit and its unit in bytes.
_LIMITS = {
    "c": ("RLIMIT_CORE", 1024), "d": ("RLIMIT_DATA", 1024), "e": ("RLIMIT_NICE", 1),
    "f": ("RLIMIT_FSIZE", 1024), "i": ("RLIMIT_SIGPENDING", 1), "l": ("RLIMIT_MEMLOCK", 1024),
    "m": ("RLIMIT_RSS", 1024), "n": ("RLIMIT_NOFILE", 1), "q": ("RLIMIT_MSGQUEUE", 1),
    "r": ("RLIMIT_RTPRIO", 1), "s": ("RLIMIT_STACK", 1024), "t": ("RLIMIT_CPU", 1),
    "u": ("RLIMIT_NPROC", 1), "v": ("RLIMIT_AS", 1024),
}  # fmt: skip


_OF_THE_SHELL = frozenset(("module", "ml", "cd", "exit", "source", ".", "export", "alias", "set"))


class ExecProblem(Problem):
    """The environment is not available, so CMD does not start."""

    status = 125


def run(context: Context) -> int:
    """Replace this process by CMD."""
    arguments = context.arguments
    words = arguments.cmd[1:] if arguments.cmd[:1] == ["--"] else arguments.cmd
    if not words:
        raise UsageError("exec: the command is missing (run `autoenv-hpc exec -- CMD…`)")
    ignored = context.environ.pop("AUTOENV_HPC_IGNORED", "")
    context.kernel = context.environ.pop("AUTOENV_HPC_KERNEL", "")
    name = context.environ.pop("AUTOENV_HPC_ARGV0", "")
    try:
        with turn(context.environ):
            compiled = _compile(context)
        _prepare_process(compiled, context, ignored)
        become(words, compiled.env, name)
    except ExecProblem as problem:
        if context.kernel:
            _explain(problem, words, context)
        raise


def _compile(context: Context) -> entry.Compiled:
    try:
        context.follow_options()
        return entry.compile_and_store(context)
    except Problem as problem:
        raise ExecProblem(str(problem)) from problem


def _explain(problem: Problem, words: list[str], context: Context) -> None:
    """Let Jupyter show in the notebook why its kernel does not start."""
    from autoenv_hpc.notebooks import explaining  # noqa: PLC0415 - only if a kernel cannot start

    connection = explaining.connection(words)
    if connection is not None:
        context.report.problem(problem)
        context.report.finish()
        explaining.serve(str(problem), context.kernel, connection)
        raise SystemExit(problem.status)


def _prepare_process(compiled: entry.Compiled, context: Context, ignored: str) -> None:
    """Set what is of the process itself, as its own shell would have it.

    :param ignored: the mask of the signals that the caller ignores.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, whatever was before
        is_ignored = int(ignored or "0", 16) >> (number - 1) & 1
        signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    definitions = compiled.activation.definitions
    if definitions.umask is not None:
        os.umask(int(definitions.umask, 8))
    for letter, values in definitions.limits.items():
        import resource  # noqa: PLC0415 - few modulefiles set limits

        name, unit = _LIMITS.get(letter, ("", 1))
        soft, hard = (resource.RLIM_INFINITY if v == "unlimited" else int(v) * unit for v in values)
        try:
            resource.setrlimit(getattr(resource, name), (soft, hard))
        except (AttributeError, ValueError, OSError):
            context.report.note(f"a modulefile's `ulimit -{letter} {values[0]}` cannot be set here")


def become(words: list[str], env: Env, name: str = "") -> NoReturn:
    """Replace this process by a command, found on the PATH that the environment gives it.

    :param name: what the command gets as its own name, if not its first word.
    :raises ExecProblem: 127, it was not found, or 126, it cannot be executed, as env(1) does.
    """
    env = jobs.handed_on(env)
    program = words[0]
    path = program if "/" in program else _search(program, env.get("PATH", os.defpath))
    if path is None:
        problem = ExecProblem(_not_found(program, words, env))
        problem.status = 127
        raise problem
    try:
        os.execve(path, [name or program, *words[1:]], env)
    except OSError as error:
        start = _start(path)
        if error.errno == errno.ENOEXEC and b"\0" not in start and not start.startswith(b"#!"):
            os.execve("/bin/sh", ["/bin/sh", path, *words[1:]], env)  # text, as execvp(3) runs it
        problem = ExecProblem(f"{program}: {_why_not(error, path, start)}")
        problem.status = 127 if error.errno == errno.ENOENT else 126
        raise problem from error


def _search(program: str, path: str) -> str | None:
    """The program as the start script finds it, which takes the first that may be executed."""
    files = (f"{folder or '.'}/{program}" for folder in path.split(":"))
    return next(filter(search_path.is_program, files), None)


def _start(path: str) -> bytes:
    """The first bytes of a program; nothing if they cannot be read."""
    if not os.path.isfile(path):  # to read from a pipe would wait
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(255)
    except OSError:
        return b""


def _why_not(error: OSError, path: str, start: bytes) -> str:
    """Why a program cannot be executed, in the words of the system where these are enough."""
    if start.startswith(b"#!") and os.access(path, os.X_OK):
        interpreter = os.fsdecode(start[2:].partition(b"\n")[0].strip(b" \t"))
        return f"its first line names {interpreter!r}, which cannot be executed here"
    if error.errno == errno.ENOEXEC:
        return "it is no program for this kind of machine"
    if error.errno == errno.ENOENT and not path.startswith("/"):
        return f"{error.strerror} (in {os.getcwd()}, where CMD starts)"
    return error.strerror or "it cannot be executed"


def _not_found(program: str, words: list[str], env: Env) -> str:
    """The message; if the program exists outside, a module or a policy hides it."""
    text = f"{program}: not found on the PATH of the project {env.get('AUTOENV_HPC_NAME', '')}"
    if hint := _mistaken(program, words):
        return f"{text} ({hint})"
    project = active.active_project(env)
    path = project.change.get("PATH") if project else None
    before = path.before if path else None
    outside = _search(program, before) if before else None
    if outside:
        return f"{text}; outside the project it is {outside} (the project sets PATH)"
    similar = _similar(program, env.get("PATH", os.defpath))
    return f"{text} ({f'did you mean {similar}?' if similar else 'is its module in the list?'})"


def _mistaken(program: str, words: list[str]) -> str:
    """What is wrong with a word that cannot be a program."""
    if program.startswith("-"):
        return f"options of exec stand before --, as in `autoenv-hpc exec {program} … -- CMD`"
    if " " in program and len(words) == 1:
        return "leave out the quotes, or use `bash -c`"
    if program in _OF_THE_SHELL:
        return f"it is a word of the shell: use `bash -c`, or leave {program} out"
    return ""


def _similar(program: str, path: str) -> str:
    """A program with a similar name; of large folders, only a part is looked at."""
    import difflib  # noqa: PLC0415 - only a mistake needs similar words
    import itertools  # noqa: PLC0415 - nothing else here needs it

    names: list[str] = []
    for folder in path.split(":"):
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            names += [entry.name for entry in itertools.islice(entries, 5000)]
    close = difflib.get_close_matches(program, names, 1, 0.75)
    return close[0] if close else ""
