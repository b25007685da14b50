"""Environments: built, matched, refused, and never half there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from environments import FOUND, HERE, THIS, WHO, prefix, refused
from homes import COMMAND, HOSTILE, SHELLS, Home


def test_it_is_built_once_where_the_path_says(home: Home) -> None:
    root = home.project(f'[venv]\n{THIS}path = "~/envs/{{project}}-{{python}}-{{arch}}"\n')
    first = home.command("prepare", cwd=root).stderr
    assert "building" in first
    made = home.folder / f"envs/{HOSTILE}-{HERE}-{os.uname().machine}"
    assert prefix(home, root) == str(made)
    assert "building" not in home.command("prepare", cwd=root).stderr
    record = json.loads((made / ".autoenv-hpc.json").read_text())
    assert record["project"] == str(root)
    assert sorted(p.name for p in made.parent.iterdir()) == [
        made.name
    ]  # no lock, no marker, no copy


def test_packages_and_requirements_are_installed_once(home: Home, wheelhouse: Path) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["numpy==1.15.4"]\nrequirements = ["my requirements.txt"]\n'
        f'pip-args = ["--no-index", "--find-links", "{wheelhouse}"]\n'
    )
    assert "no such file" in refused(home, root)
    (root / "my requirements.txt").write_text("spacy\nseaborn\n")
    code = "import numpy, spacy, seaborn; print(numpy.__version__)"
    assert home.command("exec", "-C", str(root), "--", "python", "-c", code).stdout == "1.15.4\n"
    again = home.command("exec", "-C", str(root), "--", "python", "-c", code)
    assert again.stderr == ""


def test_a_changed_requirements_file_is_noticed(home: Home, wheelhouse: Path) -> None:
    text = f'[venv]\n{THIS}requirements = ["r.txt"]\npip-args = ["--no-index", "--find-links", "{wheelhouse}"]\n'
    root = home.project(text, "p")
    (root / "r.txt").write_text("spacy\n")
    home.command("prepare", cwd=root)
    (root / "r.txt").write_text("spacy\nseaborn\n")
    here = home.shell("bash", cwd=root)
    assert "have changed since it was built" in here.greeting
    (root / ".hpcenv.toml").write_text(text + 'sync = "auto"\n')
    home.command("allow", str(root))
    home.command("exec", "-C", str(root), "--", "python", "-c", "import seaborn")


def test_files_of_the_project_do_not_get_into_the_build(home: Home, wheelhouse: Path) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["spacy"]\npip-args = ["--find-links", "{wheelhouse}"]\n', "p"
    )
    for name in ("argparse", "pip", "venv", "json", "os"):
        (root / f"{name}.py").write_text("raise SystemExit('a file of the project')\n")
    home.command("prepare", cwd=root)


@pytest.mark.parametrize("shadow", ["PYTHONHOME", "PYTHONPATH", "PIP_USER"])
def test_the_users_python_variables_do_not_break_the_build(home: Home, shadow: str) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    home.command("prepare", cwd=root, env={shadow: "/nonexistent"})


def test_a_folder_that_is_no_environment_is_refused_and_kept(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    (root / ".venv").mkdir()
    (root / ".venv/thesis.tex").write_text("all of it")
    assert f"{root}/.venv exists and is not an environment" in refused(home, root)
    assert (root / ".venv/thesis.tex").read_text() == "all of it"
    (root / ".venv/thesis.tex").unlink()
    assert prefix(home, root) == f"{root}/.venv"  # an empty folder is nothing


@pytest.mark.parametrize(
    "job",
    [
        {"SLURM_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "1"},
        {"PBS_JOBID": "7.server", "PBS_O_WORKDIR": "/"},
        {"LSB_JOBID": "7", "LS_SUBCWD": "/"},
        {"FLUX_JOB_ID": "ƒ7", "FLUX_TASK_RANK": "0"},
        {"JOB_ID": "7", "SGE_O_WORKDIR": "/", "SGE_TASK_ID": "undefined"},
    ],
    ids=lambda job: next(iter(job)),
)
def test_jobs_are_recognised_by_their_schedulers_variables(
    home: Home, uv_backend: str, job: dict[str, str]
) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}in-job = false\n", "p")
    assert "in-job = false (this is job " in refused(home, root, **job)
    assert (
        prefix(home, root) == f"{root}/.venv"
    )  # JOB_ID and the like outside of a job mean nothing


def test_one_made_by_hand_is_accepted(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    assert prefix(home, root) == f"{root}/.venv"
    assert not (root / ".venv/.autoenv-hpc.json").exists()


@pytest.mark.parametrize(
    "other", [p for v, p in FOUND.items() if v != sys.version_info[:2] and v > (3, 3)][:1]
)
def test_one_for_another_interpreter_is_refused(home: Home, other: Path) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    subprocess.run([other, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    said = refused(home, root)
    assert f"{root}/.venv was built on Python" in said
    assert f"autoenv-hpc rebuild -C {root}" in said
    assert (root / ".venv/pyvenv.cfg").exists()


def test_one_with_another_view_of_the_base_packages_is_refused(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}system-site-packages = true\n", "p")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    assert "system-site-packages" in refused(home, root)


def test_one_whose_base_is_gone_is_refused(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    cfg = root / ".venv/pyvenv.cfg"
    cfg.write_text(cfg.read_text().replace("home = ", "home = /gone"))
    assert "which no longer exists" in refused(home, root)


def test_one_for_another_architecture_is_refused(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--copies", root / ".venv"], check=True
    )
    python = root / ".venv/bin/python"
    data = bytearray(python.read_bytes())
    data[18:20] = (183 if os.uname().machine != "aarch64" else 62).to_bytes(2, "little")
    python.unlink()
    python.write_bytes(data)
    python.chmod(0o755)
    assert "{arch}" in refused(home, root)


def test_half_built_it_is_built_again(home: Home, uv_backend: str) -> None:
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    (root / ".venv/bin").mkdir(parents=True)
    (root / "..venv.autoenv-hpc.building").write_text("{}")
    (root / ".venv/bin/python").write_text("half of it")
    assert prefix(home, root) == f"{root}/.venv"


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_build_leaves_nothing_that_is_used(
    home: Home, uv_backend: str, sent: signal.Signals, tmp_path: Path
) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["./slow"]\npip-args = ["--no-index", "--no-build-isolation"]\n',
        "p",
    )
    (root / "slow").mkdir()
    (root / "slow/setup.py").write_text(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    builder = subprocess.Popen(
        [COMMAND, "prepare"], cwd=root, env=home.env, stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.1)
    builder.send_signal(sent)
    builder.wait(30)
    child = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not os.path.exists(f"/proc/{child}"):
            break
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{child}"), "a child of the builder lives on"
    (root / ".hpcenv.toml").write_text(f"[venv]\n{THIS}{uv_backend}")
    home.command("allow", str(root))
    assert prefix(home, root) == f"{root}/.venv"


def test_many_at_once_build_one(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    words = [COMMAND, "exec", "--", "python", "-c", "import sys; print(sys.prefix)"]
    running = [
        subprocess.Popen(words, cwd=root, env=home.env, stdout=-1, stderr=-1, text=True)
        for _ in range(8)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 8
    assert {out for out, _ in said} == {f"{root}/.venv\n"}
    assert sum("building" in err for _, err in said) == 1
    waiting = [err for _, err in said if "waiting for" in err]
    assert all("process " in err or "another process" in err for err in waiting)


def test_two_hosts_see_one_lock(home: Home) -> None:
    root = home.project(f"[venv]\n{THIS}", "p")
    line = f"hostname $0; exec {COMMAND} exec -- python -c 'import sys; print(sys.prefix)'"
    words = [
        ["unshare", "--map-root-user", "--uts", "sh", "-c", line, name]
        for name in ("node-a", "node-b", "node-c")
    ]
    running = [
        subprocess.Popen(w, cwd=root, env=home.env, stdout=-1, stderr=-1, text=True) for w in words
    ]
    said = [process.communicate() for process in running]
    assert [out for out, _ in said] == [f"{root}/.venv\n"] * 3
    assert sum("building" in err for _, err in said) == 1


def test_a_stale_lock_of_another_host_is_taken_over(
    home: Home, uv_backend: str, tmp_path: Path
) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["./slow"]\npip-args = ["--no-index", "--no-build-isolation"]\n',
        "p",
    )
    (root / "slow").mkdir()
    (root / "slow/setup.py").write_text(
        f"import time\nopen({str(tmp_path / 'begun')!r}, 'w').close()\ntime.sleep(600)\n"
    )
    line = f"hostname far-away; exec {COMMAND} prepare"
    words = ["unshare", "--map-root-user", "--uts", "sh", "-c", line]
    builder = subprocess.Popen(words, cwd=root, env=home.env, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if (tmp_path / "begun").exists():
            break
        time.sleep(0.1)
    builder.kill()
    builder.wait()
    (root / ".hpcenv.toml").write_text(f"[venv]\n{THIS}{uv_backend}")
    home.command("allow", str(root))
    done = home.command("exec", "-C", str(root), "--", *WHO)
    assert "on far-away, which builds" in done.stderr
    assert done.stdout.startswith(f"{root}/.venv\n")


def test_what_may_not_be_built_names_the_command(home: Home, uv_backend: str) -> None:
    never = home.project(f'[venv]\n{THIS}{uv_backend}create = "never"\n', "never")
    assert "autoenv-hpc prepare" in refused(home, never)
    in_job = home.project(f"[venv]\n{THIS}{uv_backend}in-job = false\n", "in job")
    said = refused(home, in_job, SLURM_JOB_ID="7")
    assert f"autoenv-hpc prepare -C '{in_job}'" in said
    home.command("prepare", cwd=never)
    home.command("prepare", cwd=in_job)
    assert prefix(home, never) == f"{never}/.venv"
    home.command("exec", "-C", str(in_job), "--", "true", SLURM_JOB_ID="7")


def test_a_failed_installation_tells_the_last_lines_and_starts_clean(
    home: Home, wheelhouse: Path
) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["nosuchthing"]\npip-args = ["--find-links", "{wheelhouse}"]\n',
        "p",
    )
    said = refused(home, root)
    assert "cannot build" in said
    assert "nosuchthing" in said
    assert not (root / ".venv").exists()


def test_no_network_says_where_to_go(home: Home) -> None:
    root = home.project(
        f'[venv]\n{THIS}packages = ["spacy"]\npip-args = ["--retries", "1", "--timeout", "1", "--index-url", "http://127.0.0.1:9/simple"]\n',
        "p",
    )
    home.env.pop("PIP_NO_INDEX")
    assert "autoenv-hpc prepare" in refused(home, root)


def test_a_folder_that_cannot_be_written(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    root = home.project(f'[venv]\n{THIS}path = "{file}/sub/env"\n', "p")
    assert "cannot build" in refused(home, root)


def test_an_interpreter_that_is_nowhere(home: Home) -> None:
    root = home.project('[venv]\npython = "3.99"\n', "p")
    said = refused(home, root)
    assert "Python 3.99 was not found" in said
    assert "[venv]" in said


@pytest.mark.parametrize("version", [v for v in FOUND if v < (3, 7)])
@pytest.mark.parametrize("tool", ["lmod"])
def test_old_pythons_through_the_modules_virtualenv(
    cluster: Home, tool: str, version: tuple[int, int]
) -> None:
    module = {(2, 7): "python/2.7.15", (3, 6): "python/3.6.8"}[version]
    root = cluster.project(
        f'modules = ["{module}"]\n[venv]\nbackend = "virtualenv"\npackages = ["numpy"]\n',
        "it's $(old)",
    )  # its pip knows ASCII paths only
    out = cluster.command("exec", "-C", str(root), "--", *WHO).stdout.splitlines()
    assert out[:2] == [f"{root}/.venv", "{}.{}".format(*version)]
    cluster.command("exec", "-C", str(root), "--", "python", "-c", "import numpy")


@pytest.mark.parametrize("version", [v for v in FOUND if v == (2, 7)])
def test_an_old_python_that_none_can_make_is_said_before_anything_is_written(
    home: Home, version: tuple[int, int]
) -> None:
    root = home.project(f'[venv]\npython = "{FOUND[version]}"\n', "p")
    said = refused(home, root)
    assert "no virtualenv supports Python 2.7" in said
    assert not (root / ".venv").exists()


def test_somebody_elses_environment_is_taken_as_it_is(home: Home, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", theirs], check=True)
    root = home.project(f'[venv]\nbackend = "existing"\npath = "{theirs}"\n', "p")
    before = sorted(os.walk(theirs))
    assert prefix(home, root) == str(theirs)
    assert sorted(os.walk(theirs)) == before
    shutil.rmtree(theirs)
    assert "there is no environment" in refused(home, root)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_foreign_environment_is_out_of_the_way_inside_and_back_afterwards(
    home: Home, uv_backend: str, tmp_path: Path, shell: str
) -> None:
    theirs = tmp_path / "theirs"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", theirs], check=True)
    root = home.project(f"[venv]\n{THIS}{uv_backend}", "p")
    home.command("prepare", cwd=root)
    activate = "activate.fish" if shell == "fish" else "activate"
    here = home.shell(shell)
    here.run(f"source {theirs}/bin/{activate}")
    before = here.env()
    shown_before = here.run("true")
    for _ in range(2):
        here.run("cd ~/p")
        env = here.env()
        assert env["VIRTUAL_ENV"] == f"{root}/.venv"
        assert f"{theirs}/bin" not in env["PATH"]
        if shell != "fish":
            assert "(theirs)" not in here.run("true")
        here.run("cd ~")
        assert here.env() == before
    assert ("(theirs)" in here.run("true")) == ("(theirs)" in shown_before)
    here.run("deactivate")
    assert "VIRTUAL_ENV" not in here.env()


def test_named_environments_live_side_by_side(home: Home, uv_backend: str) -> None:
    root = home.project(
        f'default-env = "one"\n[venv]\n{THIS}{uv_backend}[envs.one.env]\nN = "1"\n[envs.two.env]\nN = "2"\n',
        "p",
    )
    show = ("/bin/sh", "-c", 'echo "$N $VIRTUAL_ENV"')
    assert home.command("exec", "-C", str(root), "--", *show).stdout == f"1 {root}/.venv-one\n"
    assert (
        home.command("exec", "-C", str(root), "--env", "two", "--", *show).stdout
        == f"2 {root}/.venv-two\n"
    )
    done = home.command("exec", "-C", str(root), "--env", "three", "--", *show, status=125)
    assert "no [envs.three] (defined: one, two)" in done.stderr
