"""Random worlds with module trees, and random changes to them."""

import os
import random
import re
from collections.abc import Iterator

from proof import questions
from proof.questions import FILES, FOLDERS, NAMES, VARIABLES, VERSIONS
from proof.worlds import PLACES, Change, Content, Link, World

_VALUES = ("1", "two", "/x:/y", "")
_LINKS = ("v1", "v2", "d1", "nowhere")
_TEXTS = ("one\n", "two\n", "set SOURCED 1\n", "return 1\n", "return os.getenv('V1')\n")
_NOT_IN_LMOD = re.compile(r"is-avail|try-load|module-info (?:loaded|alias|version)")
_OTHER_PATHS = ("@/tree:@/more", "@/more:@/tree", "@/tree/.:@/more", "@/more", None)

Files = dict[str, Content]


def world(rng: random.Random, tool: str) -> World:
    """A random world for one tool. Lmod reads modulefiles in both languages."""
    maker = _Maker(rng, tool)
    content: Files = dict.fromkeys(("tree", "home", "bin", *PLACES))
    for name in FILES:
        content |= maker.file(name)
    for name in NAMES:
        content |= maker.versions(name)
    for chance, make in ((0.3, maker.rc), (0.3, maker.hook), (0.3, maker.virtual)):
        content |= make() if rng.random() < chance else {}
    if rng.random() < 0.2:
        content["via"] = Link("tree")
    more = any(path.startswith("more/") for path in content)
    return World(
        tool,
        content,
        _environment(rng, tool, "via" if "via" in content else "tree"),
        maker.request(content),
        policy="purge" if rng.random() < 0.1 else "keep",
        paths=("more",) if more and rng.random() < 0.3 else (),
        before=(rng.choice(NAMES),) if rng.random() < 0.15 else (),
        place=rng.choice(PLACES),
        storable=maker.is_storable,
    )


def _environment(rng: random.Random, tool: str, tree: str) -> dict[str, str]:
    env = {name: rng.choice(_VALUES) for name in VARIABLES if rng.random() < 0.4}
    for setting in questions.SETTINGS[tool]:
        if rng.random() < 0.02:
            name, _, value = setting.partition("=")
            env[name] = value
    return env | {
        "HOME": "@/home", "USER": "user", "LANG": "C.UTF-8", "PATH": "@/bin:/usr/local/bin:/usr/bin:/bin",
        "MODULEPATH": f"@/{tree}" + (":@/more" if rng.random() < 0.2 else ""),
        "LMOD_PACKAGE_PATH": "@/site", "MODULES_SITECONFIG": "@/site.tcl",
    }  # fmt: skip


def changes(rng: random.Random, start: World) -> Iterator[Change]:
    """An endless series of random changes to a world."""
    while True:
        yield from _Maker(rng, start.tool).change(start)


