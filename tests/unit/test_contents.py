"""What is in an environment, told from the names of folders and from the lists in them."""

from pathlib import Path

import pytest

from autoenv_hpc.venvs import contents, requirements


def test_names_are_normalised_and_the_first_folder_counts(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, names in (
        (one, ("Foo_Bar-1.0.dist-info", "old-2.0-py3.9.egg-info", "~emo-1.dist-info")),
        (two, ("foo.bar-2.0.dist-info", "other-1.0.dist-info")),
    ):
        for name in names:
            (folder / name).mkdir(parents=True)
    told = contents.distributions([str(one), str(tmp_path / "missing"), str(two)])
    assert told == {"foo-bar": "1.0", "old": "2.0", "other": "1.0"}


@pytest.mark.parametrize(
    ("lists", "names"),
    [
        ({"top_level.txt": "demo\n_demo\ntests\n"}, ["_demo", "demo"]),
        ({"RECORD": "demo/__init__.py,,\n../../../bin/demo,,\nsix.py,,\n__pycache__/six.pyc,,\n"
                    "fast.cpython-39.so,,\ndemo-1.dist-info/RECORD,,\nx.pth,,\n"},
         ["demo", "fast", "six"]),
        ({}, []),
    ],
)  # fmt: skip
def test_top_level_names(tmp_path: Path, lists: dict[str, str], names: list[str]) -> None:
    (tmp_path / "demo-1.dist-info").mkdir()
    for file, text in lists.items():
        (tmp_path / "demo-1.dist-info" / file).write_text(text)
    assert contents.top_level(str(tmp_path), "demo-1.dist-info") == names


def test_a_package_of_which_a_part_is_gone(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.9/site-packages"
    for name in ("whole", "gone", "cut"):
        (site / f"{name}-1.dist-info").mkdir(parents=True)
        rows = f"{name}.py,sha256=x,4\n__pycache__/{name}.pyc,,\n{name}-1.dist-info/RECORD,,\n"
        (site / f"{name}-1.dist-info/RECORD").write_text(rows)
    (site / "whole.py").write_text("true")
    (site / "cut.py").write_text("t")
    (site / "~emo").mkdir()
    told = contents.incomplete(str(tmp_path), ["whole", "missing"])
    assert told == ["cut", "gone", "missing", "~emo"]


def test_includes_of_an_environment_yml_are_followed(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(
        "dependencies:\n  - python=3.9\n  - pip:\n    - -r more/r.txt\n    - '-c limits.txt'  # versions\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more/r.txt").write_text("numpy>=1  # fast\n-r next.txt\n--no-index\n")
    told = requirements.closure([f"{tmp_path}/environment.yml"])
    assert [file.removeprefix(f"{tmp_path}/") for file in told] == [
        "environment.yml", "more/r.txt", "limits.txt", "more/next.txt",
    ]  # fmt: skip
    assert requirements.lines([f"{tmp_path}/environment.yml"]) == ["numpy>=1"]
