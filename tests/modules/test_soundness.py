"""A replay gives what a real load would give now, or it is not used; each guard has its test."""

import grp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from homes import COMMAND, MODULE_TOOLS, Home
from trees import Tree

from autoenv_hpc.activations import compiling

pytestmark = pytest.mark.parametrize("tool", MODULE_TOOLS)
REFERENCE = {
    "lmod": 'source "$LMOD_PKG/init/bash"; ',
    "modules": 'eval "$(tclsh "$MODULES_CMD" bash autoinit)"; ',
}


class Site(NamedTuple):
    """One user's project on a cluster whose tree is the test's own."""

    home: Home
    root: Path
    tree: Tree
    tool: str

    def is_replayed(self, **more: str) -> bool:
        """Whether `exec` needs no Python: with one that always fails, it then succeeds."""
        done = self.home.attempt(
            "exec",
            "--",
            "/bin/true",
            cwd=self.root,
            env={"AUTOENV_HPC_PYTHON": "/bin/false"} | more,
        )
        return done.returncode == 0

    def values(self, **more: str) -> dict[str, str]:
        """What `exec` gives to its command."""
        out = self.home.command("exec", "--", "env", "-0", cwd=self.root, env=more).stdout
        return dict(field.split("=", 1) for field in out.split("\0") if "=" in field)

    def value(self, name: str, **more: str) -> str | None:
        """One of them."""
        return self.values(**more).get(name)

    def reads(self, lua: str, tcl: str) -> None:
        """Let the module `reader` be this line, in the language of the tool."""
        path = next((self.tree.folder / "reader").iterdir())
        path.write_text(f"{lua}\n" if self.tool == "lmod" else f"#%Module\n{tcl}\n")
        settle()


def settle() -> None:
    """Wait until what was just written is old enough to be trusted."""
    time.sleep(0.1)


@pytest.fixture
def site(cluster: Home, tool: str, tmp_path: Path) -> Site:
    """A project that asks for `lib` without a version and for a module that reads a variable."""
    language = "lua" if tool == "lmod" else "tcl"
    tree = Tree(tmp_path / "tree", language)
    for version in ("1.0", "2.0"):
        tree.module(f"lib/{version}", ("setenv", "LIB", version))
    tree.module("reader/1.0", ("copy", "READER", "READ_BY_MODULE"))
    tree.module("other/1.0", ("setenv", "OTHER", "1"))
    cluster.env["MODULEPATH"] = str(tree.folder)
    root = cluster.project('modules = ["lib", "reader/1.0"]\n[env]\nOURS = "1"\n', "p")
    settle()
    made = Site(cluster, root, tree, tool)
    assert made.value("LIB") == "2.0"
    assert made.is_replayed()
    return made


def missed(site: Site, **more: str) -> None:
    """The change was seen; and once compiled anew, it is replayed again."""
    assert not site.is_replayed(**more)
    settle()
    site.values(**more)
    assert site.is_replayed(**more)


def test_a_modulefile_is_edited(site: Site) -> None:
    site.tree.module("reader/1.0", ("setenv", "READER", "edited"))
    missed(site)
    assert site.value("READER") == "edited"


