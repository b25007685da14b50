"""Nothing of a configuration takes effect before its user said so."""

import os
from pathlib import Path

import pytest
from homes import Home

PLAIN = '[env]\nCOLOUR = "blue"\n'
SHOW = ("/bin/sh", "-c", 'echo "$COLOUR"')


def allowed(home: Home, root: Path, **more: str) -> bool:
    """Whether a command of the project is started."""
    status = 0 if "COLOUR" in more.pop("expect", "COLOUR") else 125
    return (
        home.command("exec", "-C", str(root), "--", *SHOW, status=status, env=more).stdout
        == "blue\n"
    )


def test_new_edited_denied_and_allowed_again(home: Home) -> None:
    root = home.project(PLAIN, "p", allow=False)
    said = home.command("exec", "-C", str(root), "--", *SHOW, status=125).stderr
    assert (
        said
        == f"autoenv-hpc: {root}/.hpcenv.toml is new or was edited: read it, then run `autoenv-hpc allow`\n"
    )
    home.command("allow", cwd=root)
    assert allowed(home, root)
    (root / ".hpcenv.toml").write_text(PLAIN + "# edited\n")
    assert not allowed(home, root, expect="no")
    (root / ".hpcenv.toml").write_text(PLAIN)
    assert allowed(home, root)  # the very bytes that were allowed
    home.command("deny", str(root / ".hpcenv.toml"))
    assert "is denied" in home.command("exec", "-C", str(root), "--", *SHOW, status=125).stderr
    home.command("allow", cwd=root)
    assert allowed(home, root)


def test_the_same_bytes_elsewhere_are_not_allowed(home: Home) -> None:
    root = home.project(PLAIN, "p")
    other = home.project(PLAIN, "p-evil", allow=False)
    assert allowed(home, root)
    assert not allowed(home, other, expect="no")


def test_what_everybody_may_write_is_refused(home: Home) -> None:
    root = home.project(PLAIN, "p", allow=False)
    config = root / ".hpcenv.toml"
    for path, mode in ((config, 0o666), (root, 0o777)):
        was = path.stat().st_mode
        path.chmod(mode)
        assert (
            "every user of this machine can write to it"
            in home.command("allow", cwd=root, status=1).stderr
        )
        assert not allowed(home, root, expect="no")
        path.chmod(was)
    root.chmod(0o777)
    home.command("allow", "--force", cwd=root)
    assert allowed(home, root)


def test_a_project_folder_of_a_group_is_normal(home: Home) -> None:
    root = home.project(PLAIN, "p", allow=False)
    root.chmod(0o2770)
    (root / ".hpcenv.toml").chmod(0o660)
    home.command("allow", cwd=root)
    assert allowed(home, root)


def test_a_site_can_approve_whole_folders_and_groups(home: Home) -> None:
    group = home.command(
        "exec", "-C", str(home.project(PLAIN, "q")), "--", "id", "-gn"
    ).stdout.strip()
    root = home.project(PLAIN, "team/p", allow=False)
    evil = home.project(PLAIN, "team-evil/p", allow=False)
    file = home.folder / ".config/autoenv-hpc/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[trust]\npaths = ["~/team"]\n')
    assert allowed(home, root)
    assert (
        f"allowed ([trust] paths has {home.folder}/team)" in home.command("status", cwd=root).stdout
    )
    assert not allowed(home, evil, expect="no")
    home.command("deny", str(root))
    assert not allowed(home, root, expect="no")
    file.write_text(f'[trust]\ngroups = ["{group}"]\n')
    assert allowed(home, evil)
    assert f"allowed ([trust] groups has {group})" in home.command("status", cwd=evil).stdout
    (evil / ".hpcenv.toml").chmod(0o666)
    (evil / ".hpcenv.toml").write_text(PLAIN + "# by anybody\n")
    assert not allowed(home, evil, expect="no")


@pytest.mark.parametrize("exposed", ["", "allow"])
def test_records_that_others_may_write_are_not_read(home: Home, exposed: str) -> None:
    root = home.project(PLAIN, "p")
    folder = home.folder / ".local/state/autoenv-hpc" / exposed
    folder.chmod(0o770)
    said = home.command("exec", "-C", str(root), "--", *SHOW, status=125).stderr
    assert "other users can write to it" in said
    folder.chmod(0o700)
    assert allowed(home, root)


def test_the_state_folder_can_be_elsewhere(home: Home, tmp_path: Path) -> None:
    root = home.project(PLAIN, "p", allow=False)
    home.env["AUTOENV_HPC_STATE_DIR"] = str(tmp_path / "state")
    home.command("allow", cwd=root)
    assert allowed(home, root)
    assert not (home.folder / ".local/state/autoenv-hpc").exists()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_allow_with_exec_and_by_a_link(home: Home) -> None:
    root = home.project(PLAIN, "p", allow=False)
    home.command("exec", "-C", str(root), "--allow", "--", *SHOW)
    link = home.folder / "link"
    link.symlink_to(root)
    assert allowed(home, link)
    assert os.readlink(link) == str(root)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_permission_that_is_gone_holds_up_what_was_stored(home: Home, shell: str) -> None:
    root = home.project(PLAIN, "p")
    home.command("prepare", cwd=root)
    here = home.shell(shell)
    here.run(f"cd {root}")
    here.run("cd /")
    stored = home.folder / f".cache/autoenv-hpc/activations{root}/0.{shell}"
    assert stored.exists()
    here.run(
        "set -gx AUTOENV_HPC_PYTHON /bin/false"
        if shell == "fish"
        else "export AUTOENV_HPC_PYTHON=/bin/false"
    )
    here.run(f"cd {root}")
    assert here.output("echo $COLOUR") == "blue\n"
    here.run("cd /")
    for record in (home.folder / ".local/state/autoenv-hpc/allow").iterdir():
        record.unlink()
    here.run("set -e AUTOENV_HPC_PYTHON" if shell == "fish" else "unset AUTOENV_HPC_PYTHON")
    assert "is new or was edited" in here.run(f"cd {root}")
    assert here.output("echo $COLOUR") == "\n"
    assert not allowed(home, root, expect="no")
