"""A kernel that says why the project's own kernel cannot start.

Jupyter shows what a kernel answers; what a process writes before it ends reaches nobody but the
server's log. So the reason answers each cell, until the user mends it and restarts the kernel.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from autoenv_hpc.notebooks import zmtp
from autoenv_hpc.printable import printable
from autoenv_hpc.system import files

_VERSION = "5.3"  # of the messages (jupyter-client, "Messaging in Jupyter")
_MARK = b"<IDS|MSG>"
_SUFFIXES = {"python": ".py", "R": ".r", "julia": ".jl"}
_PORTS = {"shell": "ROUTER", "control": "ROUTER", "stdin": "ROUTER", "iopub": "PUB", "hb": "REP"}
# What a kernel that knows nothing answers.
_EMPTY: dict[str, dict[str, object]] = {
    "is_complete_request": {"status": "complete"},
    "complete_request": {"matches": [], "cursor_start": 0, "cursor_end": 0, "metadata": {}},
    "inspect_request": {"found": False, "data": {}, "metadata": {}},
    "history_request": {"history": []},
    "comm_info_request": {"comms": {}},
}

Content = dict[str, Any]


def connection(words: Sequence[str]) -> Content | None:
    """The connection file among the words of a command; None if there is none."""
    for word in reversed(words):
        try:
            found = json.loads(files.read(word))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(found, dict) and all(f"{name}_port" in found for name in _PORTS):
            return found
    return None


def serve(reason: str, language: str, connected: Content) -> None:
    """Answer until Jupyter shuts the kernel down, or ends."""
    asyncio.run(_Kernel(reason, language, connected).serve())


class _Kernel:
    """The messages of one kernel."""

    def __init__(self, reason: str, language: str, connected: Content) -> None:
        lines = [f"autoenv-hpc: {printable(line)}" for line in reason.split("\n")]
        self._lines = [*lines, "Fix that, then restart the kernel."]
        self._language = language
        self._connected = connected
        self._key = str(connected.get("key", "")).encode()
        self._session = os.urandom(16).hex()
        self._numbers = itertools.count(1)
        self._watchers: set[zmtp.Peer] = set()  # who listens to what the kernel publishes
        self._end = asyncio.Event()

    async def serve(self) -> None:
        """Listen at all ports of the connection until the end."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # there is nothing to interrupt
        loop.add_signal_handler(signal.SIGTERM, self._end.set)
        for name, kind in _PORTS.items():
            peers = self._watchers if name == "iopub" else set()
            answer = partial(self._answer, name)
            await zmtp.listen(self._address(self._connected[f"{name}_port"]), kind, peers, answer)
        parent = os.getppid()
        while os.getppid() == parent:  # a server that was killed says nothing
            try:
                await asyncio.wait_for(self._end.wait(), 1)
            except TimeoutError:
                continue
            await asyncio.sleep(0.1)  # the last answers leave
            return

    def _address(self, port: int) -> tuple[str, int] | str:
        ip = str(self._connected.get("ip", "127.0.0.1"))
        return f"{ip}-{port}" if self._connected.get("transport") == "ipc" else (ip, port)

    def _answer(self, port: str, peer: zmtp.Peer, frames: zmtp.Frames) -> None:
        if port == "hb":
            peer.send(frames)
        elif port in ("shell", "control") and _MARK in frames:
            start = frames.index(_MARK)
            signature, *parts = frames[start + 1 : start + 6]
            if len(parts) == 4 and hmac.compare_digest(signature, self._signature(parts)):  # noqa: PLR2004
                self._reply(peer, frames[:start], json.loads(parts[0]), json.loads(parts[3]))

    def _reply(
        self, peer: zmtp.Peer, identities: zmtp.Frames, header: Content, content: Content
    ) -> None:
        kind = header.get("msg_type", "")
        self._publish("status", {"execution_state": "busy"}, header)
        answer = self._content(kind, content, header)
        if answer is not None:
            name = kind.replace("_request", "_reply")
            peer.send([*identities, *self._message(name, answer, header)])
        self._publish("status", {"execution_state": "idle"}, header)
        if kind == "shutdown_request":
            self._end.set()

    def _content(self, kind: str, content: Content, header: Content) -> Content | None:
        """The content of the answer to one kind of message; None if it gets none."""
        if kind == "kernel_info_request":
            return self._info()
        if kind == "execute_request":
            return self._refusal(content, header)
        if not kind.endswith("_request"):
            return None
        return {"status": "ok", "restart": content.get("restart", False), **_EMPTY.get(kind, {})}

    def _info(self) -> Content:
        return {
            "status": "ok",
            "protocol_version": _VERSION,
            "implementation": "autoenv-hpc",
            "implementation_version": "1",
            "language_info": {
                "name": self._language,
                "version": "",
                "mimetype": "text/plain",
                "file_extension": _SUFFIXES.get(self._language, ".txt"),
            },
            "banner": "\n".join(self._lines),
            "help_links": [],
        }

    def _refusal(self, asked: Content, header: Content) -> Content:
        count = next(self._numbers)
        error = {
            "ename": "EnvironmentNotAvailable",
            "evalue": self._lines[0],
            "traceback": self._lines,
        }
        if not asked.get("silent"):
            code = {"code": asked.get("code", ""), "execution_count": count}
            self._publish("execute_input", code, header)
            self._publish("error", error, header)
        return {"status": "error", "execution_count": count, **error}

    def _publish(self, kind: str, content: Content, parent: Content) -> None:
        for watcher in self._watchers:
            watcher.send([kind.encode(), *self._message(kind, content, parent)])

    def _message(self, kind: str, content: Content, parent: Content) -> zmtp.Frames:
        header = {
            "msg_id": os.urandom(16).hex(),
            "session": self._session,
            "username": "",
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "msg_type": kind,
            "version": _VERSION,
        }
        parts = [json.dumps(part).encode() for part in (header, parent, {}, content)]
        return [_MARK, self._signature(parts), *parts]

    def _signature(self, parts: zmtp.Frames) -> bytes:
        if not self._key:
            return b""
        return hmac.new(self._key, b"".join(parts), hashlib.sha256).hexdigest().encode()
