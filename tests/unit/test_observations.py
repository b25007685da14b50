"""What becomes of each kind of question."""

import os
import time
from pathlib import Path

import pytest

from autoenv_hpc.modules.observations import Observations, observed

_ENV = {"HOME": "/home/me", "FOO": "outside", "PWD": "/somewhere"}


def _read(*questions: tuple[str, ...], began: int = 0, home: str = "/nowhere") -> Observations:
    padded = [("call", "/nowhere/lmod"), *questions, ("end",)]
    fields = [field for question in padded for field in (*question, "", "", "")[:4]]
    began = began or time.time_ns() + 10**9
    seen = observed(
        "".join(f"{field}\0" for field in fields).encode(), {**_ENV, "HOME": home}, began
    )
    assert seen is not None
    return seen


def _stamp(path: Path) -> str:
    now = path.stat()
    kind = "directory" if path.is_dir() else "file"
    return f"{kind} {int(now.st_mtime)} {int(now.st_ctime)} {now.st_size} {now.st_ino}"


def test_a_variable_counts_with_the_value_from_outside() -> None:
    seen = _read(("variable", "FOO", "set"), ("variable", "BAR"))
    assert seen.variables == {"FOO": "outside", "BAR": None}


def test_a_variable_that_the_load_has_set_itself_does_not_count_as_asked() -> None:
    seen = _read(("set", "FOO"), ("variable", "FOO", "set"))
    assert seen.variables == {}
    assert seen.written == {"FOO": "outside"}


