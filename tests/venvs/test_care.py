"""What a site wants of environments: outside of home, caches elsewhere; and shadows are named."""

import json
import os
from pathlib import Path

import pytest
from environments import THIS, refused, wheels
from homes import Home


def site(home: Home, lines: str) -> None:
    """Write the user's own configuration."""
    folder = home.folder / ".config/autoenv-hpc"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(lines)


def test_a_build_in_home_warns_where_the_site_says_so(
    home: Home, uv_backend: str, tmp_path: Path
) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    site(home, '[site.ours]\n[site.ours.storage]\nhome = "warn"\n')
    quiet = home.command("prepare", cwd=root).stderr
    assert "home folder" not in quiet
    said = home.command("rebuild", cwd=root, AUTOENV_HPC_SITE="ours").stderr
    files = sum(len(names) for _, _, names in os.walk(root / ".venv"))
    assert f"puts {files} files and " in said
    assert "MB into your home folder, but ours asks you to keep environments elsewhere" in said
    home.project(f'[venv]\n{THIS}{uv_backend}path = "{tmp_path}/elsewhere"\n', "p")
    said = home.command("prepare", cwd=root, AUTOENV_HPC_SITE="ours").stderr
    assert "home folder" not in said


def test_one_known_site_says_so_itself(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    said = home.command("prepare", cwd=root, SNIC_RESOURCE="kebnekaise").stderr
    assert "but hpc2n asks you to keep environments elsewhere" in said


def test_caches_go_where_the_site_wants_them(
    home: Home, venv_tools: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    home.env["PATH"] = f"{venv_tools}:{home.env['PATH']}"
    (tmp_path / "own").mkdir()
    (tmp_path / "own/setup.py").write_text(
        "import os, setuptools\n"
        f"with open({str(tmp_path / 'seen')!r}, 'w') as file: print(os.environ.get('PIP_CACHE_DIR'), file=file)\n"
        "setuptools.setup(name='own')\n"
    )
    caches = f"{tmp_path}/caches/{home.env['USER']}"
    site(home, f'[storage]\ncaches = "{tmp_path}/caches/{{user}}"\n')
    more = '"--no-build-isolation"'
    own = f'[venv]\n{THIS}packages = ["{tmp_path}/own"]\npip-args = ["--no-index", {more}]\n'
    home.attempt("prepare", cwd=home.project(own, "pip"))  # whether it has `wheel` or not
    assert (tmp_path / "seen").read_text() == f"{caches}/pip\n"
    config = f'[venv]\n{THIS}backend = "uv"\npackages = ["seaborn"]\n{wheels(wheelhouse)}'
    root = home.project(config, "uv")
    home.command("prepare", cwd=root)
    assert "uv" in os.listdir(caches)
    site(home, "[storage]\ncaches = false\n")
    home.command("rebuild", cwd=root)
    assert not (home.folder / ".cache/uv").exists()


def test_a_wrong_value_is_one_line(home: Home) -> None:
    root = home.project('[storage]\nhome = "never"\ncaches = true\n', "p", allow=False)
    home.attempt("allow", str(root))
    said = home.command("exec", "-C", str(root), "--", "true", status=125).stderr
    assert ":2: storage.home: expected allow or warn, not 'never'" in said
    assert ":3: storage.caches: expected a string" in said


@pytest.mark.parametrize(("tool", "backend"), [("lmod", "venv"), ("modules", "uv")])
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_a_modules_packages_before_the_environments_are_named(
    cluster: Home, venv_tools: Path, wheelhouse: Path, tool: str, backend: str, tree: str
) -> None:
    cluster.env["PATH"] = f"{venv_tools}:{cluster.env['PATH']}"
    config = (
        'modules = ["GCC/10.3.0", "OpenMPI/4.1.1", "Python/3.9.5", "SciPy-bundle/2021.05"]\n'
        f'[venv]\nbackend = "{backend}"\npackages = ["numpy==1.15.4", "spacy"]\n{wheels(wheelhouse)}'
    )
    root = cluster.project(config, "p")
    version = ("python", "-c", "import numpy; print(numpy.__version__)")
    said = cluster.command("prepare", cwd=root).stderr
    hides = f"PYTHONPATH of SciPy-bundle/2021.05 hides packages of {root}/.venv: numpy"
    assert f"{hides} 1.15.4 by 1.20.3 in /" in said
    assert 'set policy = "venv-first" in [python-path]' in said
    assert cluster.command("exec", "-C", str(root), "--", *version).stdout == "1.20.3\n"
    cluster.project(config + '[python-path]\npolicy = "venv-first"\n', "p")
    said = cluster.command("rebuild", cwd=root).stderr
    assert "hides" not in said
    assert cluster.command("exec", "-C", str(root), "--", *version).stdout == "1.15.4\n"
    # what only the modules have is there still, and nothing of it is left outside
    cluster.command("exec", "-C", str(root), "--", "python", "-c", "import scipy, spacy")
    for shell in ("bash", "zsh", "fish"):
        here = cluster.shell(shell, PYTHONPATH="/mine")
        before = here.env()
        here.run("cd ~/p")
        assert here.output(" ".join((version[0], version[1], f'"{version[2]}"'))) == "1.15.4\n"
        here.run("cd ~")
        assert here.env() == before


@pytest.mark.parametrize("words", [[], ["--no-index"]])
def test_told_so_no_network_is_tried(home: Home, words: list[str], wheelhouse: Path) -> None:
    """A proxy that nobody listens at would be asked for everything."""
    home.env.pop("PIP_NO_INDEX")
    arguments = ", ".join(f'"{word}"' for word in [*words, "--find-links", str(wheelhouse)])
    root = home.project(
        f'[venv]\n{THIS}packages = ["seaborn==9"]\npip-args = [{arguments}, "--retries", "1"]\n',
        "p",
    )
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    said = refused(home, root, **proxies, PIP_CONFIG_FILE="/dev/null")
    assert ("no network: run" in said) == (not words)


def test_the_user_site_is_settled_per_site_or_project(home: Home, uv_backend: str) -> None:
    site(home, '[site.ours.env]\nPYTHONNOUSERSITE = "1"\n')
    plain = home.project(f"[venv]\n{THIS}{uv_backend}system-site-packages = true\n", "p")
    own = home.project(f'[venv]\n{THIS}{uv_backend}[env]\nPYTHONNOUSERSITE = "1"\n', "own")
    show = ("python", "-c", "import sys; print(sys.flags.no_user_site)")
    assert home.command("exec", "-C", str(plain), "--", *show).stdout == "0\n"
    elsewhere = home.command("exec", "-C", str(plain), "--", *show, AUTOENV_HPC_SITE="ours")
    assert elsewhere.stdout == "1\n"
    assert home.command("exec", "-C", str(own), "--", *show).stdout == "1\n"


def test_status_knows_the_state_of_the_environment(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")

    def environment(status: int = 0) -> tuple[str, str | None]:
        known = json.loads(home.command("status", "--json", cwd=root, status=status).stdout)
        found = known["environment"]
        assert found["prefix"] == f"{root}/.venv"
        return found["state"], found["interpreter"]

    assert environment() == ("missing", None)
    home.command("prepare", cwd=root)
    assert environment() == ("ready", f"{root}/.venv/bin/python")
    assert f"{root}/.venv: ready, Python 3" in home.command("status", cwd=root).stdout
    (root / ".hpcenv.toml").write_text(f'[venv]\n{THIS}packages = ["six"]\n')
    home.command("allow", cwd=root)
    assert environment()[0] == "outdated"
    (root / ".hpcenv.toml").write_text(f"[venv]\n{THIS}system-site-packages = true\n")
    home.command("allow", cwd=root)
    assert environment(status=1)[0] == "unfit"
    assert "autoenv-hpc rebuild" in home.command("status", cwd=root, status=1).stdout
    (root / ".venv/pyvenv.cfg").unlink()
    assert environment(status=1)[0] == "unfit"
