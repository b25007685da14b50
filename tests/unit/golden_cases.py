"""What the dialects write for a fixed set of activations: the texts of the golden files.

All inputs are literals. Only the functions at the end know how the package calls its values, so
that the package can be rebuilt while the golden files stay as they are.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from autoenv_hpc.activation import Activation
from autoenv_hpc.environment import Change, Value
from autoenv_hpc.guards import Guards
from autoenv_hpc.shell_definitions import ShellDefinitions
from autoenv_hpc.shells.dialects import dialect_for

DIALECTS = ("bash", "bash4", "zsh", "fish")

Values = Mapping[str, tuple[str | None, str | None]]  # what a variable holds before and after

STAMPS = "/cache/stamps"
CONFIG = ("/project/.hpcenv.toml", f"{STAMPS}/1700000000123456789")
HOSTILE = """it's "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片"""
NOT_UTF8 = "caf\udce9 \udcff\udcfe\\x41'"


class Case(NamedTuple):
    """One activation, in words of its own."""

    change: Values = {}
    files: tuple[tuple[str, str], ...] = (CONFIG,)
    watch: tuple[tuple[str, str], ...] = (CONFIG,)
    reads: Mapping[str, str | None] = {}
    root: str = "/project"
    name: str = "course"
    summary: str = "entered course"
    prompt: str = "(course) "
    outer_prompts: tuple[str, ...] = ()
    aliases: Mapping[str, str | None] = {}
    functions: Mapping[str, str | None] = {}
    completions: Mapping[str, str] = {}
    umask: str | None = None
    limits: Mapping[str, tuple[str, str]] = {}
    texts: Mapping[str, str] = {}
    host: str | None = None
    domain: str | None = None
    cpu: str | None = None
    user: str | None = None
    made: int = 1795518565
    max_age: int = 0  # seconds; 0 is for ever
    made_stamp: str = ""


class Answer(NamedTuple):
    """A way out that Python writes for a shell as it is at this moment."""

    present: Values
    end: tuple[str, ...] | None = ()


VARIABLES: Values = {
    "NEW": (None, "1"),
    "CHANGED": ("old", "new"),
    "REMOVED": ("old", None),
    "EMPTIED": ("old", ""),
    "FILLED": ("", "new"),
    "NEW_AND_EMPTY": (None, ""),
    "EMPTY_AND_REMOVED": ("", None),
    "BASH_FUNC_module%%": ("() {  :\n}", "() {  other\n}"),  # no shell can hold such a name
    "BASH_FUNC_ml()": (None, "() {  :\n}"),
}
SEARCH_PATHS: Values = {
    "PATH": ("/usr/bin:/bin", "/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin"),
    "LD_LIBRARY_PATH": (None, "/opt/lib:/opt/lib64"),
    "PYTHONPATH": ("/home/me/lib", None),
    "PKG_CONFIG_PATH": ("", "/opt/lib/pkgconfig"),
    "INFOPATH": ("/usr/share/info:", "/opt/info::/usr/share/info:"),
    "XDG_DATA_DIRS": ("/usr/share", "/opt/share:/usr/share"),
    "_LMFILES_": (None, "/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua"),
}
HOSTILE_VALUES: Values = {
    "HOSTILE": ("", HOSTILE),
    "WAS_HOSTILE": (HOSTILE, "tame"),
    "QUOTES": (None, """'"'"'\\''"""),
    "LINES": ("one\ntwo\n", "\n\nthree"),
    "NOT_UTF8": (NOT_UTF8, f"{NOT_UTF8}{NOT_UTF8}"),
    "SUBSTITUTION": (None, "$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~"),
    "BACKSLASHES": ("\\", "\\\\n\\'\\"),
    "CONTROLS": ("\x01\x02", "\t\r\x1b[31m\x7f"),
    "BLANKS": (" ", "  leading and trailing  "),
    "OPTIONS": ("-n", "--help"),
    "HOSTILE_PATH": ("/a b:/it's", f"/{NOT_UTF8}:/$(x):/a b:/it's"),
}
SPECIAL: Values = {  # what zsh ties to an array
    "MANPATH": (None, "/opt/man:"),
    "FPATH": (None, "/opt/functions"),
    "CDPATH": (".", None),
    "MODULE_PATH": (None, "/opt/zsh"),
    "MAILPATH": ("/var/mail/me", "/var/mail/us"),
    "FIGNORE": (None, ".o"),
    "PSVAR": ("a", "b:a"),
    "WATCH": (None, "all"),
}
MANY: Values = {f"VARIABLE_{number}": (None, str(number)) for number in range(205)}

