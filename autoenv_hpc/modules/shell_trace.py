"""What a shell script asked of the world, read from bash's trace of it (`set -x`).

bash traces each command after all expansions: the files that are sourced, those that `[` tests, and
each program. It traces neither the variables that were expanded nor where a command read from. The
text of the sourced files shows them, where one too many only costs a guard. What is left in doubt
is a question of the kind `doubt`.

A trace may begin with the line `+ : 'own process' PID`: what is asked after that process by its
number is the same in each run.
"""

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.modules.observations import Question
from autoenv_hpc.system.files import read

_LINE = re.compile(r"(\++) (.*)\Z", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^]]*\])?\+?=(.*)\Z", re.DOTALL)
_HOME = re.compile(r"~(?=/)|\"?\$(?:HOME\b|\{HOME\})\"?")
# bash traces each part of `[[ … ]]` by itself, and quotes no word of it.
_CONDITION = re.compile(r"\[\[ (?:! )?(?:(.*) )??(-\w+) (.*) \]\]\Z|\[\[ .* \]\]\Z", re.DOTALL)
_GLOB = re.compile(r"[*?\[]")

# Builtins and keywords that ask nothing that the other questions do not contain.
_QUIET = re.compile(
    r"(?::|\(\(|true|false|echo|printf|readonly|unset|shift|set|shopt|return|exit|break|continue|eval"
    r"|alias|unalias|let|trap|getopts|umask|ulimit|complete|compopt|bind|enable|read|mapfile|readarray"
    r"|wait|times|case|select|until|while|if|function|time|caller|logout)\Z"
)
_DECLARES = frozenset(("export", "declare", "typeset", "local"))
# Programs that depend on nothing but their words, their input and the files among their words.
_PLAIN_PROGRAMS = re.compile(
    r"(?:basename|dirname|cat|cut|[ef]?grep|expr|head|ls|paste|readlink|realpath|rev|seq|sed|sort"
    r"|stty|tail|tput|tr|tty|uniq|wc|dircolors|lesspipe|locale)\Z"
)
_AWKS = frozenset(("awk", "gawk", "mawk", "original-awk"))
_AWK_ASKS = re.compile(r"system|getline|ENVIRON|rand|time|\|\s*\"")
_CONSTANT = re.compile(  # the cache is a user's
    r"(?:\S*/)?(?:id -(?:u|un|ru|nu)|whoami|logname|uname(?: -[so])*"
    r"|ps(?: -p ?\$\$| -o ?(?:comm|args|cmd)=?){2})\Z"
)
_OWN_PROCESS = re.compile(r"\+ : 'own process' (\d+)\n")
_OF_OWN_PROCESS = r"(?<=/proc/){0}(?=/)|(?<=-p){0}(?!\w)|(?<=-p ){0}(?!\w)"
_OWN_PROGRAM = re.compile(r"/proc/(?:\$\$|self)/(?:exe|comm)\Z")

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_VARIABLE = re.compile(r"\$(?:\{[#]?)?([A-Za-z_]\w*|\$)|(?<=\s)-v\s+([A-Za-z_]\w*)")
_LOOP = re.compile(r"\bfor\s+(\w+)\s+in\b")
_INDIRECT = re.compile(r"\$\{!\w|\blocal\s+-n\b|\bdeclare\s+-n\b|\btypeset\s+-n\b")
_FUNCTION = re.compile(r"(?:^|[\s;{])(?:function\s+)?([\w.+:-]+)\s*\(\)|\bfunction\s+([\w.+:-]+)")
_INPUT = re.compile(r"(?<![<&\d])<(?![<&(])\s*([^\s;|&)]+)")
_OUTPUT = re.compile(r"(?<![-=<>&\d])[12]?>{1,2}(?![&(])\s*([^\s;|&)]+)")
_DEVICES = frozenset(("/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty", "/dev/stdin"))
_CHANGING = {"date": "clock", "mktemp": "chance", "uuidgen": "chance", "shuf": "chance"}
_OF_BASH = {
    **dict.fromkeys(("HOSTTYPE", "MACHTYPE", "OSTYPE"), "machine"),
    **dict.fromkeys(("RANDOM", "SRANDOM"), "chance"),
    **dict.fromkeys(("SECONDS", "EPOCHSECONDS", "EPOCHREALTIME"), "clock"),
    **dict.fromkeys(("BASHPID", "PPID", "$"), "process"),
    "HOSTNAME": "host",
    "GROUPS": "user",
}
_KNOWN_TO_BASH = re.compile(  # the same in each run of one bash on one input
    r"(?:BASH_\w+|BASH|UID|EUID|IFS|OPTARG|OPTIND|REPLY|FUNCNAME|LINENO|PIPESTATUS|PS\d|COMP_\w+"
    r"|DIRSTACK|SHELLOPTS|BASHOPTS|_)\Z"
)


