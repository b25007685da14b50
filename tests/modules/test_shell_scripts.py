"""What shell scripts ask: login files, the scripts of conda, and what bash's trace shows of them."""

import os
import subprocess
from pathlib import Path

import pytest
from homes import Home

from autoenv_hpc.modules import login, observations, scratch_shell, shell_trace
from autoenv_hpc.modules.observations import Question

HOST = os.uname().nodename


def asked(script: Path, line: str, **more: str) -> set[tuple[str, str]]:
    """What a script of this line asks, by kind."""
    script.write_text(f"{line}\n")
    env = {"HOME": str(script.parent), "PATH": "/usr/bin:/bin", "PWD": str(script.parent), **more}
    end = scratch_shell.run(env, None, [("source", str(script))])
    assert end.trace
    found = shell_trace.questions(end.trace, (), env)
    assert Question("read", str(script), "unseen", str(script)) in found
    return {(q.kind, q.what) for q in found if q.what != str(script)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[ -f /nowhere/a ] || X=1", ("kind", "/nowhere/a")),
        ("if [[ -d / && -x '/no where' ]]; then :; fi", ("access", "/no where")),
        ("test ! -L ~/link", ("link", "{home}/link")),
        ("[ -s relative ]", ("file", "{home}/relative")),
        (". ~/other", ("read", "{home}/other")),
        ("source ./other", ("read", "{home}/./other")),
        ("for f in /etc/*.nothing; do . $f; done", ("glob", "/etc/*.nothing")),
        ('for f in "$HOME"/rc.d/*; do :; done', ("glob", "{home}/rc.d/*")),
        ("read -r x </etc/hostname", ("read", "/etc/hostname")),
        ("read -r x <$FILE", ("doubt", "the file $FILE")),
        ("x=$(hostname -s)", ("program", "hostname -s")),
        ("x=$(id -un)", ("kind", "/usr/bin/id")),
        ("x=$(sed -n 1p /etc/fstab | cut -c1)", ("file", "/etc/fstab")),
        ("x=`date +%s`", ("clock", "date")),
        ("x=$RANDOM", ("chance", "$RANDOM")),
        ("x=$$", ("process", "$$")),
        ("x=${HOSTNAME%%.*}", ("host", "$HOSTNAME")),
        ("x=${SITE_ARCH:-generic}", ("variable", "SITE_ARCH")),
        ("x=${!NAME}", ("environment", "a variable whose name is a value")),
        ("env >/dev/null", ("environment", "env")),
        ("type -P nvidia-smi", ("kind", "/usr/bin/nvidia-smi")),
        ("/opt/detect --cluster", ("program", "detect --cluster")),
        ("echo 1 >~/written", ("effect", "writes to ~/written")),
        ("x=$(pwd)", ("place", "{home}")),
        ("cd /; [ -e here ]", ("doubt", "after here in another folder")),
        ("set +x; [ -e /hidden ]", ("doubt", "what no trace shows")),
        ("f() { [ -e /in/it ]; }; f", ("kind", "/in/it")),
        ("PATH=/first:$PATH; type unheard-of", ("kind", "/first/unheard-of")),
        ("x=$(ps -p $$ -o ppid=)", ("program", "ps -p $$ -o ppid=")),
        ("x=$(ps -p $PPID -ocomm=)", ("process", "$PPID")),
        ("[ -e /proc/$PPID/exe ]", ("process", "$PPID")),
        ("x=${y:-$$}", ("process", "$$")),
        ("x=$(/b/lmod/libexec/addto --append V /nowhere/b)", ("read", "/b/lmod/libexec/addto")),
        ("x=$(/b/lmod/libexec/addto --append V /nowhere/b)", ("variable", "V")),
    ],
)
def test_a_trace_shows_what_a_script_asks(
    tmp_path: Path, line: str, expected: tuple[str, str]
) -> None:
    (tmp_path / "other").touch()
    kind, what = expected
    found = asked(tmp_path / "script", line)
    assert (kind, what.format(home=tmp_path)) in found


@pytest.mark.parametrize(
    "line",
    [
        "export X=1",
        "x=$(id -u)",
        'y="${x#a}"; x=a',
        "case $- in *i*) ;; esac",
        "umask 022",
        "x=$(uname)",
        "[ -f /proc/$$/exe ] && x=$(readlink /proc/$$/exe)",
        'x=$(ps -p $$ -ocomm=); y=$(/bin/ps -p "$$" -o comm=)',
    ],
)
def test_a_harmless_script_is_bound_to_no_host(tmp_path: Path, line: str) -> None:
    questions = [Question(*pair, "unseen", "") for pair in asked(tmp_path / "script", line)]
    found = observations.script_guards(questions, {}, 10**20)
    assert (found.host, found.max_age, found.not_storable_because) == (None, None, None)
    assert not [path for path in [*found.files, *found.present] if path.startswith("/proc")]