CASES = {
    "nothing": Case(),
    "variables": Case(VARIABLES),
    "search-paths": Case(SEARCH_PATHS),
    "hostile-values": Case(HOSTILE_VALUES),
    "special-variables": Case(SPECIAL),
    "many-variables": Case(MANY),  # fish counts at most 200 in one call
    "file-guards": Case(
        {"A": (None, "1")},
        files=(
            ("/state/allowed/record", f"{STAMPS}/some"),
            ("/state/denied/record", f"{STAMPS}/none"),
            CONFIG,
            ("/modules/GCC/10.3.0.lua", f"{STAMPS}/1600000000000000000"),
            ("/modules/it's $(x)/1.0", f"{STAMPS}/1600000000000000000"),
            ("/modules/Python/3.9.5.lua", f"{STAMPS}/1600000000000000000"),
            ("/modules/.version", f"{STAMPS}/none"),
            (f"/modules/{NOT_UTF8}", f"{STAMPS}/1500000000000000001"),
        ),
    ),
    "one-record": Case({"A": (None, "1")}, files=(("/state/allowed/record", f"{STAMPS}/some"),)),
    "variable-guards": Case(
        {"A": (None, "1"), "CHANGED": ("old", "new")},
        reads={
            "EMPTY": "",
            "UNSET": None,
            "PLAIN": "value",
            "HOSTILE": HOSTILE,
            "NOT_UTF8": NOT_UTF8,
            "MANPATH": None,
            "FPATH": "/usr/share/zsh",
            "CHANGED": "the change knows better",
        },
    ),
    "text-guards": Case(
        {"A": (None, "1")},
        texts={
            "/project/.hpcenv.toml": "name = \"it's\"\n\n[env]\nA = '$1 `x` \\'\n",
            "/it's": "",
        },
    ),
    "host-guard": Case({"A": (None, "1")}, host="it's-node.example.org"),
    "domain-guard": Case({"A": (None, "1")}, domain=".it's.example.org"),
    "age-guard": Case(
        {"A": (None, "1")}, max_age=86400, made_stamp=f"{STAMPS}/1795518565000000000"
    ),
    "user-guard": Case({"A": (None, "1")}, user="Uid:\t1\t1\nGroups:\t1 2 \n"),
    "processor-guard": Case({"A": (None, "1")}, cpu="vendor_id\t: It's\nflags\t\t: fpu vme\n"),
    "umask": Case({"A": (None, "1")}, umask="0027"),
    "limits": Case({"A": (None, "1")}, limits={"s": ("unlimited", "unlimited"), "c": ("0", "0")}),
    "aliases": Case(
        aliases={
            "ll": "ls -l",
            "gone": None,
            "ls": "ls --color",  # names itself
            "quoted": "echo 'it is' \"$HOME\"",
            "and": "true",  # fish keeps this word
            "odd:name": "true",
        }
    ),
    "functions": Case(
        functions={
            "greet": 'greet () \n{ \n    echo "it\'s $1"\n}',
            "gone": None,
        }
    ),
    "exported-functions": Case(
        {"BASH_FUNC_greet%%": (None, '() {  echo "it\'s $1"\n}'), "A": (None, "1")}
    ),
    "completions": Case(
        completions={
            "tool": "complete -W 'a b' tool",
            "it's": 'complete -F _x -o nospace -- "it\'s"',
        }
    ),
    "no-prompt": Case({"A": (None, "1")}, prompt="", summary=""),
    "hostile-prompt": Case(
        {"A": (None, "1")},
        root=f"/home/me/{HOSTILE}",
        name=HOSTILE,
        summary=f"entered {HOSTILE}\n",
        prompt="($(x) `x` \\u %d 100% it's \x1b[31m中) ",
    ),
    "outer-prompts": Case({"A": (None, "1")}, outer_prompts=("(base) ", "(it's 100%) ", "$(x)")),
    "no-watch": Case({"A": (None, "1")}, watch=()),
    "watched-files": Case(
        watch=(
            CONFIG,
            ("/project/requirements.txt", CONFIG[1]),
            ("/etc/autoenv-hpc/config.toml", f"{STAMPS}/none"),
            (f"/project/{NOT_UTF8}", f"{STAMPS}/1500000000000000001"),
        )
    ),
    "everything": Case(
        {
            **VARIABLES,
            **SEARCH_PATHS,
            "AUTOENV_HPC_ROOT": (None, "/project"),
            "AUTOENV_HPC_STATE": (None, "eJyLVorVUSgBBQACbAFx"),
            "MANPATH": (None, "/opt/man:"),
            "VIRTUAL_ENV": ("/home/me/outer", "/project/.venv"),
        },
        files=(
            ("/state/allowed/record", f"{STAMPS}/some"),
            CONFIG,
            ("/project/.venv/pyvenv.cfg", f"{STAMPS}/1700000000500000000"),
            ("/state/denied/record", f"{STAMPS}/none"),
        ),
        reads={"LMOD_SYSTEM_NAME": None, "MODULEPATH": "/modules"},
        outer_prompts=("(outer) ",),
        aliases={"ll": "ls -l"},
        functions={"greet": "greet () \n{ \n    :\n}"},
        completions={"tool": "complete -W 'a b' tool"},
        umask="0022",
        host="node1",
        max_age=3600,
        made_stamp=f"{STAMPS}/1795518565000000000",
    ),
}