_END = "builtin set +x"  # ends a trace of the scratch shell's own


class _Command(NamedTuple):
    depth: int
    text: str


def questions(trace: bytes, sourced: Iterable[str], env: Env) -> list[Question]:
    """What the traced scripts asked.

    :param trace: what bash wrote to BASH_XTRACEFD, with the prompt `+ `.
    :param sourced: the scripts that no traced command sources.
    :param env: the environment at the beginning.
    """
    text = os.fsdecode(trace.replace(b"\0", b""))
    own = _OWN_PROCESS.match(text)
    if own:
        text = re.sub(_OF_OWN_PROCESS.format(own[1]), "$$", text)
    reader = _Reader(env, knows_itself=bool(own))
    for path in sourced:
        reader.source(path)
    for command in _commands(text):
        if command != _Command(1, _END):
            reader.take(command.text)
    return reader.questions


def _commands(trace: str) -> Iterator[_Command]:
    current: _Command | None = None
    for line in trace.removesuffix("\n").split("\n"):
        match = _LINE.match(line)
        if match:
            if current:
                yield current
            current = _Command(len(match[1]), match[2])
        elif current:
            current = current._replace(text=f"{current.text}\n{line}")
    if current:
        yield current


class _Reader:
    def __init__(self, env: Env, *, knows_itself: bool) -> None:
        self.questions: list[Question] = []
        self._knows_itself = knows_itself  # the trace shows what is asked after its own process
        self._place: str | None = env.get("PWD", os.getcwd())  # None: it has changed directory
        self._path = env.get("PATH", os.defpath)
        self._home = env.get("HOME", "~")
        self._functions: set[str] = set()
        self._sourced: set[str] = set()
        self._asker = ""

    def take(self, text: str) -> None:
        """Note what one traced command asks."""
        if text.startswith("for "):
            self._loop(text)
            return
        if condition := _CONDITION.match(text):
            self._test([word for word in condition.groups() if word])
            return
        try:
            words = shlex.split(text)
        except ValueError:  # a word that ends in another line
            self._ask("doubt", text)
            return
        while words and (assigned := _ASSIGNMENT.match(words[0])):
            self._assign(assigned[1], assigned[2])
            words.pop(0)
        while words and words[0] in ("builtin", "exec"):
            words.pop(0)
        if words:
            self._command(words[0], words[1:], text)

    def _assign(self, name: str, value: str) -> None:
        if name == "PATH":
            self._path = value
        elif name in ("PS4", "BASH_XTRACEFD"):
            self._ask("doubt", "what no trace shows")

    def _command(self, name: str, words: list[str], text: str) -> None:
        if name == "command" and words and words[0] not in ("-v", "-V"):
            name, words = words[0], words[1:]
        match name:
            case "[" | "test":
                self._test(words)
            case "." | "source":
                self.source(self._found(next((word for word in words if word != "--"), "")))
            case "cd" | "pushd" | "popd":
                self._place = None
            case "pwd" | "dirs":
                if self._place:
                    self._ask("place", self._place)
            case "type" | "hash" | "which" | "command":
                for word in words:
                    self._look_up(word)
            case "env" | "printenv" | "compgen":
                self._ask("environment", name)
            case _:
                self._other_command(name, words, text)

    def _other_command(self, name: str, words: list[str], text: str) -> None:
        if name in _DECLARES:
            if all(word.startswith("-") for word in words):
                self._ask("environment", name)
            for word in words:
                if assigned := _ASSIGNMENT.match(word):
                    self._assign(assigned[1], assigned[2])
        elif name == "set" and any(re.match(r"\+\w*x|xtrace", word) for word in words):
            self._ask("doubt", "what no trace shows")
        elif not _QUIET.match(name) and name not in self._functions:
            self._program(name, words, text)

    def _program(self, name: str, words: list[str], text: str) -> None:
        self._look_up(name)
        plain = os.path.basename(name)
        is_awk = plain in _AWKS and not any(map(_AWK_ASKS.search, words))
        if _CONSTANT.match(text):
            return
        if plain in _CHANGING:
            self._ask(_CHANGING[plain], plain)
            return
        if name.endswith("/lmod/libexec/addto"):
            self._add_to(name, [word for word in words if not word.startswith("-")])
            return
        if not is_awk and (not _PLAIN_PROGRAMS.match(plain) or "-i" in words):
            self._ask("program", " ".join([plain, *words]))
            return
        for word in words:
            if word.startswith("/"):
                kind = "link" if plain in ("readlink", "realpath") else "file"
                self._ask(kind, word)

    def _add_to(self, program: str, words: list[str]) -> None:
        """Lmod's program that prints a search path with more entries (libexec/addto)."""
        self._ask("read", program)
        for variable in words[:1]:
            self._ask("variable", variable)
        for path in words[1:]:
            self._file("kind", path)

    def _test(self, words: list[str]) -> None:
        for before, operator, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            if operator in ("-nt", "-ot", "-ef"):
                self._file("file", before)
                self._file("file", after)
            elif operator in ("-f", "-d", "-e"):
                self._file("kind", after)
            elif operator in ("-L", "-h"):
                self._file("link", after)
            elif re.fullmatch("-[bcgkprsuwxGNOS]", operator):
                self._file("access" if operator in ("-r", "-x") else "file", after)

    def _file(self, kind: str, path: str) -> None:
        if path in ("", "]", "]]"):
            return
        if path.startswith("/"):
            self._ask(kind, path)
        elif self._place:
            self._ask("place", self._place)
            self._ask(kind, os.path.join(self._place, path))
        else:
            self._ask("doubt", f"after {path} in another folder")

    def _loop(self, text: str) -> None:
        listed = _SINGLE_QUOTED.sub("", text.partition(" in ")[2])
        for word in listed.split():
            if _GLOB.search(word):
                pattern = _HOME.sub(self._home, word)
                kind = "glob" if pattern.startswith("/") and "$" not in pattern else "doubt"
                self._ask(kind, pattern)

    def _found(self, name: str) -> str:
        """The path of a script that is sourced, as bash looks for it."""
        if "/" in name:
            return os.path.join(self._place, name) if self._place else name
        for folder in self._path.split(":"):
            path = os.path.join(folder or ".", name)
            self._file("kind", path)
            if os.path.isfile(path):
                return path
        return os.path.join(self._place or "", name)

    def _look_up(self, name: str) -> None:
        """Note where a program is looked for; another one may come before it."""
        if "/" in name or name.startswith("-") or name in self._functions or _QUIET.match(name):
            return
        for folder in self._path.split(":"):
            path = os.path.join(folder or ".", name)
            self._file("kind", path)
            if os.path.exists(path):
                return

    def source(self, path: str) -> None:
        """Note that a script is sourced, and what its text asks that no trace shows."""
        if not path.startswith("/"):
            self._ask("doubt", f"after {path} in another folder")
            return
        if path in self._sourced:
            return
        self._sourced.add(path)
        self._asker = path
        self._ask("read", path)
        try:
            text = _COMMENT.sub("", os.fsdecode(read(path)))
        except (OSError, ValueError):  # ValueError: a NUL in the name
            return
        self._functions |= {a or b for a, b in _FUNCTION.findall(text)}
        if self._knows_itself:
            text = re.sub(_OF_OWN_PROCESS.format(r"\$\$"), "", text.replace('"$$"', "$$"))
        self._variables(text)
        self._redirections(_SINGLE_QUOTED.sub("''", text))

    def _variables(self, text: str) -> None:
        loops = set(_LOOP.findall(text))
        for name in sorted({a or b for a, b in _VARIABLE.findall(text)} - loops):
            if name in _OF_BASH:
                self._ask(_OF_BASH[name], f"${name}")
            elif not _KNOWN_TO_BASH.match(name):
                self._ask("variable", name)
        if _INDIRECT.search(text):
            self._ask("environment", "a variable whose name is a value")

    def _redirections(self, text: str) -> None:
        for word in _INPUT.findall(text):
            path = word.strip("\"'")
            if path.startswith("/") and not re.search(r"[$`*?]", path):
                self._ask("read", path)
            else:
                self._ask("doubt", f"the file {path}")
        for word in _OUTPUT.findall(text):
            if word.strip("\"'") not in _DEVICES:
                self._ask("effect", f"writes to {word}")

    def _ask(self, kind: str, what: str) -> None:
        question = Question(kind, what, "unseen", self._asker)
        is_known = what in _DEVICES or _OWN_PROGRAM.match(what)
        if not is_known and question not in self.questions:
            self.questions.append(question)
