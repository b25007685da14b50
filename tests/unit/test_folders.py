"""The user's own folders are where the standard puts them."""

import platformdirs
import pytest

from autoenv_hpc import folders


@pytest.mark.parametrize("given", ["", "/xdg", "relative"])
def test_the_folders_are_those_of_the_standard(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    names = {
        "XDG_CACHE_HOME": folders.cache,
        "XDG_STATE_HOME": folders.state,
        "XDG_CONFIG_HOME": folders.config,
    }
    theirs = {
        "XDG_CACHE_HOME": platformdirs.user_cache_dir,
        "XDG_STATE_HOME": platformdirs.user_state_dir,
        "XDG_CONFIG_HOME": platformdirs.user_config_dir,
    }
    for name, ours in names.items():
        if given == "relative":
            assert ours({"HOME": "/h", name: given}).startswith(
                "/h/"
            )  # the standard: ignore what is relative
            continue
        monkeypatch.setenv("HOME", "/h")
        monkeypatch.setenv(name, given)
        assert ours({"HOME": "/h", name: given}) == theirs[name]("autoenv-hpc")
