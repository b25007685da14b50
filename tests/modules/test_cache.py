"""`cache`: what is stored is shown, explained, compared with real loads, and cleared."""

import os

import pytest
from homes import MODULE_TOOLS, Home


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
    os.utime(file, (1_600_000_000, 1_600_000_000))
    paths = f"{folder.parent}:{cluster.env['MODULEPATH']}"
    other = cluster.project('modules = ["late/1.0"]\n', "q")
    cluster.command("prepare", cwd=other, MODULEPATH=paths)
    file.write_text(text.format(2))
    os.utime(file, (1_600_000_000, 1_600_000_000))
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
