"""Random module trees with every kind of question in every spelling, and random changes.

A `World` is data: the content of a folder, variables, a working directory, the requested modules.
The functions write it to a disk, change it and reduce it.
"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VARIABLES = ("V1", "V2", "V3", "EBROOTGCC")
FILES = ("f1", "f2", "d1", "d1/inner", "l1", "v1/lib", "v2/lib")
NAMES = ("alpha", "beta", "gamma", "delta")
VERSIONS = ("1", "2", "3.1")
_OLD = 1_600_000_000  # seconds since the epoch; the time of every file on disk, or slightly earlier

# {v} a variable, {w} another, {f} a file, {d} a folder, {m} another module, {c} the target of the answer
LUA = (
    'setenv("{c}", os.getenv("{v}") or "none")',
    'local name = "{v}"; setenv("{c}", os.getenv(name:sub(1, 1) .. name:sub(2)) or "none")',
    'local g = os.getenv; setenv("{c}", g("{v}") or "none")',
    'local t = {{ e = os.getenv }}; setenv("{c}", t.e("{v}") or "none")',
    'local t = setmetatable({{}}, {{ __index = function(_, k) return os.getenv(k) end }}); setenv("{c}", t.{v} or "none")',
    'for _, n in ipairs {{ "{v}", "{w}" }} do setenv("{c}" .. n, os.getenv(n) or "none") end',
    'local _, x = pcall(os.getenv, "{v}"); setenv("{c}", x or "none")',
    'setenv("{c}", loadstring("return os.getenv(\'{v}\')")() or "none")',
    'setenv("{c}", package.loaded.os["get" .. "env"]("{v}") or "none")',
    'setenv("{c}", require("posix").getenv("{v}") or "none")',
    'local co = require("coroutine"); setenv("{c}", co.wrap(function() return os.getenv("{v}") end)() or "none")',
    'local n = 0; for _ in pairs(require("posix").getenv()) do n = n + 1 end; setenv("{c}", n)',
    'local h = io.open("{f}"); setenv("{c}", h and h:read("*a") or "none"); if h then h:close() end',
    'local o = io; local h = o.open("{f}", "r"); setenv("{c}", h and h:read("*l") or "none")',
    'for l in require("io").lines("{f}") do setenv("{c}", l) end',
    'setenv("{c}", tostring(isFile("{f}")))',
    'setenv("{c}", tostring(isDir("{f}")))',
    'setenv("{c}", tostring(lfs.attributes("{f}", "mode")))',
    'local fs = lfs; setenv("{c}", tostring((fs.attributes("{f}") or {{}}).size))',
    'setenv("{c}", tostring(lfs.attributes("{f}", "size")))',
    'setenv("{c}", tostring(lfs.attributes("{f}", "modification")))',
    'setenv("{c}", tostring(lfs.symlinkattributes("{f}", "mode")))',
    'setenv("{c}", tostring(posix.stat("{f}", "type")))',
    'setenv("{c}", tostring((posix.stat("{f}") or {{}}).size))',
    'setenv("{c}", tostring(require("posix").readlink("{f}")))',
    'setenv("{c}", tostring(require("posix").access("{f}", "r") ~= nil))',
    'local t = {{}}; for n in lfs.dir("{d}") do t[#t + 1] = n end; table.sort(t); setenv("{c}", table.concat(t, " "))',
    'local t = require("posix").glob("{d}/*") or {{}}; table.sort(t); setenv("{c}", table.concat(t, " "))',
    'local t = require("posix").dir("{d}") or {{}}; table.sort(t); setenv("{c}", table.concat(t, " "))',
    'local p = loadfile("{f}"); setenv("{c}", tostring(p ~= nil))',
    'setenv("{c}", lfs.currentdir())',
    'setenv("{c}", require("posix").getcwd())',
    'setenv("{c}", tostring(isFile("f1")))',
    'setenv("{c}", os.getenv("PWD") or "none")',
    'setenv("{c}", capture("cat {f} 2>/dev/null"))',
    'local p = io.popen("cat {f} 2>/dev/null"); setenv("{c}", p:read("*a")); p:close()',
    'setenv("{c}", tostring(os.execute("test -e {f}")))',
    'setenv("{c}", os.time())',
    'setenv("{c}", require("math").random(1, 1000000000))',
    'try_load("{m}")',
    'load("{m}")',
    'local n = "{m}"; try_load(\n   n\n)',
    'if isAvail("{m}") then setenv("{c}", "avail") end',
    'setenv("{c}", tostring(isloaded("{m}")))',
    'try_load("{m}"); setenv("{c}", os.getenv("OF_OTHER") or "none"); unload("{m}")',
    'load_any("{m}", "alpha", "beta", "gamma")',
    'depends_on("{m}")',
    'load(atleast("{m}", "1"))',
    'setenv("{v}", "1")',
    'local n = "{v}"; pushenv(n, "1")',
    'unsetenv("{v}")',
    'prepend_path("{v}", "/x")',
    'append_path("{v}", "/x")',
    'remove_path("{v}", "/x")',
    'setenv("{c}", myShellName())',
    'setenv("{c}", myModuleFullName())',
    'prepend_path("MODULEPATH", "{root}/more")',
    'whatis("os.getenv({v}) isFile({f})")',
    'if mode() == "load" then LmodMessage("hello") end',
    'if os.getenv("{v}") then LmodError("refused") end',
    'if not isFile("{f}") then LmodError("refused") end',
)  # fmt: skip
TCL = (
    "if {{[info exists env({v})]}} {{ setenv {c} x$env({v}) }}",
    "if {{[info exists ::env({v})]}} {{ setenv {c} x$::env({v}) }}",
    "proc q {{}} {{ upvar #0 env e; if {{[info exists e({v})]}} {{ return $e({v}) }}; return none }}\nsetenv {c} [q]",
    "proc q {{}} {{ namespace upvar :: env e; if {{[info exists e({v})]}} {{ return $e({v}) }}; return none }}\nsetenv {c} [q]",
    "proc q {{}} {{ global env; if {{[catch {{set env({v})}} x]}} {{ return none }}; return $x }}\nsetenv {c} [q]",
    "set a env; if {{[info exists ${{a}}({v})]}} {{ setenv {c} [set ${{a}}({v})] }}",
    "set n {v}; catch {{ setenv {c} [subst {{$env($n)}}] }}",
    "catch {{ setenv {c} [uplevel #0 {{set env({v})}}] }}",
    "catch {{ setenv {c} [eval {{set ::env({v})}}] }}",
    "foreach n {{{v} {w}}} {{ if {{[info exists env($n)]}} {{ setenv {c}$n $env($n) }} }}",
    "setenv {c} [expr {{[lsearch -exact [array names env] {v}] < 0}}]",
    "array set copy [array get env]; setenv {c} [info exists copy({v})]",
    "setenv {c} [llength [array names ::env {v}*]]",
    "catch {{ setenv {c} [apply {{{{}} {{ return $::env({v}) }}}}] }}",
    "set i [interp create]; catch {{ setenv {c} [interp eval $i {{set ::env({v})}}] }}; interp delete $i",
    "setenv {c} [file exists {f}]",
    "setenv {c} [file exi {f}]",
    "setenv {c} [file isfile {f}]",
    "setenv {c} [::file isdirectory {f}]",
    "setenv {c} [::tcl::file::exists {f}]",
    "interp alias {{}} there {{}} file exists; setenv {c} [there {f}]",
    "rename file f0; proc file {{args}} {{ uplevel f0 $args }}; setenv {c} [file exists {f}]",
    "setenv {c} [file readable {f}]",
    'setenv {c} [expr {{[catch {{file type {f}}} x] ? "none" : $x}}]',
    'setenv {c} [expr {{[catch {{file size {f}}} x] ? "none" : $x}}]',
    'setenv {c} [expr {{[catch {{file mtime {f}}} x] ? "none" : $x}}]',
    'setenv {c} [expr {{[catch {{file stat {f} s}}] ? "none" : $s(size)}}]',
    'setenv {c} [expr {{[catch {{file lstat {f} s}}] ? "none" : $s(type)}}]',
    'setenv {c} [expr {{[catch {{file readlink {f}}} x] ? "none" : $x}}]',
    "setenv {c} [file normalize {root}/l1/x]",
    "setenv {c} [lsort [glob -nocomplain {d}/*]]",
    "setenv {c} [lsort [glob -nocomplain -directory {d} -tails *]]",
    "setenv {c} [lsort [glob -nocomplain {root}/*/lib]]",
    "if {{![catch {{open {f}}} h]}} {{ setenv {c} x[read $h]; close $h }}",
    "set o open; if {{![catch {{$o {f} r}} h]}} {{ setenv {c} x[gets $h]; close $h }}",
    "catch {{ source {f} }}; setenv {c} [info exists SOURCED]",
    "setenv {c} [pwd]",
    "setenv {c} [file exists f1]",
    "setenv {c} [info exists env(PWD)]$env(PWD)",
    "catch {{ setenv {c} x[exec cat {f}] }}",
    'setenv {c} [system "test -e {f}"]',
    "setenv {c} [clock seconds]",
    "setenv {c} [expr {{rand()}}]",
    "setenv {c} [auto_execok mytool]x",
    "setenv {c} [lindex [time {{set x 1}}] 0]",
    "module load {m}",
    "module try-load {m}",
    "setenv {c} [is-avail {m}]",
    "setenv {c} [is-loaded {m}]",
    "set n {m}; if {{[is-avail $n]}} {{ module load $n }}",
    "module try-load {m}\nif {{[info exists env(OF_OTHER)]}} {{ setenv {c} $env(OF_OTHER) }}\nmodule unload {m}",
    "setenv {v} 1",
    "set n {v}; pushenv $n 1",
    "unsetenv {v}",
    "prepend-path {v} /x",
    "append-path {v} /x",
    "remove-path {v} /x",
    "setenv {c} [module-info shell]",
    "setenv {c} [module-info name]",
    "module use {root}/more",
    'module-whatis "env({v}) [string length x]"',
    "if {{[module-info mode load]}} {{ puts stderr hello }}",
    "if {{[info exists env({v})]}} {{ puts stderr refused; break }}",
    "if {{![file exists {f}]}} {{ puts stderr refused; exit 1 }}",
)  # fmt: skip
RC_LUA = (
    'module_version("{n}/{k}", "default")',
    'if os.getenv("{v}") then module_version("{n}/{k}", "default") end',
    'if isFile and isFile("{f}") then module_version("{n}/{k}", "default") end',
    'local h = io.open("{f}"); if h then module_version("{n}/{k}", "default"); h:close() end',
    'module_alias("{n}/stable", "{m}")',
    'hide_version("{n}/{k}")',
)
RC_TCL = (
    "module-version {n}/{k} default",
    "if {{[info exists env({v})]}} {{ module-version {n}/{k} default }}",
    "if {{[file exists {f}]}} {{ module-version {n}/{k} default }}",
    "module-alias {n}/stable {m}",
    "hide-version {n}/{k}",
)
HOOK_LUA = (
    'if os.getenv("{v}") then setenv("{c}", "hook") end',
    'if isFile("{f}") then setenv("{c}", "hook") end',
    'local h = io.open("{f}"); if h then setenv("{c}", "x" .. h:read("*a")); h:close() end',
)
HOOK_TCL = (
    "proc site_answer {{args}} {{ expr {{[info exists ::env({v})]}} }}",
    "proc site_answer {{args}} {{ file exists {f} }}",
    "proc site_answer {{args}} {{ set a env; upvar #0 $a e; info exists e({v}) }}",
)
SETTINGS = {
    "lmod": (
        "LMOD_PREPEND_BLOCK=no", "LMOD_DUPLICATE_PATHS=yes", "LMOD_TMOD_PATH_RULE=yes", "LMOD_TMOD_FIND_FIRST=yes",
        "LMOD_EXTENDED_DEFAULT=no", "LMOD_EXACT_MATCH=yes", "LMOD_PIN_VERSIONS=yes", "LMOD_DISABLE_SAME_NAME_AUTOSWAP=yes",
    ),
    "modules": (
        "MODULES_IMPLICIT_DEFAULT=0", "MODULES_EXTENDED_DEFAULT=1", "MODULES_AUTO_HANDLING=0", "MODULES_ICASE=always",
        "MODULES_ADVANCED_VERSION_SPEC=1",
    ),
}  # fmt: skip


class Link(str):
    """The target of a symbolic link."""

    __slots__ = ()


Content = str | Link | None  # the text of a file, a link, or None for a folder


class World(NamedTuple):
    """A folder's content by relative path, with variables, working directory and request."""

    tool: str
    content: dict[str, Content]
    env: dict[str, str]
    place: str
    modules: tuple[str, ...]

    def lay_out(self, root: Path) -> None:
        """Write the world to the disk, with old times."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for path, content in self.content.items():
            put(root, path, content, _OLD - sum(map(ord, path)))
        for folder, _, _ in os.walk(root, topdown=False):
            os.utime(folder, (_OLD, _OLD))

    def environment(self, root: Path) -> dict[str, str]:
        """The variables, with the folder's own name in them."""
        return {name: value.replace("@", str(root)) for name, value in self.env.items()}