class _Maker:
    """Makes random files of a world."""

    def __init__(self, rng: random.Random, tool: str) -> None:
        self._rng = rng
        self._tool = tool
        self._has_obstacles = rng.random() < 0.25
        self.is_storable = True

    def file(self, name: str) -> Files:
        """A file that others ask after, or a folder, or nothing."""
        rng = self._rng
        if name == "l1":
            return {name: Link(rng.choice(_LINKS))} if rng.random() < 0.8 else {}
        if name == "code.lua":
            code, library = rng.choices(questions.LUA_FULL, k=2)
            lib = {"mylib.lua": f"return {self._filled(library)}\n"} if rng.random() < 0.3 else {}
            tcl = self._filled(rng.choice(questions.CODE_TCL))
            return {name: f"return {self._filled(code)}\n", "code.tcl": f"{tcl}\n", **lib}
        text = rng.choice(_TEXTS)
        made: tuple[Files, ...] = ({}, {name: None}, {name: text}, {name: text})
        return rng.choice(made)

    def versions(self, name: str) -> Files:
        """All that there is of one name."""
        rng = self._rng
        made: Files = {}
        for version in VERSIONS:
            for folder, chance in (("tree", 0.6), ("more", 0.1), ("tree/sub", 0.03)):
                if rng.random() < chance:
                    made |= self.modulefile(f"{folder}/{name}/{version}")
        return made | (self.rc(name) if rng.random() < 0.4 else {})

    def modulefile(self, path: str) -> Files:
        """A modulefile that asks up to three questions."""
        rng = self._rng
        name = path.removeprefix("tree/").removeprefix("more/")
        is_lua = self._tool == "lmod" and rng.random() < 0.7
        usual = questions.LUA if is_lua else questions.TCL
        odd = questions.LUA_UNSTORABLE if is_lua else questions.TCL_UNSTORABLE
        lines = []
        for i in range(rng.randint(1, 3)):
            is_odd = self._has_obstacles and rng.random() < 0.1
            self.is_storable &= not is_odd
            case = f"C{i}_{name[0]}"
            lines.append(self._filled(rng.choice(odd if is_odd else usual), case, name))
        if is_lua:
            lines = [f"do {line} end" for line in lines]
            return {f"{path}.lua": "\n".join([*lines, f'setenv("OF_OTHER", "{name}")', ""])}
        if self._tool == "lmod":
            lines = [line for line in lines if not _NOT_IN_LMOD.search(line)]
        return {path: "\n".join(["#%Module", *lines, f"setenv OF_OTHER {name}", ""])}

    def virtual(self) -> Files:
        """What a virtual module leads to."""
        return self.modulefile("virtual") if self._tool == "modules" else {}

    def rc(self, name: str | None = None) -> Files:
        """An rc file beside the versions of a name, or one that rules more."""
        rng = self._rng
        own = name or rng.choice(NAMES)
        if name and rng.random() < 0.25:
            body = self._filled(rng.choice(questions.VERSION_FILE), "C", own)
            return {f"tree/{name}/.version": f"#%Module\n{body}\n"}
        is_lua = self._tool == "lmod" and rng.random() < 0.6
        table = questions.RC_LUA if is_lua else questions.RC_TCL
        if self._tool == "modules":
            table = (*table, *questions.RC_TCL_MODULES)
        lines = [self._filled(t, "C", own) for t in rng.choices(table, k=rng.choice((1, 1, 2)))]
        lines = lines if is_lua else ["#%Module", *lines]
        suffix = ".lua" if is_lua else ""
        places = [f"home/.modulerc{suffix}", f"tree/.modulerc{suffix}", "rc" + (suffix or ".tcl")]
        path = f"tree/{name}/.modulerc{suffix}" if name else rng.choice(places)
        return {path: "\n".join([*lines, ""])}

    def hook(self) -> Files:
        """A site's configuration in the tool's language."""
        rng = self._rng
        if self._tool == "modules":
            line = rng.choice(questions.HOOK_TCL)
            self.is_storable &= line != questions.HOOK_TCL_UNSTORABLE
            text = self._filled(line)
            return {"site.tcl": f"{text}\nset modulefile_extra_cmds {{site_answer site_answer}}\n"}
        if rng.random() < 0.5:
            lines = [self._filled(rng.choice(questions.SITE_LUA)), questions.SITE_LUA_END]
        else:
            line = self._filled(rng.choice(questions.HOOK_LUA), "HOOK")
            lines = ['hook.register("load", function(t)', line, "end)"]
        return {"site/SitePackage.lua": "\n".join([questions.SITE_LUA_BEGIN, *lines, ""])}

    def request(self, content: Files) -> tuple[str, ...]:
        """One or two names as a project may write them, mostly of what is there."""
        rng = self._rng
        there = [path.removesuffix(".lua") for path in content if re.match(r"tree/\w+/\d", path)]
        names = [name for name in NAMES if rng.random() < 0.4] or [rng.choice(NAMES)]
        if rng.random() < 0.05:
            names.append("short")
        return tuple(self._request(name, there) for name in names[-2:])

    def _request(self, name: str, there: list[str]) -> str:
        rng = self._rng
        versions = [
            path.removeprefix("tree/") for path in there if path.startswith(f"tree/{name}/")
        ]
        if name == "short" or (versions and rng.random() < 0.3):
            return name
        if versions and rng.random() < 0.9:
            return rng.choice(versions)
        if self._tool == "modules" and rng.random() < 0.3:
            return f"{name}@{rng.choice(('1', '1:2', ':3', '2,3.1'))}"
        return f"{name}/{rng.choice(('stable', 'default', 'virt', *VERSIONS))}"

    def change(self, start: World) -> Iterator[Change]:
        """One change, or none that makes sense."""
        rng = self._rng
        kinds = (self._of_variable, self._of_file, self._of_module, self._of_rc, self._of_process)
        yield from rng.choices(kinds, (4, 4, 4, 2, 1))[0](start)

    def _of_variable(self, start: World) -> Iterator[Change]:
        rng = self._rng
        if rng.random() < 0.7:
            yield Change(
                "env", rng.choice(VARIABLES), rng.choice((None, "", "1", "other", "/x:/z"))
            )
        else:
            name, _, value = rng.choice(questions.SETTINGS[start.tool]).partition("=")
            yield Change("env", name, rng.choice((value, value, None)))

    def _of_file(self, start: World) -> Iterator[Change]:
        rng = self._rng
        name = rng.choice(FILES)
        match rng.randrange(6):
            case 0 | 1:
                for path, content in self.file(name).items():
                    yield Change("write", path, content)
            case 2:
                yield Change("remove", name)
            case 3:
                yield Change("write", f"{rng.choice(FOLDERS)}/f{rng.randrange(9)}", "new\n")
            case 4:
                yield Change("write", "l1", Link(rng.choice(_LINKS)))
            case 5:
                yield from self._replaced(start, name)

    def _of_module(self, start: World) -> Iterator[Change]:
        rng = self._rng
        there = [path for path in start.content if path.startswith(("tree/", "more/", "virtual"))]
        match rng.randrange(5):
            case 0 | 1:
                folder, name = rng.choice(("tree", "tree", "more")), rng.choice(NAMES)
                made = self.modulefile(f"{folder}/{name}/{rng.choice((*VERSIONS, '9'))}")
                for path, content in made.items():
                    yield Change("write", path, content)
            case 2 if there:
                yield Change("remove", rng.choice(there))
            case 3 if there:
                yield from self._replaced(start, rng.choice(there))
            case 4 if "via" in start.content:
                yield Change("write", "via", Link(rng.choice(("more", "./tree"))))

    def _of_rc(self, start: World) -> Iterator[Change]:
        rng = self._rng
        there = [path for path in start.content if re.search(r"(^|/)(site|rc|\.)[^/]", path)]
        match rng.randrange(4):
            case 0 | 1:
                name = rng.choice(NAMES) if rng.random() < 0.7 else None
                made = self.rc(name) if rng.random() < 0.8 else self.hook()
                for path, content in made.items():
                    yield Change("write", path, content)
            case 2 if there:
                yield Change("remove", rng.choice(there))
            case 3 if there:
                yield from self._replaced(start, rng.choice(there))

    def _of_process(self, _start: World) -> Iterator[Change]:
        rng = self._rng
        made = [
            Change("place", rng.choice(PLACES)),
            Change("umask", number=rng.choice((0o077, 0o002))),
            Change("env", "HOSTNAME", rng.choice(("elsewhere", None))),
            Change("env", "USER", rng.choice(("other", None))),
            Change("env", "MODULEPATH", rng.choice(_OTHER_PATHS)),
            Change("env", "LUA_PATH", "@/?.lua;;"),
            Change("env", "HOME", rng.choice(("@/d1", "@/home/"))),
            Change("env", "LC_ALL", "POSIX"),
            Change("write", "bin/mytool", "#!/bin/sh\n"),
        ]
        if os.geteuid() == 0:
            made.append(Change("groups", number=rng.choice((5, 60))))
            made.append(Change("host", "elsewhere"))
        yield rng.choice(made)

    @staticmethod
    def _replaced(start: World, path: str) -> Iterator[Change]:
        """Another text of the same length."""
        text = start.content.get(path)
        if type(text) is str:
            other = {"one": "two", "two": "one"}
            changed = re.sub(
                r"[a-zA-Z]\d(?=\W)|one|two", lambda m: other.get(m[0], f"{m[0][0]}7"), text
            )
            yield Change("replace", path, changed)

    def _filled(self, template: str, case: str = "C", where: str = "alpha/1") -> str:
        rng = self._rng
        own = where.partition("/")[0]
        later = NAMES[NAMES.index(own) + 1 :] if own in NAMES else NAMES
        other = rng.choice(later if later and rng.random() < 0.8 else NAMES)  # seldom in a circle
        module = other if rng.random() < 0.5 else f"{other}/{rng.choice((*VERSIONS, 'stable'))}"
        values = {
            "v": rng.choice(VARIABLES), "w": rng.choice(VARIABLES), "f": f"@/{rng.choice(FILES)}",
            "m": module, "d": f"@/{rng.choice(FOLDERS)}", "c": case, "n": own, "k": rng.choice(VERSIONS),
            "l": rng.choice(later or ("none",)),
        }  # fmt: skip
        return re.sub(r"<([vwfmdcnkl])>", lambda found: values[found[1]], template)
