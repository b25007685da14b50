"""What is in an environment, told from the names of folders."""

from pathlib import Path

from autoenv_hpc.venvs import contents


def test_shadows_are_told_from_names_and_versions(tmp_path: Path) -> None:
    own, theirs = tmp_path / "env/lib/python3.9/site-packages", tmp_path / "theirs"
    for folder, names in (
        (own, ("Foo_Bar-1.0.dist-info", "same-1.0.dist-info", "old-2.0-py3.9.egg-info")),
        (theirs, ("foo.bar-2.0.dist-info", "same-1.0.dist-info", "old-1.0-py3.9.egg-info")),
    ):
        for name in names:
            (folder / name).mkdir(parents=True)
    told = contents.hidden_packages(str(tmp_path / "env"), {"PYTHONPATH": f":{theirs}"})
    assert told == [f"foo-bar 1.0 by 2.0 in {theirs}", f"old 2.0 by 1.0 in {theirs}"]
    behind = {"PYTHONPATH": f"{own}:{theirs}"}
    assert contents.hidden_packages(str(tmp_path / "env"), behind) == []
