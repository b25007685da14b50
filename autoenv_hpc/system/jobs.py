"""The batch job of this process, from the scheduler's variables.

Slurm (sbatch(1)), PBS (qsub(1B)), LSF (bsub(1)), Flux (flux-environment(7)), Grid Engine (qsub(1)).
"""

from autoenv_hpc.environment import Env

_NUMBERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID")
_SUBMITTED = ("SLURM_SUBMIT_DIR", "PBS_O_WORKDIR", "LS_SUBCWD", "SGE_O_WORKDIR")


def number(environ: Env) -> str | None:
    """The number of the job in which this process runs; None outside a job."""
    found = next((environ[name] for name in _NUMBERS if environ.get(name)), None)
    if found is None and environ.get("SGE_O_WORKDIR"):  # other programs set JOB_ID too
        return environ.get("JOB_ID")
    return found


def submitted(environ: Env) -> list[str]:
    """The folders from which the job may have been submitted."""
    return [environ[name] for name in _SUBMITTED if environ.get(name)]
