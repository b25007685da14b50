"""What a module load asked of the world, with the answers: read from the listeners' record.

`shell/observe.lua` and `shell/observe.tcl` write the record while the module tool runs, and
describe its format. Here questions become conditions. The table in docs/explanation says for each
kind what becomes of it; a kind that is unknown here is a reason not to store the load.
"""

import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from autoenv_hpc.environment import Env
from autoenv_hpc.guards import LONGEST_TEXT, Guards, Kind, is_recent, read
from autoenv_hpc.modules.bookkeeping import is_bookkeeping
from autoenv_hpc.system import machine

_KINDS = {  # what Lua's and Tcl's libraries call the same thing
    "regular": "file",
    "named-pipe": "fifo",
    "char-device": "device",
    "character": "device",
    "characterSpecial": "device",
    "block-device": "device",
    "block": "device",
    "blockSpecial": "device",
}
_PRESENT: Mapping[str, Kind] = {"file": "file", "directory": "folder"}
_BOUND_AGE = 3600  # seconds; what a modulefile learns of its host or user may change
_DOUBTFUL_AGE = 600  # seconds
_PATHS = frozenset(("read", "file", "folder", "walk", "link", "kind", "access"))
_FLAGS = frozenset(("host", "machine", "user", "shell"))
_WRITTEN = 60 * 10**9  # ns; files are written first, and get their permissions soon after
_COMPARED = 262_144  # bytes of content in one activation; a shell reads more of it too slowly
_GLOB_FOLDERS = 64  # of a pattern; more are not watched
_DEEPEST = 200  # folders on the way to a file

# Why a load cannot be stored, by the kind of question; `{}` is what was asked for.
_REASONS = {
    "clock": "asks what time it is",
    "chance": "asks for something random",
    "process": "asks after its own process",
    "effect": "changes something outside ({})",
    "input": "reads its standard input",
    "terminal": "asks after the terminal",
    "alias": "reads a variable of the environment through a link from another one",
    "socket": "opens a connection",
    "library": "loads the library {}, whose questions nobody can see",
    "output": "prints code for the shell",
}
# The same for questions that may have been harmless.
_DOUBTS = {
    "environment": "reads the whole environment",
    "program": "runs {}",
    "doubt": "asks {}",
}
# Programs of which the answer depends on the machine or the user alone.
_MACHINE_PROGRAMS = re.compile(
    r"(?:\S*/)?(?:arch|uname(?:\s+-[mpios]+)*)\s*(?:2>\s*/dev/null)?\s*\Z"
)
_HOST_PROGRAMS = re.compile(
    r"(?:\S*/)?(?:hostname|uname|nproc)(?:\s+-\w+)*\s*(?:2>\s*/dev/null)?\s*\Z"
)
_USER_PROGRAMS = re.compile(
    r"(?:\S*/)?(?:id|groups|whoami|logname)(?:\s+-\w+)*\s*(?:2>\s*/dev/null)?\s*\Z"
)
_LOGS = re.compile(r"(?:\S*/)?logger\s[^;&|<>`$]*\Z")
# Where the kernel shows what is no file. In /dev/shm are files as anywhere else.
_OF_KERNEL = re.compile(r"/(?:proc|sys|dev(?!/shm(?:/|\Z)))(?:/|\Z)")
_OF_BASH = ("OLDPWD", "SHLVL", "_")  # the scratch shell has values of its own for these


class Observations(NamedTuple):
    """What a load depended on. Values of variables are those outside, before the load.

    A module tool's own record of its state is one unit: its parts that are not set are left out.
    They are not set as long as the modules that were loaded before are the same.
    """

    files: Mapping[str, int | None] = {}  # what was read or looked at: its time in ns; None: absent
    texts: Mapping[str, str] = {}  # of those files whose time somebody has set
    present: Mapping[str, str] = {}  # what only had to be there: its kind, "file" or "directory"
    links: Mapping[str, str | None] = {}  # where each link leads on the way; None: it is no link
    variables: Mapping[str, str | None] = {}  # that were asked for before the load set them
    written: Mapping[str, str | None] = {}  # that the load set or unset, whatever they were
    host: bool = False  # the host's name, or something that differs between hosts
    machine: bool = False  # the kind of processor
    user: bool = False  # the user or a group
    shell: bool = False  # the name of the shell that asks
    place: str | None = None  # the working directory
    unstorable: str | None = None  # the question that no condition can express, and who asked it
    changed: str | None = None  # what changed while it was asked for, or just before
    crowded: bool = False  # whether such files are too long to compare
    doubt: str | None = None  # the question of which nobody knows what it asked