@pytest.mark.parametrize("times", ["all different", "all the same"])
def test_any_modulefile_is_replaced_in_place_by_an_older_one_or_a_newer_one_or_goes(
    site: Site, times: str
) -> None:
    files = sorted(path for path in site.tree.folder.rglob("*") if path.is_file())
    folders = [site.tree.folder, *{path.parent for path in files}]
    for number, path in enumerate([*files, *folders]):  # as an image or a package unpacks it
        moment = 1_600_000_000 + (number if times == "all different" else 0)
        os.utime(path, (moment, moment))
    site.values()
    assert site.is_replayed()
    for path in files:
        if path.parent.name == "other" or (path.parent.name, path.name[:1]) == ("lib", "1"):
            continue  # not loaded
        then = path.stat()
        for shift in (-1, 1, -1_000_000, 1_000_000):
            os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns + shift))
            assert not site.is_replayed(), f"{path} by {shift} ns"
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
        assert site.is_replayed()
    used = next(path for path in files if path.parent.name == "reader")
    then = used.parent.stat()
    used.unlink()
    os.utime(used.parent, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert not site.is_replayed()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_stamps_that_are_gone_are_no_proof(site: Site, shell: str) -> None:
    """A site sweeps old files away, and a stamp is as old as the file that it stands for."""
    here = site.home.shell(shell, cwd=site.root)
    assert here.env()["READER"] == "unset"
    here.run("cd /")
    stamps = site.home.folder / ".cache/autoenv-hpc/stamps"
    for stamp in stamps.iterdir():
        if stamp.name not in ("seal", "fine"):
            stamp.unlink()
    site.tree.module("reader/1.0", ("setenv", "READER", "edited"))
    settle()
    assert not site.is_replayed()
    here.run(f"cd {site.root}")
    assert here.env()["READER"] == "edited"


def test_a_new_version_of_what_was_asked_for_without_one(site: Site) -> None:
    site.tree.module("lib/3.0", ("setenv", "LIB", "3.0"))
    missed(site)
    assert site.value("LIB") == "3.0"


def test_a_default_is_chosen_and_then_changed_in_place(site: Site) -> None:
    site.tree.default("lib", "1.0")
    missed(site)
    assert site.value("LIB") == "1.0"
    site.tree.default("lib", "2.0")
    missed(site)
    assert site.value("LIB") == "2.0"


def test_a_default_link_is_pointed_elsewhere(site: Site) -> None:
    suffix = ".lua" if site.tool == "lmod" else ""
    link = site.tree.folder / "lib/default"
    if site.tool == "modules":  # Environment Modules 5.2 does not take a link as a default
        site.tree.default("lib", "1.0")
    link.symlink_to(f"1.0{suffix}")
    missed(site)
    assert site.value("LIB") == "1.0"
    link.unlink()
    link.symlink_to(f"2.0{suffix}")
    missed(site)


def test_a_directory_comes_before_or_behind_the_others(site: Site, tmp_path: Path) -> None:
    other = Tree(tmp_path / "more", site.tree.language)
    other.module("lib/9.0", ("setenv", "LIB", "9.0"))
    for path in (f"{other.folder}:{site.tree.folder}", f"{site.tree.folder}:{other.folder}"):
        assert not site.is_replayed(MODULEPATH=path)
        expected = site.value("LIB", MODULEPATH=path)
        assert site.is_replayed(MODULEPATH=path)
        assert site.value("LIB", MODULEPATH=path) == expected
    assert site.value("LIB", MODULEPATH=f"{other.folder}:{site.tree.folder}") == "9.0"


def test_a_directory_of_the_path_appears(site: Site, tmp_path: Path) -> None:
    path = f"{tmp_path}/late:{site.tree.folder}"
    site.values(MODULEPATH=path)
    assert site.is_replayed(MODULEPATH=path)
    Tree(tmp_path / "late", site.tree.language).module("lib/9.0", ("setenv", "LIB", "9.0"))
    missed(site, MODULEPATH=path)
    assert site.value("LIB", MODULEPATH=path) == "9.0"


def test_a_rc_file_of_the_users_own(site: Site) -> None:
    if site.tool == "lmod":
        (site.home.folder / ".modulerc.lua").write_text('module_version("lib/1.0", "default")\n')
    else:
        (site.home.folder / ".modulerc").write_text("#%Module\nmodule-version lib/1.0 default\n")
    missed(site)
    assert site.value("LIB") == "1.0"


def test_a_variable_that_a_modulefile_reads(site: Site) -> None:
    missed(site, READ_BY_MODULE="now set")
    assert site.value("READER", READ_BY_MODULE="now set") == "now set"
    assert site.value("READER") == "unset"


def test_a_value_on_which_the_tools_own_code_breaks_is_of_no_use_to_any_other(site: Site) -> None:
    (site.root / ".hpcenv.toml").write_text('modules = ["reader/1.0"]\n')
    site.home.command("allow", str(site.root))
    settle()
    broken = "a\n"  # Lmod writes it bare, and the shell reads nothing behind it
    site.home.attempt("exec", "--", "true", cwd=site.root, READ_BY_MODULE=broken)
    assert site.value("READER") == "unset"


def test_a_variable_whose_name_is_computed_is_a_guard(site: Site) -> None:
    text = (
        'local n = "READ_" .. "BY"\nsetenv("READER", os.getenv(n) or "x")\n'
        if site.tool == "lmod"
        else "#%Module\nset n READ_BY\nsetenv READER [expr {[info exists ::env($n)] ? $::env($n) : {x}}]\n"
    )
    path = next((site.tree.folder / "reader").iterdir())
    path.write_text(text)
    settle()
    assert site.value("READER") == "x"
    assert site.is_replayed()
    assert site.value("READER", READ_BY="y") == "y"


@pytest.mark.parametrize(
    "question",
    [
        "upvar #0 ::env(READ_BY) e; info exists e",
        "upvar #0 ::env(READ_BY) e; catch {set e}",
        "upvar #0 ::env E; upvar 0 E(READ_BY) e; info exists e",
        "namespace upvar :: env(READ_BY) e; info exists e",
        "catch {unset ::env(READ_BY)}",
    ],
)
def test_a_question_that_no_trace_on_the_environment_hears(site: Site, question: str) -> None:
    asks(site, question)
    answer = site.value("READER")
    assert answer in ("x0", "x1")
    assert site.value("READER", READ_BY="y") == {"x0": "x1", "x1": "x0"}[answer]


@pytest.mark.parametrize(
    "question",
    [
        "file dirname ~",
        "file tail ~",
        "file nativename ~/x",
        "set here [pwd]; cd ~; set it [pwd]; cd $here; set it",
        "set here [pwd]; cd; set it [pwd]; cd $here; set it",
    ],
)
def test_the_home_folder_that_tcl_itself_puts_for_a_tilde_is_a_guard(
    site: Site, question: str, tmp_path: Path
) -> None:
    asks(site, question)
    before = site.value("READER")
    kept = {
        "XDG_CACHE_HOME": f"{site.home.folder}/.cache",
        "XDG_STATE_HOME": f"{site.home.folder}/.local/state",
    }
    (tmp_path / "other/place").mkdir(parents=True)
    assert site.value("READER", HOME=f"{tmp_path}/other/place", **kept) != before


def test_the_encoding_that_tcl_takes_from_the_locale_is_a_guard(site: Site) -> None:
    asks(site, "encoding system")
    wide = "iso8859-1" if site.tool == "lmod" else "utf-8"  # Lmod itself sets LC_ALL to C
    assert site.value("READER", LC_ALL="C.UTF-8") == f"x{wide}"
    assert site.is_replayed(LC_ALL="C.UTF-8")
    assert site.value("READER", LC_ALL="C") == "xiso8859-1"


@pytest.mark.parametrize(
    "question",
    [
        "glob -nocomplain @/{a/x,b/x}",
        "glob -nocomplain -join @ * x",
        "glob -nocomplain -d @ */x",
        "glob -nocomplain -p @/a */x",
        "glob -nocomplain -d [file dirname @/x] -- a/*",
    ],
)
def test_a_pattern_is_a_guard_however_it_is_written(
    site: Site, question: str, tmp_path: Path
) -> None:
    folder = tmp_path / "f"
    for name in ("a", "b", "a/c", "ab"):
        (folder / name).mkdir(parents=True)
    asks(site, question.replace("@", str(folder)))
    before = site.value("READER")
    for place in ("a", "a/c"):
        (folder / place / "x").touch()
    settle()
    assert site.value("READER") != before


def asks(site: Site, question: str) -> None:
    """Let the project load a module in Tcl that asks a question, with the answer in READER."""
    file = site.tree.folder / "asks/1.0"
    file.parent.mkdir()
    file.write_text(f"#%Module\nsetenv READER x[apply {{{{}} {{ {question} }}}}]\n")
    (site.root / ".hpcenv.toml").write_text('modules = ["asks/1.0"]\n')
    site.home.command("allow", str(site.root))
    settle()


@pytest.fixture
def shared_memory() -> Iterator[Path]:
    """A folder in /dev/shm."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.parametrize("where", ["tmp_path", "shared_memory"])
def test_a_file_that_is_asked_for_is_a_guard(
    site: Site, request: pytest.FixtureRequest, where: str
) -> None:
    asked = request.getfixturevalue(where) / "asked for"
    site.reads(
        f'setenv("READER", isFile("{asked}") and "1" or "0")',
        f"setenv READER [file exists {{{asked}}}]",
    )
    assert site.value("READER") == "0"
    assert site.is_replayed()
    asked.touch()
    settle()
    assert site.value("READER") == "1"
    assert site.is_replayed()
    asked.unlink()
    assert site.value("READER") == "0"


def test_what_a_file_in_shared_memory_holds_is_a_guard(site: Site, shared_memory: Path) -> None:
    asked = shared_memory / "asked for"
    asked.write_text("one")
    site.reads(
        f'setenv("READER", io.open("{asked}"):read())',
        f"setenv READER [read [open {{{asked}}}]]",
    )
    assert site.value("READER") == "one"
    assert site.is_replayed()
    asked.write_text("two")
    assert site.value("READER") == "two"


def test_a_link_to_what_the_kernel_shows_is_like_that(site: Site, tmp_path: Path) -> None:
    """As /etc/mtab is one, which leads to /proc/self/mounts."""
    asked = tmp_path / "mounts"
    asked.symlink_to("/proc/self/mounts")
    site.reads(
        f'setenv("READER", isFile("{asked}") and "1" or "0")',
        f"setenv READER [file exists {{{asked}}}]",
    )
    assert site.value("READER") == "1"
    assert site.is_replayed()
    site.reads(
        f'setenv("READER", io.open("{asked}"):read())',
        f"setenv READER [gets [open {{{asked}}}]]",
    )
    assert site.value("READER")
    assert not site.is_replayed()


def test_a_link_to_dev_null_is_an_empty_file(site: Site, tmp_path: Path) -> None:
    asked = tmp_path / "off"
    asked.symlink_to("/dev/null")
    site.reads(
        f'setenv("READER", io.open("{asked}"):read("*a") .. ".")',
        f"setenv READER [read [open {{{asked}}}]].",
    )
    assert site.value("READER") == "."
    assert site.is_replayed()
    asked.unlink()
    asked.write_text("on")
    assert site.value("READER") == "on."


@pytest.mark.parametrize("how", ["time", "program", "stdout"])
def test_what_cannot_be_known_is_not_stored(site: Site, how: str) -> None:
    lua = {
        "time": 'setenv("READER", os.time())',
        "program": 'setenv("READER", "x" .. capture("printf %s $$"))',
        "stdout": 'io.stdout:write("export READER=1;")',
    }
    tcl = {
        "time": "setenv READER [clock clicks]",
        "program": "setenv READER [exec date +%N]",
        "stdout": 'puts stdout "export READER=1;"',
    }
    path = next((site.tree.folder / "reader").iterdir())
    path.write_text(lua[how] + "\n" if site.tool == "lmod" else f"#%Module\n{tcl[how]}\n")
    settle()
    assert site.value("READER")
    assert not site.is_replayed()


def test_a_modulefile_that_asks_for_the_host_is_bound_to_it(site: Site) -> None:
    site.reads(
        'setenv("READER", (subprocess("hostname"):gsub("%s+$", "")))',
        "setenv READER [info hostname]",
    )
    site.values()
    stored = activations(site)[0].read_text()
    assert os.uname().nodename in stored
    assert site.is_replayed(HOSTNAME=os.uname().nodename)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("language", ["lua", "tcl"])
def test_a_modulefile_gets_the_name_of_the_shell_that_asks(
    site: Site, shell: str, language: str
) -> None:
    if language == "lua" and site.tool == "modules":
        pytest.skip("Environment Modules reads no Lua")
    file = site.tree.folder / ("named/1.0.lua" if language == "lua" else "named/1.0")
    file.parent.mkdir()
    file.write_text(
        'setenv("NAMED", myShellName() .. " " .. myShellType())\n'
        if language == "lua"
        else '#%Module\nsetenv NAMED "[module-info shell] [module-info shelltype]"\n'
    )
    (site.root / ".hpcenv.toml").write_text('modules = ["named/1.0"]\n')
    site.home.command("allow", str(site.root))
    settle()
    named = f"{shell} {'fish' if shell == 'fish' else 'sh'}"
    here = site.home.shell(shell, cwd=site.root)
    assert here.env().get("NAMED") == named, here.greeting
    assert site.value("NAMED") == "bash sh"
    here.run("cd /")
    here.run(
        "set -gx AUTOENV_HPC_PYTHON /bin/false"
        if shell == "fish"
        else "export AUTOENV_HPC_PYTHON=/bin/false"
    )
    here.run(f"cd {site.root}")
    assert here.env()["NAMED"] == named
    assert site.is_replayed()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose the groups of a process")
def test_a_modulefile_that_asks_for_a_group_is_loaded_again_in_other_groups(site: Site) -> None:
    site.reads(
        'setenv("READER", #require("posix").getgroups() > 0 and "in" or "out")',
        "setenv READER [expr {[module-info usergroups games] ? {in} : {out}}]",
    )
    games = grp.getgrnam("games").gr_gid

    def reader(groups: list[int]) -> str:
        words = [COMMAND, "exec", "--", "printenv", "READER"]
        return subprocess.run(
            words, env=site.home.env, cwd=site.root, extra_groups=groups, check=True, capture_output=True, text=True
        ).stdout.strip()  # fmt: skip

    assert [reader(groups) for groups in ([], [games], [], [games])] == ["out", "in", "out", "in"]


def test_a_modulefile_that_inherits_from_another_depends_on_that_one(
    site: Site, tmp_path: Path
) -> None:
    if site.tool == "modules":
        pytest.skip("Environment Modules cannot inherit")
    own = Tree(tmp_path / "own", site.tree.language)
    (own.folder / "reader").mkdir()
    (own.folder / "reader/1.0.lua").write_text('inherit()\nsetenv("OWN", "1")\n')
    paths = f"{own.folder}:{site.tree.folder}"
    settle()
    assert site.value("READER", MODULEPATH=paths) == "unset"
    assert site.is_replayed(MODULEPATH=paths)
    site.tree.module("reader/1.0", ("setenv", "READER", "edited"))
    missed(site, MODULEPATH=paths)
    assert site.value("READER", MODULEPATH=paths) == "edited"


def test_a_virtual_module_depends_on_the_file_behind_it(site: Site, tmp_path: Path) -> None:
    if site.tool == "lmod":
        pytest.skip("Lmod has no virtual modules")
    behind = tmp_path / "behind"
    behind.write_text("#%Module\nsetenv READER virtual\n")
    rc = site.tree.folder / "reader/.modulerc"
    rc.write_text(f"#%Module\nmodule-virtual reader/1.0 {behind}\n")
    (site.tree.folder / "reader/1.0").unlink()
    settle()
    assert (site.value("READER"), site.is_replayed()) == ("virtual", True)
    behind.write_text("#%Module\nsetenv READER edited\n")
    missed(site)
    assert site.value("READER") == "edited"


def test_a_variable_inside_modulepath_is_a_guard(site: Site, tmp_path: Path) -> None:
    if site.tool == "lmod":
        pytest.skip("Lmod takes MODULEPATH as it is")
    for name in "ab":
        Tree(tmp_path / name, site.tree.language).module("reader/1.0", ("setenv", "READER", name))
    paths = f"{tmp_path}/$SITE_STACK:{site.tree.folder}"
    settle()
    for name in "ab":
        env = {"MODULEPATH": paths, "SITE_STACK": name}
        assert (site.value("READER", **env), site.is_replayed(**env)) == (name, True)


def test_a_module_for_a_group_is_bound_to_the_host(site: Site) -> None:
    """Groups may differ between hosts, and change without a trace."""
    site.reads(
        'setenv("READER", tostring(userInGroups("nobody-at-all")))',
        "setenv READER [module-info usergroups nobody-at-all]",
    )
    site.values()
    stored = activations(site)[0].read_text()
    assert f"== '{os.uname().nodename}'" in stored


def test_a_script_that_a_modulefile_sources_is_run_each_time(site: Site, tmp_path: Path) -> None:
    script = tmp_path / "setup.sh"
    script.write_text("export SOURCED=1\n")
    site.reads(
        f'source_sh("bash", "{script}")',
        f"source-sh bash {script}",
    )
    assert site.value("SOURCED") == "1"
    script.write_text("export SOURCED=2\n")
    assert site.value("SOURCED") == "2"


def test_a_site_s_own_command_asks_for_a_variable(site: Site, tmp_path: Path) -> None:
    if site.tool == "lmod":
        (tmp_path / "SitePackage.lua").write_text(
            'sandbox_registration{ site_arch = function() return os.getenv("SITE_ARCH") or "none" end }\n'
        )
        named = {"LMOD_PACKAGE_PATH": str(tmp_path)}
    else:
        config = tmp_path / "siteconfig.tcl"
        config.write_text(
            "proc site_arch {} { expr {[info exists ::env(SITE_ARCH)] ? $::env(SITE_ARCH) : {none}} }\n"
            "set modulefile_extra_cmds {site_arch site_arch}\n"
        )
        named = {"MODULES_SITECONFIG": str(config)}
    site.reads(
        'setenv("READER", site_arch())',
        "setenv READER [site_arch]",
    )
    assert (site.value("READER", **named), site.is_replayed(**named)) == ("none", True)
    assert site.value("READER", SITE_ARCH="zen4", **named) == "zen4"
    for file in tmp_path.glob("*[gk]*.*"):
        if file.suffix in (".lua", ".tcl"):
            file.write_text(file.read_text().replace("none", "edited"))
    missed(site, **named)
    assert site.value("READER", **named) == "edited"


def test_a_version_that_is_hidden_from_a_date_on_is_looked_up_each_time(site: Site) -> None:
    if site.tool == "lmod":
        pytest.skip("Lmod 8.6 knows no dates")
    rc = site.tree.folder / "lib/.modulerc"
    rc.write_text("#%Module\nmodule-hide --after 2020-01-01 lib/2.0\n")
    settle()
    assert site.value("LIB") == "1.0"
    assert not site.is_replayed()


def test_the_default_modules_of_reset_are_guards(site: Site) -> None:
    if site.tool == "modules":
        pytest.skip("Environment Modules restores what was there at the start")
    config = 'modules = ["reader/1.0"]\nmodule-policy = "reset"\n'
    (site.root / ".hpcenv.toml").write_text(config)
    site.home.command("allow", str(site.root))
    settle()
    assert site.value("OTHER") is None
    assert site.value("OTHER", LMOD_SYSTEM_DEFAULT_MODULES="other") == "1"
    assert site.is_replayed(LMOD_SYSTEM_DEFAULT_MODULES="other")


def test_a_spider_cache_by_which_modules_are_loaded_is_made_again(
    site: Site, tmp_path: Path
) -> None:
    if site.tool == "modules":
        pytest.skip("Lmod's cache")
    update = Path(site.home.env["LMOD_CMD"]).parent / "update_lmod_system_cache_files"
    (tmp_path / "lmodrc.lua").write_text(
        f'scDescriptT = {{ {{ dir = "{tmp_path}/cache", timestamp = "{tmp_path}/stamp" }} }}\n'
    )
    named = {"LMOD_RC": str(tmp_path / "lmodrc.lua"), "LMOD_CACHED_LOADS": "yes"}
    words = [str(update), "-d", f"{tmp_path}/cache", "-t", f"{tmp_path}/stamp"]

    def spider() -> None:
        subprocess.run(
            [*words, str(site.tree.folder)],
            env={**site.home.env, **named},
            check=True,
            capture_output=True,
        )
        settle()

    spider()
    assert (site.value("LIB", **named), site.is_replayed(**named)) == ("2.0", True)
    site.tree.module("lib/3.0", ("setenv", "LIB", "3.0"))
    settle()
    site.values(**named)
    spider()
    assert site.value("LIB", **named) == "3.0"


def test_other_modules_were_loaded_before(site: Site) -> None:
    words = ["bash", "-c", REFERENCE[site.tool] + "module load other/1.0; env -0"]
    out = subprocess.run(words, env=site.home.env, capture_output=True, text=True, check=True)
    env = dict(f.split("=", 1) for f in out.stdout.split("\0") if "=" in f)
    changed = {n: v for n, v in env.items() if site.home.env.get(n) != v and n != "_"}
    assert "other/1.0" in changed["LOADEDMODULES"]
    missed(site, **changed)
    assert "other/1.0" in (site.value("LOADEDMODULES", **changed) or "")


def test_the_module_tool_is_upgraded(site: Site, tmp_path: Path) -> None:
    name = "LMOD_CMD" if site.tool == "lmod" else "MODULES_CMD"
    front = tmp_path / ("lmod" if site.tool == "lmod" else "modulecmd.tcl")
    runner = "" if site.tool == "lmod" else "tclsh "
    real = site.home.env[name]
    if site.tool == "lmod":
        front.write_text(f'#!/bin/sh\nexec {runner}"{real}" "$@"\n')
    else:
        shutil.copy(real, front)
    front.chmod(0o755)
    settle()
    env = site.home.env.items()
    chosen = {n: v.replace(real, str(front)) for n, v in env if real in v}  # `module` names it too
    assert site.value("LIB", **chosen) == "2.0"
    assert site.is_replayed(**chosen)
    front.write_text(front.read_text() + "\n# upgraded\n")
    missed(site, **chosen)


def test_this_tool_is_upgraded(site: Site) -> None:
    assert compiling.__file__ in activations(site)[0].read_text()


def activations(site: Site) -> list[Path]:
    """The stored activations of the project."""
    return sorted((site.home.folder / ".cache/autoenv-hpc/activations").rglob("*.bash"))


def with_venv(site: Site, more: str = "") -> Path:
    """Give the project an environment; return its folder."""
    (site.root / ".hpcenv.toml").write_text(f'modules = ["lib"]\n[venv]\npython = "3"\n{more}')
    site.home.command("allow", str(site.root))
    settle()
    site.home.command("prepare", cwd=site.root)
    settle()
    site.values()
    assert site.is_replayed()
    return site.root / ".venv"


def test_the_interpreter_behind_the_environment_is_replaced(site: Site) -> None:
    venv = with_venv(site)
    python = venv / "bin/python"
    copy = venv / "bin/copy"
    shutil.copy(python.resolve(), copy)
    copy.rename(python)
    missed(site)


def test_pyvenv_cfg_is_edited(site: Site) -> None:
    configuration = with_venv(site) / "pyvenv.cfg"
    text = configuration.read_text()
    configuration.write_text(text.replace("= false", "= true"))
    assert not site.is_replayed()
    said = site.home.command("exec", "--", "true", cwd=site.root, status=125).stderr
    assert "system-site-packages" in said


def test_requirements_change(site: Site) -> None:
    (site.root / "requirements.txt").write_text("numpy==1.15.4\n")
    with_venv(site, 'requirements = ["requirements.txt"]\n')
    (site.root / "requirements.txt").write_text("spacy\n")
    missed(site)


def test_the_configuration_is_edited_within_the_second_or_replaced_by_an_older_one(
    site: Site,
) -> None:
    file = site.root / ".hpcenv.toml"
    first = file.read_text()
    file.write_text(first.replace('"1"', '"2"'))
    site.home.command("allow", str(site.root))
    assert not site.is_replayed()
    assert site.value("OURS") == "2"
    file.write_text(first)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert not site.is_replayed()
    assert site.value("OURS") == "1"


def keep_time(path: Path, old: str, new: str, *, in_place: bool) -> None:
    """Edit a file as `cp -p` or `rsync -t` does: its size and its time of modification stay."""
    then = path.stat()
    edited = path.with_name("edited") if not in_place else path
    edited.write_text(path.read_text().replace(old, new))
    os.utime(edited, ns=(then.st_atime_ns, then.st_mtime_ns))
    edited.rename(path)
    assert path.stat().st_size == then.st_size


@pytest.mark.parametrize("in_place", [True, False])
def test_an_edit_that_keeps_time_and_size_is_seen(site: Site, in_place: bool) -> None:
    """In a published tree all times may be equal; then times prove nothing."""
    own = site.home.folder / ".config/autoenv-hpc/config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[env]\nMINE = "1"\n')
    for path in [site.tree.folder, *site.tree.folder.rglob("*")]:
        os.utime(path, (1, 1))
    assert (site.value("OURS"), site.is_replayed()) == ("1", True)
    keep_time(own, '"1"', '"2"', in_place=in_place)
    assert (site.value("MINE"), site.is_replayed()) == ("2", True)
    keep_time(next((site.tree.folder / "reader").iterdir()), "unset", "UNSET", in_place=in_place)
    os.utime(site.tree.folder / "reader", (1, 1))
    settle()
    assert (site.value("READER"), site.is_replayed()) == ("UNSET", True)
    keep_time(site.root / ".hpcenv.toml", '"1"', '"2"', in_place=in_place)
    assert not site.is_replayed()
    site.home.command("allow", str(site.root))
    assert (site.value("OURS"), site.is_replayed()) == ("2", True)


_EDITS = {
    "configuration": "sed -i s/OURS/EDITED/ .hpcenv.toml; {command} allow",
    "user's configuration": "mkdir -p ~/.config/autoenv-hpc; echo 'env.EDITED = \"1\"' >~/.config/autoenv-hpc/config.toml",
    "denial": "{command} deny",
    "modulefile": "sed -i s/READER/EDITED/ {tree}/reader/*",
    "new version": "sed s/2.0/EDITED/ {tree}/lib/2.0* >{tree}/lib/3.0.lua",
}


@pytest.mark.parametrize("what", _EDITS)
def test_what_changes_during_the_load_is_seen_after_it(
    site: Site, what: str, tmp_path: Path
) -> None:
    if site.tool == "modules":
        pytest.skip("its program is found behind a script, which then does not run")
    edit, front = tmp_path / "edit", tmp_path / "front"
    front.write_text(
        f'#!/bin/sh\n{site.home.env["LMOD_CMD"]} "$@"\nstatus=$?\n'
        f"if [ -e {edit} ]; then mv {edit} {edit}ed; . {edit}ed >/dev/null 2>&1; fi\nexit $status\n"
    )
    front.chmod(0o755)
    edit.write_text(_EDITS[what].format(command=COMMAND, tree=site.tree.folder))
    settle()
    slow = {"LMOD_CMD": str(front)}
    site.home.command("exec", "--", "true", cwd=site.root, env=slow)
    assert not edit.exists()
    settle()
    if what == "denial":
        site.home.command("exec", "--", "true", cwd=site.root, env=slow, status=125)
    else:
        values = site.values(**slow)
        assert "EDITED" in {*values, *values.values()}
        assert site.is_replayed(**slow)


def test_the_clock_is_set_back_or_the_activation_is_old(site: Site) -> None:
    stored = activations(site)[0]
    seal = stored.stat().st_mtime_ns
    text = stored.read_text()
    line = next(line for line in text.splitlines() if "__autoenv_hpc_now <" in line)
    begin, end = (int(word) for word in re.findall(r"\d{9,}", line))
    for shift in (end - begin, begin - end):
        moved = line.replace(str(begin), str(begin + shift)).replace(str(end), str(end + shift))
        stored.write_text(text.replace(line, moved))
        os.utime(stored, ns=(seal, seal))
        assert not site.is_replayed()
    stored.write_text(text)
    os.utime(stored, ns=(seal, seal))
    assert site.is_replayed()


@pytest.mark.parametrize("damage", ["nonsense", "cut short", "empty", "foreign", "link"])
def test_a_damaged_cache_is_ignored_and_nothing_of_it_is_sourced(
    site: Site, damage: str, tmp_path: Path
) -> None:
    stored = activations(site)[0]
    evidence = tmp_path / "sourced"
    text = stored.read_text()
    if damage == "nonsense":
        stored.write_text(f"touch {evidence}\nreturn 0\n")
    elif damage == "cut short":
        stored.write_text(text[: len(text) // 2])
    elif damage == "empty":
        stored.write_text("")
    elif damage == "foreign":
        if os.getuid() != 0:
            pytest.skip("only root can give a file away")
        seal = stored.stat().st_mtime_ns
        stored.write_text(f"touch {evidence}\nreturn 0\n")
        os.utime(stored, ns=(seal, seal))
        os.chown(stored, 65534, -1)
    else:
        other = tmp_path / "other"
        other.write_text(f"touch {evidence}\nreturn 0\n")
        stored.unlink()
        stored.symlink_to(other)
    missed(site)
    assert not evidence.exists()
    assert site.value("LIB") == "2.0"


def test_a_cache_that_others_may_write_is_said_and_not_used(site: Site, tmp_path: Path) -> None:
    cache = site.home.folder / ".cache/autoenv-hpc"
    cache.chmod(0o777)
    evidence = tmp_path / "sourced"
    stored = activations(site)[0]
    stored.write_text(f"touch {evidence}\nreturn 0\n")  # what they could do
    done = site.home.command("exec", "--", "true", cwd=site.root)
    assert f"other users can write to {cache} (run `chmod go-w` on it)" in done.stderr
    assert not evidence.exists()


def test_a_failure_is_remembered_under_the_same_guards(site: Site, tmp_path: Path) -> None:
    (site.root / ".hpcenv.toml").write_text('modules = ["missing/1.0"]\n')
    site.home.command("allow", str(site.root))
    settle()
    log = tmp_path / "log"

    def fails() -> str:
        words = [
            "strace",
            "-f",
            "-qq",
            "-s",
            "999",
            "-e",
            "trace=execve",
            "-o",
            str(log),
            COMMAND,
            "exec",
            "--",
            "true",
        ]
        done = subprocess.run(
            words, env=site.home.env, cwd=site.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 125
        return done.stderr

    first = fails()
    assert "missing/1.0" in first
    assert "module-tool.bash" in log.read_text()
    assert fails() == first
    assert "module-tool.bash" not in log.read_text()  # no second walk of the tree
    for record in (site.home.folder / ".cache/autoenv-hpc/resolutions").iterdir():
        text = record.read_text()
        if "missing/1.0" in text:  # another host may have what is missing here
            record.write_text(text.replace(f'"{os.uname().nodename}"', '"another"'))
    assert fails() == first
    assert "module-tool.bash" in log.read_text()
    site.tree.module("missing/1.0", ("setenv", "FOUND", "1"))
    settle()
    assert site.value("FOUND") == "1"


def test_a_failure_is_over_once_an_rc_file_gives_the_name_a_meaning(site: Site) -> None:
    """Lmod reads the rc files of all names, Environment Modules the one of the whole folder."""
    (site.root / ".hpcenv.toml").write_text('modules = ["short"]\n')
    site.home.command("allow", str(site.root))
    settle()
    assert "short" in site.home.command("exec", "true", cwd=site.root, status=125).stderr
    place = site.tree.folder / ("reader" if site.tool == "lmod" else "") / ".modulerc"
    place.write_text("#%Module\nmodule-alias short lib/2.0\n")
    settle()
    assert site.value("LIB") == "2.0"


def test_a_failure_is_over_once_the_variable_that_it_was_for_is_set(site: Site) -> None:
    site.reads(
        'if not os.getenv("LICENCE") then LmodError("no licence") end\nsetenv("READER", "1")',
        "if {![info exists ::env(LICENCE)]} { error {no licence} }\nsetenv READER 1",
    )
    said = site.home.command("exec", "true", cwd=site.root, status=125).stderr
    assert "no licence" in said
    assert "did you mean" not in said  # it is there
    assert site.value("READER", LICENCE="here") == "1"


def test_a_failure_that_nobody_listened_to_is_not_believed(site: Site, tmp_path: Path) -> None:
    # The tool stands behind a program that hides it; what it needs is nowhere in a modulefile.
    name = "LMOD_CMD" if site.tool == "lmod" else "MODULES_CMD"
    licence, hidden = tmp_path / "licence", tmp_path / "hidden"
    hidden.symlink_to(site.home.env[name])
    program = tmp_path / "tool"
    program.write_text(
        "#!/usr/bin/perl\nif (-e $ENV{LICENCE_FILE}) { exec readlink($ENV{HIDDEN}), @ARGV }\n"
        "print STDERR 'no licence'; print 'test 0 = 1;'; exit 1\n"
    )
    program.chmod(0o755)
    for function in [n for n in site.home.env if n.startswith("BASH_FUNC")]:
        del site.home.env[function]
    more = {name: str(program), "HIDDEN": str(hidden), "LICENCE_FILE": str(licence)}
    said = site.home.command("exec", "true", cwd=site.root, status=125, env=more).stderr
    assert "no licence" in said
    licence.touch()
    assert site.value("LIB", **more) == "2.0"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_module_that_appears_is_loaded_at_the_next_prompt(site: Site, shell: str) -> None:
    (site.root / ".hpcenv.toml").write_text('modules = ["late/1.0"]\n')
    site.home.command("allow", str(site.root))
    here = site.home.shell(shell, cwd=site.root)
    assert "late/1.0" in here.greeting
    assert "late" not in here.run("true")
    settle()
    site.tree.module("late/1.0", ("setenv", "LATE", "1"))
    here.run("true")
    assert here.env()["LATE"] == "1"


def test_a_changed_variable_does_not_run_the_module_tool_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.root / ".hpcenv.toml").write_text('modules = ["lib", "reader/1.0"]\n[env]\nOURS = "2"\n')
    site.home.command("allow", str(site.root))
    trace = site.home.folder / "calls"
    words = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=execve",
        "-o",
        str(trace),
        COMMAND,
        "exec",
        "--",
        "true",
    ]
    subprocess.run(words, cwd=site.root, env=site.home.env, check=True)
    assert "module-tool.bash" not in trace.read_text()
    assert site.value("OURS") == "2"
    assert site.value("LIB") == "2.0"


def test_what_had_the_modules_value_already_is_set_elsewhere_all_the_same(site: Site) -> None:
    site.tree.module("lib/2.0", ("setenv", "LIB", "2.0"), ("unsetenv", "UNWANTED"))
    settle()
    assert site.value("LIB", LIB="2.0") == "2.0"
    assert site.is_replayed(LIB="2.0")
    assert site.value("LIB", LIB="mine") == "2.0"
    assert "UNWANTED" not in site.values(UNWANTED="1")


def test_what_had_the_projects_value_already_is_set_elsewhere_all_the_same(site: Site) -> None:
    config = site.root / ".hpcenv.toml"
    config.write_text('[env]\nMINE = "1"\nGONE = false\n')
    site.home.command("allow", str(site.root))
    settle()
    assert site.value("MINE", MINE="1") == "1"
    assert site.is_replayed(MINE="1")
    seen = site.values(MINE="2", GONE="2")
    assert seen["MINE"] == "1"
    assert "GONE" not in seen


def test_pythonhome_and_a_condas_environment_are_out_of_the_way_elsewhere_too(site: Site) -> None:
    python = os.path.realpath(sys.executable)
    (site.root / ".hpcenv.toml").write_text(f'[venv]\npython = "{python}"\n')
    site.home.command("allow", str(site.root))
    site.home.command("prepare", cwd=site.root)
    assert site.is_replayed()
    assert "PYTHONHOME" not in site.values(PYTHONHOME="/nonexistent")
    assert site.value("CONDA_SHLVL", CONDA_PREFIX="/opt/base", CONDA_SHLVL="1") == "0"