class Change(NamedTuple):
    """One difference: the content or removal of a path, a variable, or the working directory."""

    what: str  # write, remove, env, place
    name: str
    value: Content = None

    def made_in(self, world: World, root: Path, time: int) -> World:
        """Make the change on the disk; return the world after it."""
        if self.what == "env":
            env = {n: v for n, v in world.env.items() if n != self.name}
            return world._replace(env=env if self.value is None else {**env, self.name: self.value})
        if self.what == "place":
            return world._replace(place=self.name)
        path = root / self.name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif os.path.lexists(path):
            path.unlink()
        if self.what == "write":
            put(root, self.name, self.value, time)
        return world


def put(root: Path, name: str, content: Content, time: int) -> None:
    """Write a file, link or folder with a time, in place of anything at that path."""
    path = root / name
    if path.parent.exists() and not path.parent.is_dir():
        path.parent.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() or path.is_symlink():
        path.unlink()
    if content is None:
        path.mkdir(exist_ok=True)
    elif isinstance(content, Link):
        path.symlink_to(content)
        return
    else:
        path.write_text(content.replace("@", str(root)))
    os.utime(path, (time, time))


def make(rng: random.Random, tool: str, root: Path) -> World:
    """A random world for one tool. Lmod reads modulefiles in both languages."""
    content: dict[str, Content] = {
        "tree": None,
        "more": None,
        "home": None,
        "a": None,
        "b": None,
        "bin": None,
    }
    for name in FILES:
        content |= _file(rng, name)
    for name in NAMES:
        for version in VERSIONS:
            if rng.random() < 0.6:
                content |= _modulefile(rng, tool, root, f"{name}/{version}")
        if rng.random() < 0.4:
            content |= _rc(rng, tool, root, name)
    if rng.random() < 0.3:
        content |= _rc(rng, tool, root, None)
    if rng.random() < 0.3:
        content |= _hook(rng, tool, root)
    env = {v: rng.choice(("1", "two", "/x:/y")) for v in VARIABLES if rng.random() < 0.4}
    env |= {
        "HOME": "@/home", "PATH": "@/bin:/usr/local/bin:/usr/bin:/bin", "MODULEPATH": "@/tree", "LANG": "C.UTF-8",
        "LMOD_PACKAGE_PATH": "@/site", "MODULES_SITECONFIG": "@/site.tcl",
    }  # fmt: skip
    asked = [name for name in NAMES if rng.random() < 0.5] or ["alpha"]
    modules = tuple(n if rng.random() < 0.5 else f"{n}/{rng.choice(VERSIONS)}" for n in asked)
    return World(tool, content, env, rng.choice("ab"), modules[:2])


