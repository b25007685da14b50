"""`setup`: put the hook's line into the shell's startup file."""

import os
import re
import shlex
import shutil
import sys

from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import Problem
from autoenv_hpc.project import editing
from autoenv_hpc.system import files

SHELLS = ("bash", "zsh", "fish")
# A line that `setup` or the documentation gave to the user, whichever way the command is spelled.
_OURS = re.compile(
    r"""(?:if command -v \S+ >/dev/null; then )?eval "\$\(.*autoenv-hpc'? hook \w+\)"(?:; fi)?"""
    r"|(?:command -q \S+; and )?\S*autoenv-hpc'? hook fish \| source"
)
_LOGIN_FILES = (".bash_profile", ".bash_login", ".profile")  # bash reads the first that exists


def run(context: Context) -> int:
    """Add the line at the end of the file, or remove it; report what was done."""
    shell = context.arguments.shell or _login_shell(context.environ)
    file = startup_file(shell, context.environ, context.folders.home)
    lines = _read(file).splitlines(keepends=True)
    ours = [i for i, line in enumerate(lines) if _OURS.fullmatch(line.strip())]
    _check_for_others(file, lines)
    others = [line for i, line in enumerate(lines) if i not in ours]
    if context.arguments.remove:
        _remove(context, file, others, [lines[i].strip() for i in ours])
        return 0
    program = os.path.abspath(sys.argv[0])
    line = hook_line(shell, program, context.environ, context.folders.home)
    if lines == [*others, f"{line}\n"]:
        context.report.note(f"{file} ends with the line already: {line}")
        return 0
    if others and not others[-1].endswith("\n"):
        others[-1] += "\n"
    _write(file, [*others, f"{line}\n"])
    context.report.note(f"{'moved' if ours else 'added'} to the end of {file}: {line}")
    if shell == "bash":
        _note_login_file(context)
    context.report.note("open a new shell to use it (`autoenv-hpc setup --remove` takes it out)")
    return 0


def _remove(context: Context, file: str, others: list[str], ours: list[str]) -> None:
    if not ours:
        context.report.note(f"{file} has no line for the hook")
        return
    _write(file, others)
    context.report.note(f"removed from {file}: {'; '.join(ours)}")


def _write(file: str, lines: list[str]) -> None:
    editing.write(file, "".join(lines).encode(errors="surrogateescape"))


def startup_file(shell: str, environ: Env, home: str) -> str:
    """The file that each interactive shell reads: bash(1), zsh(1), fish(1)."""
    if shell == "zsh":
        return os.path.join(environ.get("ZDOTDIR") or home, ".zshrc")
    if shell == "fish":
        config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
        return os.path.join(config, "fish", "config.fish")
    return os.path.join(home, ".bashrc")


def hook_line(shell: str, program: str, environ: Env, home: str) -> str:
    """The line for one shell. It does nothing once the command is uninstalled.

    A command in the home folder is named by its path: the login files of Debian, Ubuntu and RHEL 7
    read `~/.bashrc` before they add `~/bin` and `~/.local/bin` to `PATH`.
    """
    found = shutil.which("autoenv-hpc", path=environ.get("PATH", os.defpath))
    is_on_path = found is not None and os.path.realpath(found) == os.path.realpath(program)
    path = found if found and is_on_path else program
    below = path.removeprefix(f"{home}/")
    if below == path:
        command = "autoenv-hpc" if is_on_path else shlex.quote(path)
    else:
        command = f"~/{below}" if shlex.quote(below) == below else shlex.quote(path)
    if shell == "fish":
        return f"command -q {command}; and {command} hook fish | source"
    return f'if command -v {command} >/dev/null; then eval "$({command} hook {shell})"; fi'


def _login_shell(environ: Env) -> str:
    shell = os.path.basename(environ.get("SHELL", ""))
    if shell not in SHELLS:
        named = f"{shell} has no hook" if shell else "SHELL is not set"
        raise Problem(
            f"{named} (name one with --shell: {', '.join(SHELLS)}; exec works from any shell)"
        )
    return shell


def _read(file: str) -> str:
    try:
        return os.fsdecode(files.read(file))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Problem(f"{file}: cannot be read: {error.strerror}") from error


def _check_for_others(file: str, lines: list[str]) -> None:
    """Leave a startup file alone in which the user has written a line of another form.

    :raises Problem: there is one.
    """
    for number, line in enumerate(lines, 1):
        code = line.strip()
        if "autoenv-hpc hook" in code and not code.startswith("#") and not _OURS.fullmatch(code):
            raise Problem(
                f"{file}:{number} has a line of yours for the hook: {code} (change it there)"
            )


def _note_login_file(context: Context) -> None:
    """A login bash reads `~/.bashrc` only if the user's login file says so."""
    home = context.folders.home
    paths = [os.path.join(home, name) for name in _LOGIN_FILES]
    file = next(filter(os.path.exists, paths), None)
    if file is None or "bashrc" not in _read(file):
        context.report.note(
            f"a login bash does not read ~/.bashrc here (add `. ~/.bashrc` to {file or paths[0]})"
        )
