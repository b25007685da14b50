"""Writes the parts of the documentation that are taken from the code.

    python docs/generate.py             write them; `make docs` does it
    python docs/generate.py --check     say what is out of date, and end with 1; a test does it
    python docs/generate.py --picture   draw `docs/demo.svg`, for which the demo runs

A part stands between `<!-- NAME -->` and `<!-- end -->`. Everything around it is written by hand.
"""

import argparse
import ast
import difflib
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# What the pages are made from; nothing else in this file knows where it is.
from autoenv_hpc import cli
from autoenv_hpc.project import config, known_sites, schema

if TYPE_CHECKING:
    from rich.text import Text

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
Parts = dict[str, str]


def pages(checkout: Path = CHECKOUT) -> dict[Path, str]:
    """Each page with its parts as they should be.

    :raises ValueError: a page has no place for a part, or a key has no meaning.
    """
    made = {
        checkout / "docs/reference/commands.md": commands(),
        checkout / "docs/reference/configuration.md": keys(),
        checkout / "docs/reference/sites.md": site_data(),
        checkout / "CONTRIBUTING.md": {"map": repository_map(checkout)},
    }
    texts = {page: filled(page, parts) for page, parts in made.items()}
    return texts | {checkout / "docs/reference/hpcenv.schema.json": json_schema()}


def filled(page: Path, parts: Parts) -> str:
    """A page with these parts in their places.

    :raises ValueError: it has no place for one of them.
    """
    text = page.read_text()
    for name, part in parts.items():
        pattern = f"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)"

        def place(found: re.Match[str], part: str = part) -> str:
            return f"{found[1]}\n{part}\n\n{found[2]}"

        text, places = re.subn(pattern, place, text, flags=re.DOTALL)
        if places != 1:
            raise ValueError(f"{page}: {places} places for {name!r}, not one")
    return text


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# --- commands -------------------------------------------------------------------------------


def commands() -> Parts:
    """Usage and options of each command, from the parser."""
    return dict(_described(cli.parser()))


def _described(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for inner in action.choices.values():
                yield _name(inner), _command(inner)
                yield from _described(inner)


def _name(parser: argparse.ArgumentParser) -> str:
    return parser.prog.partition(" ")[2]


def _command(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=90)
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    usage = usage.replace(" [-h]", "").replace(" ...", " [CMD …]" if " ACTION" not in usage else "")
    rows = []
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):  # noqa: SLF001
            continue
        if action.help is None and not action.choices:
            continue
        words = ", ".join(action.option_strings) or str(action.metavar or action.dest).upper()
        if action.option_strings and action.nargs != 0:
            words += f" {action.metavar or action.dest.upper()}"
        choices = ", ".join(f"`{word}`" for word in action.choices or ())
        meaning = "; ".join(filter(None, [action.help, choices and f"one of {choices}"]))
        rows.append([f"`{words}`", _cell(meaning)])
    words = re.findall(r"\[[^]]*\]|\S+", usage)  # an option stays with its value
    lines = textwrap.wrap(
        " ".join(w.replace(" ", "\0") for w in words), 90, subsequent_indent="    "
    )
    text = "\n".join(["```text", *lines, "```"]).replace("\0", " ")
    return f"{text}\n\n{_table(['argument', 'meaning'], rows)}" if rows else text


# --- keys of a configuration ----------------------------------------------------------------

# Which values a key may have is found out by offering it some.
_SAMPLES: tuple[tuple[str, object], ...] = (
    ("string", "1h"),
    ("integer", 1),
    ("list of strings", ["1h"]),
    ("`true`", True),
    ("`false`", False),
    ("`{ path = string }`", {"path": "1h"}),
)
_DEFAULTS: dict[str, Mapping[str, object]] = {
    "": config.Config._field_defaults,
    "venv": config.Venv._field_defaults,
    "cache": config.Cache._field_defaults,
    "storage": config.Storage._field_defaults,
    "python-path": {"policy": config.Config._field_defaults["python_path"]},
}


class Key(NamedTuple):
    """One key of a configuration."""

    table: str
    name: str
    kinds: str

    @property
    def path(self) -> str:
        """The key with its table, as TOML writes it."""
        return f"{self.table}.{self.name}".removeprefix(".")


def every_key() -> list[Key]:
    """Each key that the schema knows; those of a site or a named environment once."""
    return list(_keys("", schema._ABOVE))  # noqa: SLF001 - the schema is this module's own data