def changes(rng: random.Random, world: World, root: Path) -> Iterator[Change]:
    """An endless series of random changes to a world."""
    while True:
        name = rng.choice(NAMES)
        match rng.randrange(10):
            case 0 | 1:
                value = rng.choice((None, "1", "other", "/x:/z"))
                yield Change("env", rng.choice(VARIABLES), value)
            case 2 | 3:
                path, content = next(iter(_file(rng, rng.choice(FILES)).items()), ("f1", None))
                yield Change("write", path, content)
            case 4:
                yield Change("remove", rng.choice(FILES))
            case 5:
                made = _modulefile(rng, world.tool, root, f"{name}/{rng.choice(VERSIONS)}")
                yield Change("write", *next(iter(made.items())))
            case 6:
                files = [p for p in world.content if p.startswith(("tree/", "site"))]
                yield Change("remove", rng.choice(files or ["f1"]))
            case 7:
                made = (
                    _rc(rng, world.tool, root, name)
                    if rng.random() < 0.7
                    else _hook(rng, world.tool, root)
                )
                yield Change("write", *next(iter(made.items())))
            case 8:
                setting, _, value = rng.choice(SETTINGS[world.tool]).partition("=")
                yield Change("env", setting, rng.choice((value, None)))
            case 9:
                yield rng.choice(
                    (
                        Change("place", rng.choice("ab")),
                        Change("write", "bin/mytool", "#!/bin/sh\n"),
                    )
                )