class Bare:
    """Jobs without any variable, on a cluster where login files set up the modules."""

    def __init__(self, cluster: Home) -> None:
        self.home = cluster.folder
        self._cluster = cluster
        self._root = cluster.project('modules = ["lib/1"]\n', "p")
        names = ("LMOD_CMD", "LMOD_PKG", "MODULES_CMD", "MODULESHOME")
        lines = [f"export {n}={cluster.env[n]}\n" for n in names if n in cluster.env]
        self.setup = "".join(lines) + ". ~/.modules_of_mine\n"
        cluster.login(self.setup)
        self.uses("old")

    def uses(self, name: str) -> None:
        """Edit the file that the login file sources."""
        folder = self.home / name / "lib"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "1.lua").write_text(f'setenv("CASE", "{name}")\n')
        (folder / "1").write_text(f"#%Module\nsetenv CASE {name}\n")
        if self._cluster.env.get("LMOD_CMD") is None:
            (folder / "1.lua").unlink()
        (self.home / ".modules_of_mine").write_text(f"export MODULEPATH={folder.parent}\n")

    def value(self, *front: str, **more: str) -> str:
        """What a job gets: as on another host, behind `front`."""
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", **more}
        words = [*front, self._cluster_command(), "exec", "--", "/bin/sh", "-c", "echo $CASE"]
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, check=False, cwd=self._root
        )
        return done.stdout.strip()

    def is_replayed(self, *front: str) -> bool:
        return self.value(*front, AUTOENV_HPC_PYTHON="/bin/false") != ""

    def _cluster_command(self) -> str:
        from homes import COMMAND  # noqa: PLC0415 - a word of the fixture's

        return COMMAND


@pytest.mark.parametrize("tool", ["lmod", "modules"])
def test_a_bare_job_sees_each_file_that_its_login_shell_reads(cluster: Home, tool: str) -> None:
    del tool
    bare = Bare(cluster)
    subprocess.run(["sleep", "0.1"], check=True)
    assert (bare.value(), bare.is_replayed()) == ("old", True)
    bare.uses("new")
    subprocess.run(["sleep", "0.1"], check=True)
    assert (bare.value(), bare.is_replayed()) == ("new", True)


@pytest.mark.parametrize(
    "line", ["[ -e /proc/$$/status ]", "[ -d /proc/$PPID/fd ]", "x=$(</proc/$$/stat)"]
)
def test_what_is_asked_of_a_process_is_no_guard(tmp_path: Path, line: str) -> None:
    questions = [Question(*pair, "unseen", "") for pair in asked(tmp_path / "script", line)]
    found = observations.script_guards(questions, {}, 10**20)
    assert found.not_storable_because
    assert not [path for path in [*found.files, *found.present] if path.startswith("/proc")]


_ELSEWHERE = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "-")


@pytest.mark.parametrize("tool", ["lmod"])
def test_a_bare_job_is_replayed_on_each_host_with_the_profile_that_lmod_ships(
    cluster: Home, tool: str
) -> None:
    del tool
    if login.with_path({"HOME": "/nonexistent"})[1].host:
        pytest.skip("this machine's own login files ask for the host, or run unknown programs")
    bare = Bare(cluster)
    line = f"export MODULEPATH_ROOT={bare.home}; . {cluster.env['LMOD_PKG']}/init/profile\n"
    cluster.login(f"{line}. ~/.modules_of_mine\n")
    subprocess.run(["sleep", "0.1"], check=True)
    assert (bare.value(), bare.is_replayed()) == ("old", True)
    if not subprocess.run(["unshare", "--uts", "true"], check=False).returncode:
        assert bare.is_replayed(*_ELSEWHERE)


_BY_HOST = {
    "a program": '[ "$(uname -n)" = elsewhere ]',
    "its own variable": "[ $HOSTNAME = elsewhere ]",
    "a file": "read -r x </proc/sys/kernel/hostname; [ $x = elsewhere ]",
    "somebody else": "~/detect",
}


@pytest.mark.parametrize("tool", ["lmod", "modules"])
def test_whether_a_folder_is_a_link_has_nothing_to_do_with_its_time(
    cluster: Home, tool: str
) -> None:
    """As the hook itself asks, if its line is in such a file, below a folder that others use."""
    del tool
    bare, busy = Bare(cluster), cluster.folder / "scratch"
    busy.mkdir()
    cluster.login(f"{bare.setup}[[ -L ~/scratch ]]\n")
    subprocess.run(["sleep", "0.1"], check=True)
    others = ["sh", "-c", "while :; do : >one; rm one; done"]
    neighbour = subprocess.Popen(others, cwd=busy)
    try:
        seen = (bare.value(), bare.is_replayed())
    finally:
        neighbour.kill()
        neighbour.wait()
    assert seen == ("old", True)
    busy.rename(cluster.folder / "elsewhere")
    busy.symlink_to("elsewhere")
    assert not bare.is_replayed()


@pytest.mark.parametrize("tool", ["lmod"])
@pytest.mark.parametrize("how", _BY_HOST)
def test_a_login_file_that_asks_for_the_host_binds_to_it(
    cluster: Home, tool: str, how: str
) -> None:
    del tool
    if subprocess.run(["unshare", "--uts", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no host name of its own here")
    bare = Bare(cluster)
    bare.uses("there")
    bare.uses("old")
    detect = bare.home / "detect"
    detect.write_text('#!/bin/sh\n[ "$(uname -n)" = elsewhere ]\n')
    detect.chmod(0o755)
    there = f"if {_BY_HOST[how]}; then export MODULEPATH={bare.home}/there; fi\n"
    cluster.login(bare.setup + there)
    subprocess.run(["sleep", "0.1"], check=True)
    assert (bare.value(), bare.is_replayed()) == ("old", True)
    assert not bare.is_replayed(*_ELSEWHERE)
    assert bare.value(*_ELSEWHERE) == "there"
    assert bare.is_replayed()
