"""Jupyter's side of a kernel: starts it, talks to it, and ends it."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from homes import Home
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

_TIMEOUT = 90  # seconds for one answer on a busy machine
KERNELS = ".local/share/jupyter/kernels"


class Answer(NamedTuple):
    """What a cell shows."""

    status: str
    text: str


class Kernel:
    """One running kernel."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client: BlockingKernelClient = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=_TIMEOUT)

    @property
    def pid(self) -> int:
        """The process that Jupyter started."""
        return int(getattr(self.manager.provisioner, "pid"))  # noqa: B009 - of a local process

    def run(self, code: str) -> Answer:
        """Run a cell."""
        shown = []

        def show(message: dict[str, dict[str, object]]) -> None:
            content = message["content"]
            shown.append(str(content.get("text") or content.get("evalue") or ""))

        reply = self.client.execute_interactive(code, output_hook=show, timeout=_TIMEOUT)
        return Answer(reply["content"]["status"], "".join(shown).strip())

    def interrupt(self, code: str) -> Answer:
        """Run a cell that says when it has begun, and interrupt it then."""
        shown = []

        def show(message: dict[str, dict[str, object]]) -> None:
            content = message["content"]
            shown.append(str(content.get("text") or content.get("ename") or ""))
            if message["msg_type"] == "stream":  # type: ignore[comparison-overlap]
                self.manager.interrupt_kernel()

        reply = self.client.execute_interactive(code, output_hook=show, timeout=_TIMEOUT)
        return Answer(reply["content"]["status"], "".join(shown).strip())

    def restart(self) -> None:
        """Restart it, as the button does."""
        self.manager.restart_kernel(now=False)
        self.client.wait_for_ready(timeout=_TIMEOUT)


@contextlib.contextmanager
def started(
    home: Home, name: str, folder: Path, env: Mapping[str, str] = {}, transport: str = "tcp"
) -> Iterator[Kernel]:
    """A kernel in the folder of its notebook, started by a server with these variables."""
    found = KernelSpecManager(kernel_dirs=[str(home.folder / KERNELS)], ensure_native_kernel=False)
    manager = KernelManager(
        kernel_name=name, kernel_spec_manager=found, transport=transport, shutdown_wait_time=20
    )
    if transport == "ipc":
        manager.ip = str(home.folder / "ipc")
    manager.start_kernel(cwd=str(folder), env={**home.env, **env})
    kernel = None
    try:
        kernel = Kernel(manager)
        yield kernel
    finally:
        if kernel:
            kernel.client.stop_channels()
        manager.shutdown_kernel(now=kernel is None)
        assert not manager.is_alive()