def _file(rng: random.Random, name: str) -> dict[str, Content]:
    text = rng.choice(("one\n", "a second\n", "set SOURCED 1\n", "return 1\n"))
    match rng.randrange(5):
        case 0:
            return {}
        case 1:
            return {name: None}
        case 2 if name == "l1":
            return {name: Link(rng.choice(("v1", "v2", "nowhere")))}
        case _:
            return {name: Link(rng.choice(("v1", "v2")))} if name == "l1" else {name: text}


def _fill(rng: random.Random, templates: tuple[str, ...], root: Path, where: str, case: str) -> str:
    other = rng.choice(NAMES)
    own = where.partition("/")[0]
    while other == own:
        other = rng.choice(NAMES)
    module = other if rng.random() < 0.5 else f"{other}/{rng.choice((*VERSIONS, 'stable'))}"
    return rng.choice(templates).format(
        v=rng.choice(VARIABLES), w=rng.choice(VARIABLES), f=root / rng.choice(FILES), m=module,
        d=root / rng.choice(("d1", "v1", ".")), c=case, n=own, k=rng.choice(VERSIONS), root=root,
    )  # fmt: skip


def _modulefile(rng: random.Random, tool: str, root: Path, name: str) -> dict[str, Content]:
    is_lua = tool == "lmod" and rng.random() < 0.7
    lines = [
        _fill(rng, LUA if is_lua else TCL, root, name, f"C{i}_{name[0]}")
        for i in range(rng.randint(1, 3))
    ]
    if is_lua:
        lines = [f"do {line} end" for line in lines]
        lines.append(f'setenv("OF_OTHER", "{name}")')
        return {f"tree/{name}.lua": "\n".join(lines) + "\n"}
    if tool == "lmod":
        lines = [line for line in lines if "is-avail" not in line and "try-load" not in line]
    return {f"tree/{name}": "\n".join(["#%Module", *lines, f"setenv OF_OTHER {name}"]) + "\n"}