# An answer has no guards, and writes many variables as it writes one.
STORED_ONLY = {
    *("file-guards", "one-record", "variable-guards", "host-guard", "domain-guard", "age-guard"),
    "text-guards",
    "processor-guard",
    *("many-variables", "no-watch", "watched-files"),
}
WATCHING = ("nothing", "no-watch", "watched-files")

# What the shell holds when Python answers, where that is not what the activation starts from.
PRESENT: dict[str, Values] = {
    "from-another-project": {"NEW": ("other", "1"), "OTHER": ("1", None), "PATH": ("/o", "/p:/o")},
    "all-there-already": {},
}

ANSWERS = {
    "variables": Answer(VARIABLES),
    "search-paths": Answer(SEARCH_PATHS),
    "hostile-values": Answer(HOSTILE_VALUES),
    "special-variables": Answer(SPECIAL),
    "only-removed": Answer({"A": ("1", None), "MANPATH": ("/opt/man", None)}),
    "inherited": Answer({"A": ("1", None)}, None),
    "inherited-and-nothing-to-do": Answer({}, None),
    "keep-deactivate": Answer({"A": ("1", None)}, ("keep-deactivate",)),
    "only-the-shell-part": Answer({}),
    "prompts-that-go": Answer({"A": ("1", None)}, ("drop-deactivate", "(100 %) ", "(it's `x`) ")),
    "users-environment": Answer(
        {"_OLD_VIRTUAL_PATH": ("/project/bin:/bin", "/bin")}, ("keep-deactivate",)
    ),
}


def texts() -> Iterator[tuple[str, str]]:
    """Each golden file below tests/golden, and the text that belongs there."""
    for shell in DIALECTS:
        dialect = dialect_for(shell)
        for name, case in CASES.items():
            activation = _activation(name, case)
            yield f"stored/{name}.{shell}", dialect.stored(activation, STAMPS)
            if name not in STORED_ONLY:
                yield f"entering/{name}.{shell}", dialect.entering(activation, activation.change)
        for name in WATCHING:
            files = _files(CASES[name].watch)
            yield f"watching/{name}.{shell}", dialect.watching(files, STAMPS) + "\n"
        for name, present in PRESENT.items():
            activation = _activation(name, CASES["variables"])
            yield f"entering/{name}.{shell}", dialect.entering(activation, _change(present))
        for name, answer in ANSWERS.items():
            text = dialect.leaving(_change(answer.present), answer.end)
            yield f"leaving/{name}.{shell}", text
        yield f"leaving/ending.{shell}", dialect.leave_shell_part()


def _change(values: Values) -> Change:
    return Change((name, Value(before, after)) for name, (before, after) in values.items())


def _files(pairs: tuple[tuple[str, str], ...]) -> dict[str, int | None]:
    """The times of the stamps; a record that must only be there has none."""
    stamps = {file: stamp.removeprefix(f"{STAMPS}/") for file, stamp in pairs}
    return {
        file: None if stamp == "none" else int(stamp)
        for file, stamp in stamps.items()
        if stamp != "some"
    }


def _activation(variant: str, case: Case) -> Activation:
    change = _change(case.change)
    guards = Guards(
        files=_files(case.files),
        present={file: "anything" for file, stamp in case.files if stamp == f"{STAMPS}/some"},
        variables={**case.reads, **change.befores},
        texts=case.texts,
        host=case.host,
        domain=case.domain,
        cpu=case.cpu,
        user=case.user,
        max_age=case.max_age or None,
        made=case.made,
    )
    return Activation(
        root=case.root,
        name=case.name,
        change=change,
        guards=guards,
        watched=_files(case.watch),
        definitions=ShellDefinitions(
            dict(case.aliases),
            dict(case.functions),
            dict(case.completions),
            case.umask,
            limits=dict(case.limits),
        ),
        prompt=case.prompt,
        outer_prompts=case.outer_prompts,
        summary=case.summary,
        variant=variant.encode().hex()[:24],
    )