def test_a_file_counts_with_its_time_and_that_of_its_folder_where_another_may_take_its_place(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    seen = _read(("read", str(file), _stamp(file)), ("read", f"{tmp_path}/none", "absent"))
    assert seen.files[str(file)] == file.stat().st_mtime_ns
    assert seen.files[f"{tmp_path}/none"] is None
    assert seen.files[str(tmp_path)] == tmp_path.stat().st_mtime_ns
    assert seen.unstorable is None
    at_home = _read(("read", str(file), _stamp(file)), home=str(tmp_path))
    assert str(tmp_path) not in at_home.files


@pytest.mark.parametrize("length", [4, 20_000])
@pytest.mark.parametrize("times", [(1, 1), (1, 2), (2 * 10**9, 2 * 10**9)])
def test_files_whose_time_was_set_count_with_their_content(
    tmp_path: Path, length: int, times: tuple[int, int]
) -> None:
    files = [tmp_path / name for name in "ab"]
    for file, moment in zip(files, times, strict=True):
        file.write_text("t" * length)
        os.utime(file, (moment, moment))
    seen = _read(*(("read", str(file), _stamp(file)) for file in files))
    assert seen.texts == ({str(file): "tttt" for file in files} if length == 4 else {})
    assert seen.crowded == (length > 4)


def test_two_slashes_at_the_beginning_are_one(tmp_path: Path) -> None:
    seen = _read(("read", f"/{tmp_path}/none", "absent"), ("kind", "//", "directory"))
    assert seen.files[f"{tmp_path}/none"] is None
    assert seen.present == {"/": "directory"}


def test_only_the_presence_counts_of_a_file_that_only_had_to_be_there(tmp_path: Path) -> None:
    seen = _read(("kind", str(tmp_path), "directory"))
    assert seen.present == {str(tmp_path): "directory"}
    assert str(tmp_path) not in seen.files


def test_a_file_that_changed_during_the_load_makes_it_useless(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    before = _stamp(file)
    file.write_text("longer text")
    assert "changed during the load" in str(_read(("read", str(file), before)).changed)


def test_so_does_one_that_changed_within_the_second_and_kept_its_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    began = time.time_ns()
    before, times = _stamp(file), file.stat()
    time.sleep(0.02)
    file.write_text("TEXT")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert _read(("read", str(file), before), began=began).changed


def test_so_does_one_that_changed_just_before(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    os.utime(file, (1, 1))
    asked = ("read", str(file), _stamp(file))
    assert _read(asked, began=time.time_ns()).changed
    assert not _read(asked, began=time.time_ns() + 10**8).changed


def test_a_link_on_the_way_counts_with_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1/file").write_text("text")
    (tmp_path / "current").symlink_to("v1")
    seen = _read(("read", f"{tmp_path}/current/file", _stamp(tmp_path / "v1/file")))
    assert seen.links == {f"{tmp_path}/current": "v1"}


def test_a_link_that_leads_nowhere_counts_as_an_absent_file(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("nowhere")
    seen = _read(("kind", f"{tmp_path}/current", "absent"))
    assert seen.links == {}
    assert seen.files[f"{tmp_path}/current"] is None


def test_a_link_with_a_slash_behind_is_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(".")
    seen = _read(("link", f"{tmp_path}/current/", _stamp(tmp_path)))
    assert (seen.unstorable, seen.changed) == (None, None)
    assert seen.present == {f"{tmp_path}/current": "directory"}
    assert seen.links == {f"{tmp_path}/current": "."}


def test_a_file_with_a_slash_behind_is_absent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seen = _read(("kind", f"{tmp_path}/file/", "absent"))
    assert (seen.unstorable, seen.changed) == (None, None)
    assert seen.files[f"{tmp_path}/file/"] is None


def test_where_a_path_leads_counts_with_the_folders_that_are_not_there(tmp_path: Path) -> None:
    seen = _read(("link", f"{tmp_path}/one/two/x", "absent"))
    missing = [f"{tmp_path}/one", f"{tmp_path}/one/two", f"{tmp_path}/one/two/x"]
    assert seen.links == dict.fromkeys(missing)
    assert dict.fromkeys(missing).items() <= seen.files.items()


def test_where_a_link_leads_counts_with_the_time_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("nowhere")
    seen = _read(("link", f"{tmp_path}/current", "unseen"))
    assert seen.files[str(tmp_path)] == tmp_path.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("program", "expected"),
    [("uname -m", "machine"), ("/bin/hostname -s", "host"), ("id -un", "user"), ("nvidia-smi", "")],
)
def test_programs_that_ask_for_machine_host_or_user_are_conditions(
    program: str, expected: str
) -> None:
    seen = _read(("program", program, "", "/tree/a/1.lua:3"))
    assert [name for name in ("host", "machine", "user") if getattr(seen, name)] == [
        name for name in [expected] if name
    ]
    assert seen.doubt == (None if expected else "/tree/a/1.lua:3 runs nvidia-smi")


def test_a_kind_that_nobody_knows_is_a_reason_not_to_store() -> None:
    assert _read(("telepathy", "the weather", "", "/tree/a/1:7")).unstorable == (
        "/tree/a/1:7 asks the weather, which no condition can express"
    )


def test_an_rc_file_on_the_way_counts_if_it_asks_or_bears_on_a_name_that_was_tried() -> None:
    def rc(name: str, *defines: str, asks: str = "") -> tuple[tuple[str, ...], ...]:
        path = f"/tree/{name}/.modulerc.lua"
        questions = [("variable", asks)] if asks else []
        return (
            ("rc", path, "walk"),
            ("read", path, "absent"),
            *questions,
            ("rc end", path, *defines),
        )

    seen = _read(
        ("walk", "/tree", "absent"),
        *rc("gpu", "cuda/stable\ncuda/12"),
        *rc("other", "other/1"),
        *rc("asking", asks="ASKED"),  # with another answer, it might mean cuda/stable
        ("tried", "cuda/stable"),
    )
    assert seen.variables == {"ASKED": None}
    assert "/tree/gpu/.modulerc.lua" in seen.files
    assert "/tree/other/.modulerc.lua" not in seen.files


def test_a_call_that_was_not_listened_to_until_its_end_is_not_believed() -> None:
    assert observed(b"", _ENV, 0) is None
    assert observed(b"call\0/a\0\0\0variable\0FOO\0\0\0", _ENV, 0) is None
    assert observed(b"call\0/a\0\0\0end\0translator\0\0\0", _ENV, 0) is None


def test_what_the_kernel_shows_has_no_time_that_means_anything() -> None:
    assert _read(("kind", "/proc/driver/none", "absent")).files["/proc/driver/none"] is None
    assert "without a trace" in str(_read(("read", "/proc/meminfo", "file 1 1 0 1")).unstorable)
    assert _read(("read", "/proc/cpuinfo", "file 1 1 0 1")).machine