def _keys(table: str, checks: Mapping[str, schema.Check]) -> Iterator[Key]:
    for name, check in checks.items():
        path = f"{table}.{name}".removeprefix(".")
        if check.keys:
            yield from _keys(path, check.keys)
        elif check.each and check.each.keys:
            # what they override is described where it stands
            own = {k: v for k, v in check.each.keys.items() if k not in checks}
            yield from _keys(f"{path}.NAME", own)
        elif check.each:
            yield Key(path, "NAME", _kinds(check.each))
        else:
            words = check.json.get("enum")
            yield Key(table, name, ", ".join(f'`"{w}"`' for w in words) if words else _kinds(check))


def _kinds(check: schema.Check) -> str:
    kinds = [kind for kind, sample in _SAMPLES if not list(check.faults((), sample))]
    return " or ".join(kinds)


def keys() -> Parts:
    """One table of keys for each table of a configuration; what they mean is in `keys.toml`."""
    described: dict[str, dict[str, str]] = tomllib.loads((DOCS / "reference/keys.toml").read_text())
    found = every_key()
    without = {key.path for key in found} ^ described.keys()
    if without:
        raise ValueError(f"docs/reference/keys.toml and the schema differ: {sorted(without)}")
    rows: dict[str, list[list[str]]] = {}
    for key in found:
        about = described[key.path]
        default = about.get("default") or _default(key)
        row = [f"`{key.name}`", key.kinds, default, about["meaning"]]
        rows.setdefault(key.table or "top", []).append([_cell(cell) for cell in row])
    heads = ["key", "value", "default", "meaning"]
    return {f"keys of {table}": _table(heads, lines) for table, lines in rows.items()}


def json_schema() -> str:
    """The JSON Schema of a project's configuration, with what each key means (draft-07)."""
    described = tomllib.loads((DOCS / "reference/keys.toml").read_text())
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A project on a cluster: modules, an isolated environment, variables",
        "description": "The file .hpcenv.toml, read by autoenv-hpc.",
    }
    body = schema.json_schema()
    _describe(body, "", described)
    return json.dumps(head | body, indent=1, ensure_ascii=False) + "\n"


def _describe(shape: dict[str, Any], path: str, described: Mapping[str, Mapping[str, str]]) -> None:
    """Give each property its description, wherever its table stands."""
    for name, inner in list(shape.get("properties", {}).items()):
        key = f"{path}.{name}".removeprefix(".")
        if not isinstance(inner, dict):  # nothing is accepted there
            continue
        own = dict(inner)
        about = described.get(key) or described.get(f"{key}.NAME")
        if about:
            own["description"] = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", about["meaning"])
        shape["properties"] = {**shape["properties"], name: own}
        _describe(own, key, described)
        each = own.get("additionalProperties")
        if isinstance(each, dict):
            own["additionalProperties"] = copied = dict(each)
            # below a site or a named environment stand the same keys
            inside = {"site": "", "envs": ""}.get(name, f"{key}.NAME")
            _describe(copied, inside, described)


def _default(key: Key) -> str:
    value = _DEFAULTS.get(key.table, {}).get(key.name.replace("-", "_"))
    return "" if value is None else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


# --- sites ----------------------------------------------------------------------------------


def site_data() -> Parts:
    """What the tool knows of sites by itself."""
    rows = []
    for site, clusters in sorted(known_sites.CLUSTERS.items()):
        domains = sorted(name for name, centre in known_sites.DOMAINS.items() if centre == site)
        profile = [
            f"`{table}.{key} = {_toml(value)}`"
            for table, values in known_sites.PROFILES.get(site, {}).items()
            if isinstance(values, dict)
            for key, value in values.items()
        ]
        rows.append(
            [
                f"`{site}`",
                ", ".join(f"`{name}`" for name in clusters),
                ", ".join(f"`{name}`" for name in domains),
                ", ".join(profile),
            ]
        )
    variables = ", ".join(f"`{name}`" for name in known_sites.IDENTITIES)
    return {
        "sites": _table(["site", "clusters", "host names", "its defaults"], rows),
        "identities": textwrap.fill(variables, 100, break_long_words=False),
    }


# --- the map --------------------------------------------------------------------------------

_WIDTH = 100