def guards(
    record: bytes, before: Env, began: int, shell: str, *, is_failure: bool = False
) -> Guards | None:
    """The conditions under which the same load gives the same again.

    :param record: everything that the listeners wrote in the scratch shells of one load.
    :param before: the environment that they were given.
    :param began: when they began, in ns since the epoch.
    :param shell: the shell for which the modules were loaded.
    :param is_failure: whether a name was not found. Lmod looks for its alias in the rc files of all
        names, so any of these could now give it a meaning.
    :return: None if the module tool is a program to which nobody can listen.
    """
    seen = observed(record, before, began, is_failure=is_failure)
    if seen is None:
        if all(question.kind == "call" for question in _questions(record)):
            return None
        return Guards(not_storable_because="the module tool was not listened to until its end")
    conditions = _conditions(seen)
    return conditions._replace(
        shell=shell if seen.shell else None,
        not_storable_because=seen.unstorable or seen.doubt,
    )


def script_guards(questions: Iterable["Question"], before: Env, began: int) -> Guards:
    """The conditions under which shell scripts give the same again.

    What is in doubt, such as the answer of an unknown program, counts on this host for minutes.

    :param questions: what they asked: `shell_trace`.
    :param before: the environment that they were given.
    :param began: when they began, in ns since the epoch.
    """
    seen = _Reader(before, began).read(questions)
    conditions = _conditions(seen)
    return doubtful(conditions) if seen.doubt else conditions


def doubtful(conditions: Guards) -> Guards:
    """Conditions that are not complete: the result is believed on this host for minutes."""
    return conditions | Guards(host=os.uname().nodename, max_age=_DOUBTFUL_AGE)


def _conditions(seen: Observations) -> Guards:
    is_bound = seen.host or seen.user  # nothing else shows that an answer has changed
    place = {} if seen.place is None else {"PWD": seen.place}
    return Guards(
        files=seen.files,
        texts=seen.texts,
        present={path: _PRESENT.get(kind, "anything") for path, kind in seen.present.items()},
        links={
            path: None if target is None else os.path.join(os.path.dirname(path), target)
            for path, target in seen.links.items()
        },
        variables={**seen.variables, **seen.written, **place},
        host=os.uname().nodename if is_bound else None,
        cpu=machine.cpu() if seen.machine else None,
        user=machine.user() if seen.user else None,
        max_age=_BOUND_AGE if is_bound or seen.crowded else None,
        not_storable_because=seen.unstorable,
        changed=seen.changed,
    )


class Question(NamedTuple):
    """One question, as the listeners write it."""

    kind: str
    what: str
    answer: str
    asker: str


def observed(
    record: bytes, before: Env, began: int, *, is_failure: bool = False
) -> Observations | None:
    """Read what the listeners wrote.

    :param record: everything that they wrote in one scratch shell.
    :param before: the environment that the scratch shell was given.
    :param began: when it began, in ns since the epoch; nothing may have changed since then.
    :param is_failure: as for `guards`.
    :return: None if a call of the module tool was not listened to until its end.
    """
    questions = list(_questions(record))
    calls = sum(question.kind == "call" for question in questions)
    ends = sum(question.kind == "end" and not question.what for question in questions)
    if calls == 0 or calls != ends:
        return None
    asked = _everything(questions) if is_failure else _deciding(questions)
    return _Reader(before, began).read(list(asked))


def _questions(record: bytes) -> Iterator[Question]:
    fields = os.fsdecode(record).split("\0")[:-1]
    for start in range(0, len(fields) - 3, 4):
        yield Question(*fields[start : start + 4])


def _everything(questions: list[Question]) -> Iterator[Question]:
    """All questions of the walk, whatever name they belong to."""
    for question in questions:
        if question.kind not in ("rc", "rc end"):
            yield question._replace(kind=question.kind.removesuffix(" elsewhere"))


