"""A Slurm with two nodes on this machine, in one folder."""

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
FirstJobId=700001
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
NodeName=n1 NodeHostname={host} Port={ports[1]} CPUs=64 RealMemory=16000 State=UNKNOWN
NodeName=n2 NodeHostname={host} Port={ports[2]} CPUs=64 RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=10 State=UP
"""


class Slurm:
    """A running Slurm."""

    def __init__(self, folder: Path, user: str, forget: Mapping[str, str]) -> None:
        """Start it.

        :param forget: variables of the machine's login files, which Slurm reads for jobs that do
            not inherit the environment; tasks get none that has this value.
        """
        self._folder = folder
        for part in ("munge", "state", "spool/n1", "spool/n2"):
            (folder / part).mkdir(parents=True)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        text = _CONFIGURATION.format(
            host=os.uname().nodename.split(".")[0], user=user, folder=folder, ports=_free_ports(3)
        )
        if forget:
            names = {n: shlex.quote(v) for n, v in forget.items() if n.isidentifier()}
            lines = [f'[ "${n}" != {v} ] || echo unset {n}\n' for n, v in names.items()]
            prolog = folder / "prolog"
            prolog.write_text("#!/bin/sh\n" + "".join(lines))
            prolog.chmod(0o755)
            text += f"TaskProlog={prolog}\n"
        (folder / "slurm.conf").write_text(text)
        self.env = {"SLURM_CONF": str(folder / "slurm.conf")}
        munge = [
            f"--{n}={folder}/munge/{n}" for n in ("socket", "pid-file", "log-file", "seed-file")
        ]
        self._daemons = [
            self._start("munged", "--foreground", "--force", f"--key-file={key}", *munge)
        ]
        _until((folder / "munge/socket").exists)
        self._daemons.append(self._start("slurmctld", "-D", "-c"))
        self._daemons += [self._start("slurmd", "-D", "-N", name) for name in ("n1", "n2")]
        _until(lambda: "n[1-2]|idle" in self._said("sinfo", "-h", "-o", "%N|%T"))

    def submit(self, script: Path, *options: str, cwd: Path, env: dict[str, str]) -> str:
        """Submit a script; return the job's number."""
        words = ["sbatch", "--parsable", *options, str(script)]
        return subprocess.run(
            words, cwd=cwd, env=env | self.env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def wait(self, job: str, seconds: float = 120) -> None:
        """Wait until a job has ended, with all tasks if it is an array."""
        _until(lambda: not self._said("squeue", "-h", "-j", job), seconds)

    def cancel(self, job: str, *options: str) -> None:
        """Cancel a job."""
        subprocess.run(["scancel", *options, job], env=os.environ | self.env, check=True)

    def stop(self) -> None:
        """Stop all daemons, the last one first."""
        for daemon in reversed(self._daemons):
            daemon.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(10)
            daemon.kill()

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or name
        log = (self._folder / f"{name}.out").open("ab")
        return subprocess.Popen(
            [program, *options], env=os.environ | self.env, stdout=log, stderr=log
        )

    def _said(self, *words: str) -> str:
        done = subprocess.run(
            words, env=os.environ | self.env, check=False, capture_output=True, text=True
        )
        return done.stdout.strip()


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come to pass within {seconds} s")
        time.sleep(0.1)
