"""`cache`: what is stored is shown, explained, compared with real loads, and cleared."""

import os
import re
import time
from pathlib import Path

import pytest
from homes import MODULE_TOOLS, SHELLS, Home


def test_the_list_tells_of_each_activation_and_why_it_would_not_be_used(home: Home) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    home.command("prepare", cwd=root)
    out = home.command("cache", "list").stdout
    assert str(root) in out
    assert "fits here" in out
    out = home.command("cache", "list", "--why", OURS="other", PATH="/usr/bin:/bin").stdout
    assert "- OURS was unset and is now 'other'" in out
    (root / ".hpcenv.toml").touch()
    assert ".hpcenv.toml is newer than it was" in home.command("cache", "list", "--why").stdout


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_check_compares_with_a_real_load(cluster: Home, tool: str) -> None:
    root = cluster.project('modules = ["python/3.9.5", "samtools/1.12"]\n[venv]\n', "p")
    cluster.command("prepare", cwd=root)
    assert "as a real load" in cluster.command("cache", "check").stdout
    # What no guard can see: another text under the same time of modification.
    folder = cluster.folder / "modules/late"
    folder.mkdir(parents=True)
    lua = tool == "lmod"
    file = folder / ("1.0.lua" if lua else "1.0")
    text = 'setenv("LATE", "{}")\n' if lua else "#%Module\nsetenv LATE {}\n"
    file.write_text(text.format(1))
    then = file.stat()
    time.sleep(0.1)
    paths = f"{folder.parent}:{cluster.env['MODULEPATH']}"
    other = cluster.project('modules = ["late/1.0"]\n', "q")
    cluster.command("prepare", cwd=other, MODULEPATH=paths)
    file.write_text(text.format(2))
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    out = cluster.command("cache", "check", status=1, MODULEPATH=paths).stdout
    assert f"{other} (bash): LATE differs from a real load" in out


def test_clear_leaves_nothing_and_costs_nothing_but_time(home: Home) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    shell = home.shell("bash", cwd=root)
    home.command("cache", "clear")
    assert not list((home.folder / ".cache/autoenv-hpc").iterdir())
    shell.run("true")
    assert shell.env()["OURS"] == "1"
    shell.run("cd /")
    assert "OURS" not in shell.env()
    assert home.command("cache", status=2).stderr.startswith("autoenv-hpc: ")


@pytest.mark.parametrize("tool", ["lmod"])
def test_a_project_that_is_never_stored_says_why_once(
    cluster: Home, tool: str, tmp_path: Path
) -> None:
    del tool
    file = tmp_path / "tree/clock/1.lua"
    file.parent.mkdir(parents=True)
    file.write_text('\nsetenv("NOW", os.time())\n')
    cluster.env["MODULEPATH"] = str(tmp_path / "tree")
    root = cluster.project('modules = ["clock/1"]\n', "p")
    time.sleep(0.1)
    reason = f"{file}:2 asks what time it is"
    said = f"autoenv-hpc: p: each entry loads the modules again, because {reason}\n"
    shell = cluster.shell("bash")
    assert reason in shell.run(f"cd {root}")
    assert reason not in shell.run("cd /") + shell.run(f"cd {root}")
    assert cluster.command("exec", "--", "true", cwd=root).stderr == ""
    assert f"nothing is stored: {reason}" in cluster.command("cache", "list").stdout
    file.write_text('\n\nsetenv("NOW", os.time())\n')  # another reason
    time.sleep(0.1)
    said = said.replace(":2 ", ":3 ")
    assert cluster.command("exec", "--", "true", cwd=root).stderr == said
    file.write_text('setenv("NOW", "1")\n')
    time.sleep(0.1)
    cluster.command("exec", "--", "true", cwd=root)
    assert "nothing is stored" not in cluster.command("cache", "list").stdout


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("shell", SHELLS)
def test_debugging_says_what_was_used_and_which_guard_failed(
    cluster: Home, tool: str, shell: str, tmp_path: Path
) -> None:
    del tool
    file = tmp_path / "tree/asks/1.lua"
    file.parent.mkdir(parents=True)
    file.write_text('setenv("ASKED", os.getenv("SITE_ARCH") or "none")\n')
    cluster.env["MODULEPATH"] = str(tmp_path / "tree")
    root = cluster.project('modules = ["asks/1"]\n', "p")
    time.sleep(0.1)
    here = cluster.shell(shell, AUTOENV_HPC_DEBUG="1")
    first = here.run(f"cd {root}")
    assert f"debug: {root}/.hpcenv.toml: allowed" in first
    assert re.search(r"debug: \S+/lmod: load asks/1 \(\d+\.\d ms\)", first)
    assert "debug: stored as" in first
    here.run("cd /")
    assert f"{root}/0.{shell}" in here.run(f"cd {root}")
    verbose = cluster.command("-v", "exec", "-C", str(root), "--", "true", SITE_ARCH="zen4").stderr
    assert "SITE_ARCH was unset and is now 'zen4'" in verbose
    assert (
        "debug: by"
        in cluster.command(
            "exec", "--", "true", cwd=root, SITE_ARCH="zen4", AUTOENV_HPC_DEBUG="1"
        ).stderr
    )
    assert cluster.command("exec", "--", "true", cwd=root, SITE_ARCH="zen4").stderr == ""
