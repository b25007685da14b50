"""The backends by their names.

A process uses one or two of them, so each is imported only when it is needed.
"""

from autoenv_hpc.project.choices import Backend as BackendName
from autoenv_hpc.venvs.types import Backend


def backend(name: BackendName) -> Backend:
    """The backend with this name."""
    if name == "virtualenv":
        from autoenv_hpc.venvs import virtualenv  # noqa: PLC0415

        return virtualenv
    if name == "uv":
        from autoenv_hpc.venvs import uv  # noqa: PLC0415

        return uv
    if name == "conda":
        from autoenv_hpc.venvs import conda  # noqa: PLC0415

        return conda
    if name == "existing":
        from autoenv_hpc.venvs import existing  # noqa: PLC0415

        return existing
    from autoenv_hpc.venvs import venv  # noqa: PLC0415

    return venv
