"""What was asked for is found by a command inside, or a line names what is in its place."""

from pathlib import Path

import trees
from environments import THIS, wheels
from homes import Home


def test_a_line_names_what_hides_a_package_or_a_command(
    home: Home, wheelhouse: Path, venv_tools: Path, tmp_path: Path
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    trees.wheels(tmp_path / "more", {"needs_a_gpu": "1.0"})
    config = (
        f'[venv]\n{THIS}backend = "uv"\npackages = ["seaborn>=0.11", "spacy", "needs_a_gpu"]\n'
        f'pip-args = ["--no-index", "-f", "{wheelhouse}", "-f", "{tmp_path}/more"]\n'
    )
    root = home.project(config, "p")
    assert "hides packages" not in home.command("prepare", cwd=root).stderr
    for folder, name in (("login", "spacy"), ("lib", "seaborn")):
        (root / folder).mkdir()
        (root / folder / f"{name}.py").write_text("")
    (root / "bin").mkdir()
    (root / "bin/seaborn-version").write_text("#!/bin/sh\n")
    (root / "bin/seaborn-version").chmod(0o755)
    site = next((root / ".venv/lib").glob("python*/site-packages"))
    # an import that fails here says nothing about the node where it will be done
    (site / "needs_a_gpu/__init__.py").write_text("raise ImportError('libcuda.so.1')\n")
    home.project(
        f'{config}[paths]\nPYTHONPATH = {{ prepend = ["lib"] }}\nPATH = {{ prepend = ["bin"] }}\n',
        "p",
    )
    said = home.command("sync", cwd=root, PYTHONPATH=f"{root}/login").stderr.splitlines()
    hidden = f"hides packages of {root}/.venv"
    assert [line for line in said if "hides packages" in line or "gpu 1.0" in line] == [
        f"autoenv-hpc: {source} {hidden}: {what} ({remedy})"
        for source, what, remedy in (
            ("PYTHONPATH", f"seaborn 0.11.2 by {root}/lib/seaborn.py", "change [paths] or [env]"),
            (
                "PYTHONPATH",
                f"spacy 3.0.6 by {root}/login/spacy.py",
                'set policy = "venv-first" in [python-path]',
            ),
            (
                "PATH",
                f"the command seaborn-version by {root}/bin/seaborn-version",
                "change [paths]",
            ),
        )
    ]
    # the same version in another place is no fault, nor is a folder that others may extend
    trees.packages(tmp_path / "same", {"seaborn": "0.11.2"})
    (tmp_path / "same/spacy").mkdir()
    (tmp_path / "same/spacy/__init__.py").write_text(
        "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    )
    home.project(config, "p")
    assert (
        "hides packages" not in home.command("sync", cwd=root, PYTHONPATH=f"{tmp_path}/same").stderr
    )
    (root / ".venv/bin/spacy-version").unlink()
    (root / ".venv/bin/seaborn-version").write_text("#!/gone/bin/python\n")
    last = home.command("sync", cwd=root).stderr
    assert f"{root}/.venv: these commands cannot run: seaborn-version, spacy-version" in last


def test_a_line_names_what_was_installed_elsewhere(
    home: Home, wheelhouse: Path, tmp_path: Path
) -> None:
    (home.folder / ".config/pip").mkdir(parents=True)
    (home.folder / ".config/pip/pip.conf").write_text(f"[install]\ntarget = {tmp_path}/target\n")
    root = home.project(f'[venv]\n{THIS}packages = ["seaborn"]\n{wheels(wheelhouse)}', "p")
    said = home.command("prepare", cwd=root).stderr
    assert f"{root}/.venv lacks what was asked for: seaborn" in said
