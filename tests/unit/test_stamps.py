"""Stamps: they are as many as the stored activations need, and a few more."""

import os
from pathlib import Path

from autoenv_hpc.activations import stamps

NOW = 1_795_518_565 * 10**9


def test_of_many_edits_the_last_leave_stamps(tmp_path: Path) -> None:
    cache = str(tmp_path)
    named, content = [NOW + 1, NOW + 2], f"{1234567890:032x}.texts"
    text = f"[[ $1/{named[0]} -nt x || $1/{named[1]} -nt y ]] <$1/{content}".encode()
    stamps.make_stamps(cache, named, {content: b"text"})
    for edit in range(10, 400):
        another = f"{edit:032x}.texts"
        if stamps.make_stamps(cache, [NOW + edit], {another: b"text"}):
            stamps.prune(cache, [text])
        there = os.listdir(tmp_path / "stamps")
        assert len(there) <= 130
        wanted = {*map(str, named), content, str(NOW + edit), another, "seal", "fine"}
        assert wanted <= {*there}


def test_a_damaged_content_is_written_again(tmp_path: Path) -> None:
    cache, file = str(tmp_path), tmp_path / "stamps" / f"{1:032x}.texts"
    for damage in (b"", b"tex\0", b"text and more"):
        stamps.make_stamps(cache, (), {file.name: b"text"})
        assert file.read_bytes() == b"text"
        file.write_bytes(damage)


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    cache, folder = str(tmp_path), tmp_path / "stamps"
    stamps.make_stamps(cache, range(NOW, NOW + 100))
    (folder / "notes").write_text("")
    (folder / str(NOW + 200)).write_text("not empty")
    stamps.prune(cache, [])
    assert {"notes", str(NOW + 200)} < {*os.listdir(folder)}
    assert len(os.listdir(folder)) == 64 + 4  # with the seal and its neighbour
