"""An environment that is made beside its place and moved there."""

import ctypes
import os
from pathlib import Path

import pytest

from autoenv_hpc.venvs import relocation


def test_a_file_system_that_cannot_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    relocation.swap(str(tmp_path / "one"), str(tmp_path / "two"))
    assert os.listdir(tmp_path / "one") == ["two"]
    assert {*os.listdir(tmp_path / "two")} == {"one", relocation.TRASH}


def test_links_into_a_cache_are_not_written_through(tmp_path: Path) -> None:
    made = tmp_path / "abc"
    made.mkdir()
    (made / "text").write_text(f"{made}/lib")
    (made / "text").chmod(0o750)
    os.utime(made / "text", ns=(10**18, 10**18 + 7))
    os.link(made / "text", tmp_path / "cached")
    (made / "python").symlink_to(made / "text")
    relocation.relocate(str(made), str(made), str(tmp_path / "xyz"))
    assert (made / "text").read_text() == f"{tmp_path}/xyz/lib"
    assert (tmp_path / "cached").read_text() == f"{made}/lib"
    assert os.readlink(made / "python") == f"{tmp_path}/xyz/text"
    status = (made / "text").stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o750, 10**18 + 7)