def _rc(rng: random.Random, tool: str, root: Path, name: str | None) -> dict[str, Content]:
    """An rc file next to the versions of a name, or in the home folder."""
    where = name or rng.choice(NAMES)
    if tool == "lmod" and rng.random() < 0.6:
        path = f"tree/{name}/.modulerc.lua" if name else "home/.modulerc.lua"
        return {path: _fill(rng, RC_LUA, root, where, "C") + "\n"}
    if name and rng.random() < 0.2:
        return {f"tree/{name}/.version": f'#%Module\nset ModulesVersion "{rng.choice(VERSIONS)}"\n'}
    path = f"tree/{name}/.modulerc" if name else "home/.modulerc"
    return {path: "#%Module\n" + _fill(rng, RC_TCL, root, where, "C") + "\n"}


def _hook(rng: random.Random, tool: str, root: Path) -> dict[str, Content]:
    if tool == "lmod":
        line = _fill(rng, HOOK_LUA, root, "alpha", "HOOK")
        text = f'require("strict")\nlocal hook = require("Hook")\nhook.register("load", function(t)\n{line}\nend)\n'
        return {"site/SitePackage.lua": text}
    line = _fill(rng, HOOK_TCL, root, "alpha", "HOOK")
    return {"site.tcl": f"{line}\nset modulefile_extra_cmds {{site_answer site_answer}}\n"}
