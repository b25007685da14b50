"""The parser of the command line."""

import argparse
import importlib
from typing import TYPE_CHECKING, NoReturn

from autoenv_hpc import verbose
from autoenv_hpc.commands import examples
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import UsageError
from autoenv_hpc.report import emit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autoenv_hpc.report import Report

    _AddCommand = Callable[..., "_Parser"]  # of its name, what it does, and its module


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line, which names the help."""

    def _print_message(self, message: str, _file: object = None) -> None:
        emit(message)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    @property
    def commands(self) -> "dict[str, _Parser]":
        """The parsers of its commands by their names."""
        return next((a.choices for a in self._actions if isinstance(a, _Commands)), {})

    @property
    def options(self) -> list[str]:
        """The options that it knows."""
        return [option for action in self._actions for option in action.option_strings]


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no other name for it
# What users of other tools type first.
_HABITS = {"help": "--help", "version": "--version", "deactivate": "off", "run": "exec"}


def run(arguments: "Sequence[str]", environ: Env, report: "Report") -> int:
    """Run the command that the arguments name.

    :returns: the exit status.
    :raises UsageError: the arguments are wrong.
    :raises Problem: the command failed for a reason that the user can remove.
    """
    top = parser()
    if not arguments:
        top.print_help()
        return 0
    _check_words(top, arguments)
    parsed = top.parse_args(arguments)
    context = Context(parsed, environ, report)
    if "verbose" in parsed:
        verbose.switch_on()
    if parsed.command != "exec":  # which has another status for what fails
        context.follow_options()
    module = importlib.import_module(f"autoenv_hpc.commands.{parsed.module}")
    command: Callable[[Context], int] = module.run
    return command(context)


def _check_words(top: _Parser, arguments: "Sequence[str]") -> None:
    """Check the names of the command and of its options, with a suggestion for each.

    :raises UsageError: one of them does not exist.
    """
    asked, *words = arguments
    if asked in ("-v", "--verbose") and words:
        _check_words(top, words)
        return
    if asked.startswith("-"):
        if asked not in top.options:
            hint = "" if len(words) < 2 else " (options come after the command)"  # noqa: PLR2004
            raise UsageError(f"unknown option {asked}{hint or _hint(asked, top.options)}")
        return
    if asked not in top.commands:
        similar = f" (did you mean {_HABITS[asked]}?)" if asked in _HABITS else ""
        hint = similar or _hint(asked, list(top.commands)) or " (see `autoenv-hpc --help`)"
        raise UsageError(f"unknown command {asked}{hint}")
    chosen = top.commands[asked]
    if asked == "exec":  # its options end where CMD begins
        return
    if words and words[0] in chosen.commands:
        chosen = chosen.commands[words.pop(0)]
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("--") and option != "--" and option not in chosen.options:
            hint = _hint(option, chosen.options) or f" (see `{chosen.prog} --help`)"
            raise UsageError(f"{asked}: unknown option {option}{hint}")


def _hint(word: str, known: list[str]) -> str:
    import difflib  # noqa: PLC0415 - only a mistake needs similar words

    close = difflib.get_close_matches(word, known, 1, 0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def parser() -> _Parser:
    """The parser of the whole command line."""
    top = _Parser(
        prog="autoenv-hpc",
        description="Environment modules and an isolated environment that follow `cd`.",
    )
    _add_verbose(top)
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command"
    )

    def command(name: str, text: str, module: str | None = None) -> _Parser:
        added = _add_command(commands, name, text)
        added.set_defaults(module=module or name)
        _add_verbose(added)
        return added

    _add_running(command)
    _add_configuring(command)
    _add_environments(command)
    _add_shell(command)
    completion = command("completion", "print the completions for your shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    completion.set_defaults(parser=top)
    return top


def _add_command(commands: "_Commands[_Parser]", name: str, text: str) -> _Parser:
    words = commands._prog_prefix.split()[1:]  # noqa: SLF001 - the only place that has them
    return commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=examples.epilog(" ".join([*words, name])),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_running(command: "_AddCommand") -> None:
    hook = command("hook", "print the code that your shell's startup file evaluates")
    hook.add_argument("shell", choices=("bash", "zsh", "fish"))

    execute = command("exec", "run a command in the project's environment", "execute")
    _add_choice(execute)
    execute.add_argument("--fresh", action="store_true", help="ignore stored activations")
    execute.add_argument("cmd", metavar="CMD", nargs=argparse.REMAINDER)

    export = command("export", "print the environment once, as code or data")
    _add_choice(export)
    formats = ("sh", "bash", "zsh", "fish", "json", "dotenv", "direnv", "vim")
    export.add_argument(
        "--format", choices=formats, default="sh", help="default: sh, which bash and zsh read too"
    )

    shim = command("shim", "write programs that run in the project's environment, for editors")
    _add_choice(shim)
    shim.add_argument(
        "folder", nargs="?", metavar="DIR", help="default: .hpcenv.shims[-ENV] in the project"
    )
    shim.add_argument(
        "--direnv",
        action="store_true",
        help="write a stand-in for direnv, for an editor's extension",
    )


def _add_configuring(command: "_AddCommand") -> None:
    allow = command("allow", "allow a configuration to take effect")
    allow.add_argument("path", nargs="?", default=".", help="the project, or its file")
    allow.add_argument("--force", action="store_true", help="even if every user can write to it")

    deny = command("deny", "never let a configuration take effect")
    deny.add_argument("path", nargs="?", default=".", help="the project, or its file")

    status = command("status", "show what is active, or would be, and where it comes from")
    _add_directory(status)
    status.add_argument("--json", action="store_true", help="print JSON")

    doctor = command("doctor", "find what goes wrong, or will, with a remedy for each")
    _add_directory(doctor)
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument(
        "--script", dest="scripts", nargs="+", metavar="FILE", help="look at batch scripts instead"
    )
    explain = command("explain", "show who set a variable, and what leaving makes of it")
    _add_choice(explain)
    explain.add_argument(
        "name", nargs="?", metavar="VAR", help="default: all that the project changes"
    )
    explain.add_argument("--json", action="store_true", help="print JSON")

    init = command("init", "write a commented configuration to start from")
    init.add_argument(
        "--from-loaded", action="store_true", help="from the modules and environment active here"
    )
    init.add_argument(
        "--from", dest="scripts", nargs="+", metavar="SCRIPT", help="from batch scripts"
    )
    init.add_argument("--diff", action="store_true", help="only show what the scripts could become")
    init.add_argument("--force", action="store_true", help="overwrite an existing one")

    for name, text in (
        ("add", "add modules to the configuration, if they can be loaded"),
        ("remove", "remove modules from the configuration"),
    ):
        change = command(name, text)
        _add_choice(change)
        change.add_argument("modules", nargs="+", metavar="MODULE", help="as after `module load`")
    _add_directory(command("edit", "open the configuration in your editor, then allow it"))


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    text = "say which files, guards and module commands decide, with times"
    parser.add_argument(
        "-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help=text
    )


def _add_environments(command: "_AddCommand") -> None:
    for name, text in (
        ("prepare", "build, install and store everything that a job needs"),
        ("sync", "install what the configuration asks for now"),
        ("rebuild", "build the environment again beside the old one, then swap the two"),
    ):
        _add_choice(command(name, text))
    freeze = command("freeze", "print the pinned requirements, as `pip freeze` does")
    _add_choice(freeze)
    freeze.add_argument("-o", dest="output", metavar="FILE", help="write to FILE instead")

    listing = command("list", "list your environments with their size and number of files")
    listing.add_argument("--json", action="store_true", help="print JSON")
    prune = command("prune", "remove environments whose projects are gone")
    prune.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    prune.add_argument("--yes", action="store_true", help="do not ask")


def _add_shell(command: "_AddCommand") -> None:
    setup = command("setup", "add the hook's line to your shell's startup file")
    setup.add_argument("--shell", choices=("bash", "zsh", "fish"), help="default: your login shell")
    setup.add_argument("--remove", action="store_true", help="take the line out")
    for name, text in (
        ("on", "enter the project again after `off` or `deactivate`"),
        ("off", "leave the project until you leave its folder"),
        ("reload", "compile the project and enter it again"),
    ):
        command(name, text, "switch")
    cache = command("cache", "list, check or clear the stored activations")
    actions = cache.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    listing = _add_command(actions, "list", "show what each activation was made from")
    listing.add_argument(
        "--why", action="store_true", help="show its conditions, and which of them fail here"
    )
    _add_command(actions, "check", "compare each activation with a real load")
    _add_command(actions, "clear", "remove them all; they are compiled again when needed")
    _add_kernel(command)
    command("demo", "show the main steps in a scratch folder")


def _add_kernel(command: "_AddCommand") -> None:
    kernel = command("kernel", "install, list or remove the project's kernels for Jupyter")
    actions = kernel.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    install = _add_command(actions, "install", "let Jupyter run notebooks in the project")
    _add_choice(install)
    install.add_argument("--name", help="by which Jupyter knows it (default: the project's name)")
    install.add_argument("--display-name", metavar="TEXT", help="what Jupyter shows")
    install.add_argument(
        "--language", choices=("python", "R", "julia"), help="default: those of the project"
    )
    listing = _add_command(actions, "list", "list the kernels with their projects")
    listing.add_argument("--json", action="store_true", help="print JSON")
    remove = _add_command(actions, "remove", "remove kernels that this tool has installed")
    _add_directory(remove)
    remove.add_argument(
        "names", nargs="*", metavar="NAME", help="default: those of the project here"
    )
    for action in (install, listing, remove):
        action.add_argument("--prefix", metavar="DIR", help="below DIR/share/jupyter, for a group")


def _add_directory(command: argparse.ArgumentParser) -> None:
    command.add_argument("-C", dest="directory", metavar="DIR", help="run as if started in DIR")
    command.add_argument("--project", metavar="DIR", help="use the project of DIR, but stay here")


def _add_choice(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    command.add_argument("--allow", action="store_true", help="allow the configuration first")
    command.add_argument("--site", help="use this site instead of detecting one")
    command.add_argument("--env", help="use this named environment of the project")


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415

        emit(f"autoenv-hpc {version('autoenv-hpc')}\n")
        raise SystemExit(0)
