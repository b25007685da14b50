"""The user's own folders are where the standard puts them."""

import platformdirs
import pytest

from autoenv_hpc.system.folders import Folders


@pytest.mark.parametrize("given", ["", "/xdg", "relative"])
def test_the_folders_are_those_of_the_standard(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    theirs = {
        "XDG_CACHE_HOME": ("cache", platformdirs.user_cache_dir),
        "XDG_STATE_HOME": ("state", platformdirs.user_state_dir),
        "XDG_CONFIG_HOME": ("config", platformdirs.user_config_dir),
    }
    for name, (field, folder) in theirs.items():
        ours = getattr(Folders.of({"HOME": "/h", name: given}), field)
        if given == "relative":
            assert ours.startswith("/h/")  # the standard: ignore what is relative
            continue
        monkeypatch.setenv("HOME", "/h")
        monkeypatch.setenv(name, given)
        assert ours == folder("autoenv-hpc")


def test_without_home_the_password_database_knows_it() -> None:
    assert Folders.of({}).home == Folders.of({"HOME": ""}).home != ""


def test_the_variables_of_ours_name_whole_folders() -> None:
    named = {"AUTOENV_HPC_CACHE_DIR": "/c", "AUTOENV_HPC_STATE_DIR": "/s", "HOME": "/h"}
    assert Folders.of(named)[:3] == ("/h", "/c", "/s")
