"""The transport of Jupyter's messages: ZMTP 3.0 without encryption, as a kernel speaks it.

The package must start where no other package is, so it brings what it needs of the protocol
(rfc.zeromq.org/spec/23): greeting, handshake, and messages of several frames.
"""

import asyncio
from collections.abc import Awaitable, Callable

_SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
_GREETING = _SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MORE, _LONG, _COMMAND = 1, 2, 4  # the flags of a frame
_LARGEST = 1 << 26  # bytes of one frame

Frames = list[bytes]


class Peer:
    """One connection, after its handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self, kind: str) -> None:
        """Exchange greetings, as a socket of one kind, such as `ROUTER`.

        :raises ConnectionError: the other side speaks something else.
        """
        name, value = b"Socket-Type", kind.encode()
        ready = b"\x05READY" + bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value
        self._writer.write(_GREETING + bytes([_COMMAND, len(ready)]) + ready)
        greeting = await self._reader.readexactly(len(_GREETING))
        if (greeting[0], greeting[9], greeting[10] >= 3) != (0xFF, 0x7F, True):  # noqa: PLR2004
            raise ConnectionError("the other side does not speak ZMTP 3")

    async def receive(self) -> Frames:
        """The next message; commands are passed over.

        :raises EOFError: the connection has ended.
        """
        frames = []
        while True:
            flags = (await self._reader.readexactly(1))[0]
            size = int.from_bytes(await self._reader.readexactly(8 if flags & _LONG else 1), "big")
            if size > _LARGEST:
                raise EOFError
            frame = await self._reader.readexactly(size)
            if flags & _COMMAND:
                continue
            frames.append(frame)
            if not flags & _MORE:
                return frames

    def send(self, frames: Frames) -> None:
        """Send one message."""
        for number, frame in enumerate(frames, 1):
            flags = _MORE if number < len(frames) else 0
            if len(frame) > 255:  # noqa: PLR2004 - what one byte can say
                self._writer.write(bytes([flags | _LONG]) + len(frame).to_bytes(8, "big") + frame)
            else:
                self._writer.write(bytes([flags, len(frame)]) + frame)

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


Answer = Callable[[Peer, Frames], None]


async def listen(
    address: tuple[str, int] | str, kind: str, peers: set[Peer], answer: Answer
) -> None:
    """Accept connections at an address: a host and a port, or the path of a socket.

    :param peers: holds each connection as long as it lasts.
    :param answer: receives each message with the connection that it came by.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        try:
            await peer.greet(kind)
            peers.add(peer)
            while True:
                answer(peer, await peer.receive())
        except (EOFError, OSError, asyncio.CancelledError):  # the last: the kernel ends
            pass
        finally:
            peers.discard(peer)
            peer.close()

    start: Awaitable[object]
    if isinstance(address, str):
        start = asyncio.start_unix_server(serve, address)
    else:
        start = asyncio.start_server(serve, *address)
    await start