def _deciding(questions: list[Question]) -> Iterator[Question]:
    """Leave out what in the walk has nothing to do with any name tried: folders and rc files.

    One that asks something may mean any name under another answer, so it stays.
    """
    tried = {question.what for question in questions if question.kind == "tried"}
    folders = {question.what for question in questions if question.kind == "walk"}
    held: list[Question] | None = None
    for question in questions:
        if question.kind == "rc":
            if question.answer == "walk":
                held = []
        elif question.kind == "rc end":
            names = set(question.answer.split("\n"))
            where = os.path.dirname(question.what)
            is_of_a_name = where not in folders and any(
                where.startswith(f"{folder}/") for folder in folders
            )
            asks = any(asked.what != question.what for asked in held or ())
            if held is not None and (asks or not is_of_a_name or names & tried):
                yield from held
            held = None
        elif question.kind == "walk elsewhere":
            pass
        elif held is None:
            yield question
        else:
            held.append(question)


class _Reader:
    """Turns questions, in the order in which they were asked, into conditions."""

    def __init__(self, before: Env, began: int) -> None:
        self._before = before
        self._began = began
        self._files: dict[str, int | None] = {}
        self._regular: dict[str, os.stat_result] = {}
        self._present: dict[str, str] = {}
        self._links: dict[str, str | None] = {}
        self._variables: dict[str, str | None] = {}
        self._written: dict[str, str | None] = {}
        self._flags: set[str] = set()
        self._place: str | None = None
        self._because: str | None = None
        self._changed: str | None = None
        self._doubt: str | None = None
        self._tools: tuple[str, ...] = ()
        self._real: dict[str, str] = {"/": "/", "": ""}
        self._read: set[str] = set()  # the real paths of files
        self._busy = (os.path.realpath(before.get("HOME", "/")), "/etc")  # folders

    def read(self, questions: Iterable[Question]) -> Observations:
        questions = list(questions)
        self._tools = tuple({question.what for question in questions if question.kind == "tool"})
        for question in questions:
            self._take(question)
        self._watch_folders()
        texts, is_crowded = self._texts()
        return Observations(
            self._files,
            texts,
            self._present,
            self._links,
            {n: v for n, v in self._variables.items() if v is not None or not is_bookkeeping(n)},
            self._written,
            "host" in self._flags,
            "machine" in self._flags,
            "user" in self._flags,
            "shell" in self._flags,
            self._place,
            self._because,
            self._changed,
            is_crowded,
            self._doubt,
        )

    def _take(self, question: Question) -> None:
        kind, what, answer, asker = question
        if kind in _PATHS and what.count("/") > _DEEPEST:
            self._refuse(asker, "looks at a path with more folders than can be watched")
        elif kind in _PATHS:
            is_followed = kind == "link" and what.endswith("/")  # by lstat(2)
            self._path("kind" if is_followed else kind, what, answer, asker)
        elif kind in _FLAGS:
            self._flags.add(kind)
        elif kind in _DOUBTS and kind != "program":
            self._note_doubt(asker, _DOUBTS[kind].format(what))
        elif kind in _REASONS:
            self._refuse(asker, _REASONS[kind].format(what))
        else:
            self._take_other(kind, what, asker)

    def _take_other(self, kind: str, what: str, asker: str) -> None:
        match kind:
            case "variable":
                self._variable(what)
            case "set":
                self._written.setdefault(what, self._before.get(what))
            case "glob":
                self._glob(what, asker)
            case "call":
                self._path("read", what, "unseen", "")
            case "place":
                self._place = what
            case "program":
                self._program(what, asker)
            case "tool" | "tried" | "modulepath" | "end":
                pass
            case _:
                self._refuse(asker, f"asks {what}, which no condition can express")

    def _note_doubt(self, asker: str, text: str) -> None:
        if self._doubt is None:
            self._doubt = f"{asker or 'the module tool'} {text}"

    def _refuse(self, asker: str, text: str) -> None:
        if self._because is None:
            self._because = f"{asker or 'the module tool'} {text}"

    def _variable(self, name: str) -> None:
        if name == "PWD":
            self._place = self._before.get("PWD", os.getcwd())
        elif name in _OF_BASH:
            self._refuse("", f"asks for {name}, which is another in each shell")
        elif name not in self._written:
            self._variables.setdefault(name, self._before.get(name))

    def _program(self, command: str, asker: str) -> None:
        command = command.strip()
        if _MACHINE_PROGRAMS.match(command):
            self._flags.add("machine")
        elif _HOST_PROGRAMS.match(command):
            self._flags.add("host")
        elif _USER_PROGRAMS.match(command):
            self._flags.add("user")
        elif not _LOGS.match(command):
            self._note_doubt(asker, _DOUBTS["program"].format(command))
            return
        self._variable("PATH")

    def _path(self, kind: str, path: str, answer: str, asker: str) -> None:
        if "/messageDir/" in path and path.startswith(self._tools):
            return  # Lmod's own messages
        path = self._normal(path)
        real = self._resolve(os.path.dirname(path) if kind == "link" else path)
        if _OF_KERNEL.match(real):
            self._kernel(kind, path, real, answer, asker)
            return
        seen = answer.split(" ", 5)
        now = _state(path, follows=kind != "link")
        asks_kind = kind in ("kind", "access") or (
            kind == "link" and now is not None and stat.S_ISDIR(now.st_mode)
        )
        if not _agree(seen, now, kind) or (now and not asks_kind and is_recent(now, self._began)):
            self._changed = self._changed or f"{path} changed during the load, or just before it"
        if now is None:
            self._file(path, None)
        elif kind == "link" and stat.S_ISLNK(now.st_mode):
            # no shell can read a link, but its folder tells that there is another one
            self._resolve(path)
            self._take(Question("folder", os.path.dirname(path), "unseen", asker))
            return
        elif asks_kind:
            self._present[path] = _kind(now)
        else:
            self._file(path, now.st_mtime_ns)
            if stat.S_ISREG(now.st_mode):
                self._regular[path] = now
                if kind == "read":
                    self._read.add(real)
        if kind == "link":
            self._links[path] = None
            self._missing_folders(os.path.dirname(path), asker)

    def _missing_folders(self, path: str, asker: str) -> None:
        """Guard the folders that are not there: a link in the place of one leads elsewhere."""
        if _state(path) is not None:
            return
        if os.path.islink(path):
            self._take(Question("folder", os.path.dirname(path), "unseen", asker))
        else:
            self._file(path, None)
            self._links[path] = None
        self._missing_folders(os.path.dirname(path), asker)

    def _file(self, path: str, then: int | None) -> None:
        if self._files.setdefault(path, then) != then:
            self._changed = self._changed or f"{path} changed during the load"

    def _texts(self) -> tuple[dict[str, str], bool]:
        """The content of files whose time does not tell enough.

        If it was set, as by those who publish a tree, an edited file may get it again. If the
        folder's time is no guard, another file with the same time may take its place. Also returns
        whether some are too long to compare.
        """
        shared = Counter(state.st_mtime_ns for state in self._regular.values())
        texts: dict[str, str] = {}
        left, is_crowded = _COMPARED, False
        for path, state in self._regular.items():
            is_set = state.st_ctime_ns - state.st_mtime_ns > _WRITTEN
            real = self._resolve(path)
            is_in_busy = real in self._read and os.path.dirname(real) in self._busy
            if shared[state.st_mtime_ns] == 1 and not is_set and not is_in_busy:
                continue
            text = read(path) if state.st_size <= min(left, LONGEST_TEXT) else None
            now = _state(path)
            if now is None or now.st_ctime_ns != state.st_ctime_ns:
                self._changed = self._changed or f"{path} changed during the load"
            elif text is None or "\0" in text:
                is_crowded = True
            else:
                texts[path] = text
                left -= state.st_size
        return texts, is_crowded

    def _kernel(self, kind: str, path: str, real: str, answer: str, asker: str) -> None:
        """What the kernel shows as files; a link such as `/etc/mtab` may lead to one."""
        if real == "/dev/null":  # as a link to it stands for an empty file
            self._present[path] = "device"
            return
        self._flags.add("host")
        if re.match(r"/proc/(?:\d+|\$\$)/", real):
            self._refuse(asker, _REASONS["process"])
            return
        if answer == "absent":
            self._files[path] = None
        elif kind in ("kind", "access", "link"):
            self._present[path] = _kind(now) if (now := _state(path)) else "file"
        elif real == "/proc/cpuinfo":
            self._flags.add("machine")
        elif not re.match(
            r"/proc/(sys/kernel/(hostname|osrelease|ostype|version)|version)\Z", real
        ):
            self._refuse(asker, f"looks at {path}, which changes without a trace")

    def _glob(self, pattern: str, asker: str) -> None:
        """A pattern's answer changes if one of the folders does in which names are matched."""
        folders, parts = ["/"], pattern.strip("/").split("/")
        if any(part.count("{") != part.count("}") for part in parts):
            self._refuse(asker, f"looks for {pattern}, with folders in braces")
            return
        for part in parts:
            if not re.search(r"[*?\[{\\]", part):
                folders = [os.path.join(folder, part) for folder in folders]
                continue
            for folder in folders:
                self._path("folder", folder, "unseen", asker)
            folders = [path for folder in folders for path in _subfolders(folder)]
            if len(folders) > _GLOB_FOLDERS:
                self._refuse(asker, f"looks for {pattern} in more folders than can be watched")
                return
        for folder in folders:
            self._path("file", folder, "unseen", asker)

    def _normal(self, path: str) -> str:
        """The path without `..`, where that leads to the same place.

        A slash at its end stays where it decides: what is no folder is absent under such a name.
        """
        end = "/" if path.endswith("/") and not os.path.isdir(path) else ""
        if "/../" not in path and "/./" not in path and "//" not in path:
            return (path.rstrip("/") or "/") + end
        short = os.path.normpath(path)
        if short.startswith("//"):  # POSIX keeps two, and to Linux they are one
            path, short = path.replace("//", "/", 1), short[1:]
        folder, short_folder = os.path.dirname(path), os.path.dirname(short)
        same = os.path.realpath(folder) == os.path.realpath(short_folder)
        return short + end if same else path

    def _resolve(self, path: str) -> str:
        """The real path. Each link on the way is noted; what was looked at is remembered."""
        known = self._real.get(path)
        if known is not None:
            return known
        if _OF_KERNEL.match(path):
            return path  # a link there, as /proc/self is one, leads each process elsewhere
        folder, name = os.path.split(path)
        real_folder = self._resolve(folder) if folder != path else "/"  # however many slashes
        self._real[path] = real = os.path.join(real_folder, name)
        try:
            target = os.readlink(path)
        except OSError:
            return real
        if os.path.exists(path):  # else the absent file is the condition
            self._links[path] = target
        self._real[path] = real = self._resolve(os.path.normpath(os.path.join(real_folder, target)))
        return real

    def _watch_folders(self) -> None:
        """Guard the folder of each file that was read.

        Another file with the same time may take its place; its folder then has a new one. Those for
        all users change too often for other reasons, and so do the home folder and /etc, which has
        another time on each host: of the files there, the content is compared.
        """
        for path in self._read:
            folder = os.path.dirname(path)
            now = _state(folder)
            if folder not in self._busy and now and not now.st_mode & stat.S_ISVTX:
                self._files.setdefault(folder, now.st_mtime_ns)


def _state(path: str, *, follows: bool = True) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follows)
    except OSError:
        return None


def _kind(state: os.stat_result) -> str:
    if stat.S_ISDIR(state.st_mode):
        return "directory"
    return "file" if stat.S_ISREG(state.st_mode) else "device"


def _agree(seen: list[str], now: os.stat_result | None, kind: str) -> bool:
    """Whether a file is still in the state in which it was before it was looked at.

    Lua and Tcl know the times in seconds only. With the time of the last change of the inode, which
    nobody can set, with size and inode that leaves changes within one second; those are seen by our
    own clock.
    """
    if seen == ["unseen"]:
        return True
    if seen == ["absent"]:
        return now is None
    if now is None:
        return False
    if kind in ("kind", "access"):
        return _KINDS.get(seen[0], seen[0]) in (_kind(now), "device", "fifo", "socket", "other")
    if seen[0] == "directory" and kind in ("file", "link", "read"):
        return stat.S_ISDIR(now.st_mode)
    then = [str(n) for n in (int(now.st_mtime_ns // 10**9), int(now.st_ctime_ns // 10**9))]
    return seen[1:5] == [*then, str(now.st_size), str(now.st_ino)]


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG):
            return []
        raise
