"""The peer behind a SOCK_STREAM socket: each Ethernet frame with its length before it.

The length is four bytes, big endian. This is how passt speaks, and QEMU's socket netdev.
"""

from __future__ import annotations

from typing import Final

from tunscope.relay.program_peer import SMALLEST_FRAME, ProgramPeer

_LENGTH_SIZE: Final = 4
_LARGEST_FRAME: Final = 65536 + 64
_READ_SIZE: Final = 512 << 10


class StreamPeer(ProgramPeer):
    """A program that takes and gives frames one behind the other, each with its length before it.

    Each frame goes with a system call of its own: passt takes what it reads for whole frames, and
    loses its place in the stream where it is not. A length that no frame has ends the connection:
    what follows it could not be understood. The rest as `ProgramPeer`.
    """

    def __init__(self, fd: int, name: str) -> None:
        super().__init__(fd, name)
        self._incoming = memoryview(bytearray(_READ_SIZE))
        self._start = self._end = self._whole = 0

    def send(self, packet: memoryview) -> bool:
        """Pass a frame on, now or as soon as there is room."""
        size = len(packet)
        if self._socket is None or not SMALLEST_FRAME <= size <= _LARGEST_FRAME:
            return False
        return self._pass_on((size.to_bytes(_LENGTH_SIZE, "big"), packet))

    def receive_into(self, buffer: memoryview) -> int:
        """Take one frame; use the occasion to send what waits."""
        if self._outgoing:
            self._flush()
        size = self._whole or self._read()
        if not size:
            return 0
        start = self._start + _LENGTH_SIZE
        buffer[:size] = self._incoming[start : start + size]
        self._start = start + size
        self._whole = self._next_size()
        if self._socket is not None:
            self._readiness.set_pending(self._whole > 0)
        return size

    def close(self) -> None:
        """Close the socket, and forget what waits."""
        super().close()
        self._start = self._end = self._whole = 0

    def _next_size(self) -> int:
        """Return the size of the next frame, 0 if it has not arrived whole."""
        start = self._start + _LENGTH_SIZE
        if start > self._end:
            return 0
        size = int.from_bytes(self._incoming[start - _LENGTH_SIZE : start], "big")
        if not SMALLEST_FRAME <= size <= _LARGEST_FRAME:
            self._give_up(f"sent what is no frame ({size} bytes)")
            return 0
        return size if start + size <= self._end else 0

    def _read(self) -> int:
        """Read what has arrived behind the piece of a frame that is there; as `_next_size`."""
        if self._socket is None:
            return 0
        rest = self._end - self._start
        if self._start:
            self._incoming[:rest] = bytes(self._incoming[self._start : self._end])
            self._start, self._end = 0, rest
        try:
            count = self._socket.recv_into(self._incoming[rest:])
        except BlockingIOError:
            return 0
        except OSError as error:
            self._give_up_if_gone(error)
            return 0
        if not count:
            self._give_up("has ended")
            return 0
        self._end += count
        return self._next_size()

    def _flush(self) -> None:
        try:
            self._outgoing.flush()
        except OSError as error:
            self._give_up_if_gone(error)
