"""The batch job of this process, from the scheduler's variables.

Slurm (sbatch(1)), PBS (qsub(1B)), LSF (bsub(1)), Flux (flux-environment(7)), Grid Engine (qsub(1)).
"""

from autoenv_hpc.environment import Env

_NUMBERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID")
_EXPORT, _SAVED = "SLURM_EXPORT_ENV", "AUTOENV_HPC_SLURM_EXPORT_ENV"
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


def handed_on(env: Env) -> Env:
    """The variables with which `srun` hands the whole environment on to its ranks.

    `sbatch --export=NONE` sets one that forbids it. Leaving gives that setting back.
    """
    setting = env.get(_EXPORT)
    return env if setting in (None, "ALL") else {**env, _EXPORT: "ALL", _SAVED: setting or ""}


def not_handed_on(env: Env) -> Env:
    """The variables with the setting given back, unless the user has changed it since."""
    if _SAVED not in env:
        return env
    rest = {name: value for name, value in env.items() if name != _SAVED}
    return rest | ({_EXPORT: env[_SAVED]} if env.get(_EXPORT) == "ALL" else {})
