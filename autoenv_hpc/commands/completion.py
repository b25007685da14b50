"""`completion SHELL`: the completions for a shell."""

import argparse
from collections.abc import Iterator
from typing import Any

from autoenv_hpc import report
from autoenv_hpc.context import Context

# Module names come from a file, so that completing a word loads nothing (`modules/names.py`).
_CACHE = "${AUTOENV_HPC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/autoenv-hpc}"
_PREAMBLE = {
    "bash": f"""\
_autoenv_hpc_modules() {{
  local name key=${{MODULEPATH-}}
  key=${{key//\\//%}}
  if ((${{#key}} > 200)); then key=${{key: -200}}; fi
  while IFS= read -r name; do
    if [[ ${{name,,}} == "${{1,,}}"* ]]; then printf '%s\\n' "$name"; fi
  done 2>/dev/null <"{_CACHE}/names/m$key"
}}
_autoenv_hpc_programs() {{ compgen -c -- "$1"; }}
""",
    "zsh": f"""\
_autoenv_hpc_modules() {{
  local key=${{MODULEPATH-}}
  key=${{key//\\//%}}
  if (( $#key > 200 )); then key=$key[-200,-1]; fi
  local file="{_CACHE}/names/m$key"
  [[ -r $file ]] || return
  compadd -M 'm:{{[:lower:][:upper:]}}={{[:upper:][:lower:]}}' -- ${{(f)"$(<$file)"}}
}}
""",
    "fish": """\
function _autoenv_hpc_modules
    set -l folders $AUTOENV_HPC_CACHE_DIR $XDG_CACHE_HOME/autoenv-hpc ~/.cache/autoenv-hpc
    set -l key (string join -- : $MODULEPATH | string replace -a / % | string sub -s -200)
    set -l file $folders[1]/names/m$key
    test -r $file; and while read -l name; echo $name; end <$file
end
""",
}
_MODULES = {
    "bash": "_autoenv_hpc_modules",
    "zsh": "_autoenv_hpc_modules",
    "fish": "(_autoenv_hpc_modules)",
}
_PROGRAMS = {
    "bash": "_autoenv_hpc_programs",
    "zsh": "_command_names -e",
    "fish": "(__fish_complete_subcommand)",
}


def run(context: Context) -> int:
    """Print the completions, made from the parser of the command line."""
    report.emit(text(context.arguments.parser, context.arguments.shell))
    return 0


def text(parser: argparse.ArgumentParser, shell: str) -> str:
    """The code that a shell reads to complete the words of the command line."""
    import shtab  # noqa: PLC0415 - only completions need it

    kinds = {
        "DIR": shtab.DIRECTORY,
        "FILE": shtab.FILE,
        "path": shtab.FILE,
        "MODULE": _MODULES,
        "CMD": _PROGRAMS,
    }
    for action in _actions(parser):
        kind = kinds.get(str(action.metavar or action.dest))
        if kind:
            action.complete = kind
    code: str = shtab.complete(parser, shell, preamble=_PREAMBLE[shell])
    return code if code.endswith("\n") else f"{code}\n"


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no other name
            for inner in action.choices.values():
                yield from _actions(inner)
        else:
            yield action
