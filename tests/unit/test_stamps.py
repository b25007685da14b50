"""Stamps: they are as many as the stored activations need, and a few more."""

import os
from pathlib import Path

from autoenv_hpc.activations import stamps

NOW = 1_795_518_565 * 10**9


def test_of_many_edits_the_last_leave_stamps(tmp_path: Path) -> None:
    cache = str(tmp_path)
    named = [NOW + 1, NOW + 2]
    text = f"[[ $1/{named[0]} -nt x || $1/{named[1]} -nt y ]]".encode()
    stamps.make_stamps(cache, named)
    for edit in range(10, 400):
        if stamps.make_stamps(cache, [NOW + edit]):
            stamps.prune(cache, [text])
        there = os.listdir(tmp_path / "stamps")
        assert len(there) <= 130
        assert {*map(str, named), str(NOW + edit), "seal", "fine"} <= {*there}


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    cache, folder = str(tmp_path), tmp_path / "stamps"
    stamps.make_stamps(cache, range(NOW, NOW + 100))
    (folder / "notes").write_text("")
    (folder / str(NOW + 200)).write_text("not empty")
    stamps.prune(cache, [])
    assert {"notes", str(NOW + 200)} < {*os.listdir(folder)}
    assert len(os.listdir(folder)) == 64 + 4  # with the seal and its neighbour
