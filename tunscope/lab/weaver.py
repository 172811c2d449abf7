"""Makes one capture of several: `main FD...`, pcapng streams of engines in, one on stdout out.

Each stream becomes an interface. Packets are put in the order of their time, unless one comes
later than `WINDOW_NS` after it was seen, and those that are one packet seen twice are linked
(`tunscope.lab.links`). It ends when all streams have, and by nothing that a terminal or a shell
sends to its process group: what the engines drain is still to come then. Standard library only.
"""

from __future__ import annotations

import errno
import heapq
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import Final

from tunscope.capfile.blocks import BlockType, enhanced_packet
from tunscope.capfile.decode import decode_interface, decode_packet_options
from tunscope.capfile.errors import BlockError
from tunscope.lab.block_output import BlockOutput
from tunscope.lab.links import Linker
from tunscope.packet.record import PacketRecord

#: How old a packet is when it is written: time for earlier ones, and for its other half, to come.
WINDOW_NS: Final = 150_000_000
_LOOK_SECONDS: Final = 0.05
_CHUNK: Final = 1 << 16
_FRAME: Final = 12  # type, length, and the length again
_EPB_FIXED: Final = 20
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: The front end decides what they mean, and ends the engines.
LEFT_TO_THE_FRONT_END: Final = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
)


class Stream:
    """One engine's output; the numbers are ours (engines write little endian)."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.interface: int | None = None
        self.name = ""
        self.linktype = 0
        self._buffer = bytearray()

    def read(self) -> bool:
        """Take what has come; False at the end of the stream."""
        data = os.read(self.fd, _CHUNK)
        self._buffer += data
        return bool(data)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield type and body of every block that is there whole."""
        while len(self._buffer) >= _FRAME:
            length = int.from_bytes(self._buffer[4:8], "little")
            if len(self._buffer) < max(length, _FRAME):
                return
            block = bytes(self._buffer[:length])
            del self._buffer[:length]
            yield int.from_bytes(block[:4], "little"), block[8:-4]


class Weaver:
    """Writes to `output` what comes from streams; raises OSError where it takes no more."""

    def __init__(self, output: BlockOutput) -> None:
        self._output = output
        self._section_written = False
        self._interfaces = 0
        self._linker = Linker()
        self._waiting: list[tuple[int, int, PacketRecord]] = []  # a heap: time, number
        self._taken = 0

    def take(self, stream: Stream) -> None:
        """Take the blocks that a stream has."""
        for kind, body in stream.blocks():
            if kind == BlockType.ENHANCED_PACKET and stream.interface is not None:
                record = _record(body, stream.interface, stream.linktype)
                self._taken += 1
                self._linker.add(self._taken, record, stream.name)
                heapq.heappush(self._waiting, (record.ts_ns, self._taken, record))
            elif kind == BlockType.SECTION_HEADER:
                if not self._section_written:
                    self._write_block(kind, body)
                self._section_written = True
            elif kind == BlockType.INTERFACE_DESCRIPTION:
                description = decode_interface(body, "<")
                stream.interface, self._interfaces = self._interfaces, self._interfaces + 1
                stream.name, stream.linktype = description.name, description.linktype
                self._write_block(kind, body)
            elif kind == BlockType.INTERFACE_STATISTICS and stream.interface is not None:
                self._write_block(kind, stream.interface.to_bytes(4, "little") + body[4:])
            else:
                self._write_block(kind, body)

    def flush(self, now_ns: int | None) -> None:
        """Write the packets that are old enough at `now_ns`, None for all, earliest first."""
        ripe: list[bytes] = []
        while self._waiting and (now_ns is None or self._waiting[0][0] < now_ns - WINDOW_NS):
            _, number, record = heapq.heappop(self._waiting)
            ripe.append(enhanced_packet(self._linker.linked(number, record)))
        if ripe:
            self._output.write(ripe)

    def _write_block(self, kind: int, body: bytes) -> None:
        length = (len(body) + _FRAME).to_bytes(4, "little")
        self._output.write([kind.to_bytes(4, "little") + length + body + length])


def _record(body: bytes, interface: int, linktype: int) -> PacketRecord:
    """Read the body of an enhanced packet block; engines write nanoseconds."""
    _, high, low, caplen, origlen = (
        int.from_bytes(body[at : at + 4], "little") for at in range(0, _EPB_FIXED, 4)
    )
    end = _EPB_FIXED + caplen
    options = decode_packet_options(body[end + -caplen % 4 :], "<")
    return PacketRecord(
        data=body[_EPB_FIXED:end],
        ts_ns=high << 32 | low,
        origlen=origlen,
        linktype=linktype,
        interface=interface,
        flags=options.flags,
        comments=options.comments,
        packet_id=options.packet_id,
    )


def main() -> int:
    """Weave until all streams have ended."""
    for number in LEFT_TO_THE_FRONT_END:
        signal.signal(number, signal.SIG_IGN)
    streams = {int(word): Stream(int(word)) for word in sys.argv[1:]}
    poll = select.poll()
    for fd in streams:
        poll.register(fd, select.POLLIN)
    weaver = Weaver(BlockOutput(sys.stdout.fileno()))
    try:
        while streams:
            for fd, _ in poll.poll(_LOOK_SECONDS * 1000):
                if not streams[fd].read():
                    poll.unregister(fd)
                    del streams[fd]
                    continue
                weaver.take(streams[fd])
            weaver.flush(time.time_ns())
        weaver.flush(None)
    except BrokenPipeError:  # the reader has had enough
        return 0
    except BlockError as error:
        print(f"a stream is damaged: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        full = error.errno in _DISK_FULL
        print("the disk is full" if full else f"cannot write: {error.strerror}", file=sys.stderr)
        return 1
    return 0