def repository_map(checkout: Path = CHECKOUT) -> str:
    """The files of `shell/`, the packages and the modules, each with its first sentence."""
    lines = ["shell/"]
    lines += [
        _entry(2, path.name, _first_comment(path))
        for path in sorted((checkout / "shell").iterdir())
    ]
    package = checkout / "autoenv_hpc"
    lines += [_entry(0, "autoenv_hpc/", _sentence(package / "__init__.py"))]
    lines += [_entry(2, p.name, _sentence(p)) for p in _modules(package)]
    for folder in sorted(path.parent for path in package.glob("*/__init__.py")):
        lines.append(_entry(2, f"{folder.name}/", _sentence(folder / "__init__.py")))
        names = " ".join(path.stem for path in _modules(folder))
        lines += textwrap.wrap(names, _WIDTH - 6, initial_indent=" " * 6, subsequent_indent=" " * 6)
    rooms = sorted(p.name for p in (checkout / "tests").iterdir() if any(p.glob("*[!c]")))
    lines.append(_entry(0, "tests/", " ".join(rooms)))
    return "```text\n" + "\n".join(lines) + "\n```"


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")


def _entry(indent: int, name: str, sentence: str) -> str:
    return f"{' ' * indent}{name:<{25 - indent}} {sentence}".rstrip()


def _sentence(path: Path) -> str:
    """The first line of a module's docstring, which is one sentence."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return text.partition("\n")[0].rstrip(".")


def _first_comment(path: Path) -> str:
    """The first sentence among the comments on top of a shell file."""
    lines: list[str] = []
    for text in path.read_text().splitlines():
        line = f"#{text[2:]}" if text.startswith("--") else text  # Lua
        if not line.startswith("#"):
            break
        if line.startswith(("#!", "# shellcheck")) or line == "#":
            if lines:
                break
            continue
        lines.append(line.lstrip("# "))
    return re.split(r"\.(?: |$)|: ", " ".join(lines))[0]


# --- the picture ----------------------------------------------------------------------------

_COLUMNS, _LINES = 100, 200


def draw(picture: Path) -> None:
    """Draw what the demo shows in a terminal, as it shows it."""
    from rich.console import Console  # noqa: PLC0415 - only for the picture
    from rich.terminal_theme import DIMMED_MONOKAI  # noqa: PLC0415 - likewise

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere)
        for line in _shown():
            console.print(line, soft_wrap=True)
        svg = console.export_svg(title="autoenv-hpc demo", theme=DIMMED_MONOKAI, unique_id="demo")
    # without fonts from elsewhere: a page that shows the picture asks nobody for anything
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    picture.write_text(svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas") + "\n")


def _shown() -> "Iterator[Text]":
    """The lines of the demo, with their colours; what is typed is bold."""
    import pyte  # noqa: PLC0415 - only for the picture
    from rich.text import Text  # noqa: PLC0415 - likewise

    screen = pyte.Screen(_COLUMNS, _LINES)
    # pyte knows no faint text; bright black looks the same
    pyte.ByteStream(screen).feed(_played().replace(b"\x1b[2m", b"\x1b[90m"))
    is_blank = False
    for number, shown in enumerate(screen.display):
        if shown.rstrip().endswith("demo$ exit"):
            return
        if is_blank and not shown.strip():
            continue
        is_blank = not shown.strip()
        line = Text()
        for column in range(len(shown.rstrip())):
            cell = screen.buffer[number][column]
            colour = {"default": "", "brightblack": "bright_black"}.get(cell.fg, cell.fg)
            line.append(cell.data, colour)
        if typed := re.match(r"((?:\(\w+\) )?demo\$ ).", shown):
            line.stylize("green", 0, typed.end(1))
            line.stylize("bold", typed.end(1))
        yield line


def _played() -> bytes:
    """What `autoenv-hpc demo` writes to a terminal of that width."""
    process, terminal = pty.fork()
    if process == 0:
        command = str(Path(sys.executable).parent / "autoenv-hpc")
        os.environ |= {"COLUMNS": str(_COLUMNS), "LINES": "50", "TERM": "xterm-256color"}
        os.execv(command, [command, "demo"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _COLUMNS, 0, 0))
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # the demo has ended (Linux: EIO)
            break
        if not data:
            break
        shown += data
    _, status = os.waitpid(process, 0)
    if status:
        raise SystemExit("the demo failed, so there is no picture")
    return shown


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one differs")
    parser.add_argument("--picture", action="store_true", help="draw the demo")
    asked = parser.parse_args()
    if asked.picture:
        draw(DOCS / "demo.svg")
        return 0
    status = 0
    for page, text in pages().items():
        present = page.read_text() if page.exists() else ""
        if text == present:
            continue
        if asked.check:
            lines = difflib.unified_diff(present.splitlines(), text.splitlines(), lineterm="", n=0)
            sys.stderr.write(f"{page}: run `make docs`\n" + "\n".join(lines) + "\n")
            status = 1
        else:
            page.write_text(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
