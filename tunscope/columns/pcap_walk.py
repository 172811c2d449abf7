"""The walk over records of a classic pcap file: no marks to search for, so from one to the next."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.options import ByteOrder
from tunscope.columns.buffer import ChunkBuffer
from tunscope.columns.frames import Frames
from tunscope.columns.gather import Positions, header_type
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.packet_blocks import MAX_CAPLEN, BrokenBlock
from tunscope.columns.walk import Walked

#: Bytes of the file header.
FILE_HEADER: Final = 24
_SECOND: Final = 1_000_000_000
_RECORDS: Final = {
    order: header_type(
        16,
        seconds=(f"{order}u4", 0),
        fraction=(f"{order}u4", 4),
        caplen=(f"{order}u4", 8),
        origlen=(f"{order}u4", 12),
    )
    for order in ("<", ">")
}


@dataclass(frozen=True, slots=True)
class PcapFormat:
    """A pcap file's dialect: byte order, nanoseconds a unit of time, bytes of a record header."""

    order: ByteOrder
    unit: int
    record: int


#: The first four bytes of a file as a little-endian number.
_MAGICS: Final = {
    0xA1B2C3D4: PcapFormat("<", 1000, 16),
    0xA1B23C4D: PcapFormat("<", 1, 16),
    0xA1B2CD34: PcapFormat("<", 1000, 24),  # Kuznetzov: interface, protocol, packet type added
    0xD4C3B2A1: PcapFormat(">", 1000, 16),
    0x4D3CB2A1: PcapFormat(">", 1, 16),
    0x34CDB2A1: PcapFormat(">", 1000, 24),
}


def pcap_format(magic: bytes) -> PcapFormat | None:
    """Return the dialect that a file's first four bytes announce, None if it is not pcap."""
    return _MAGICS.get(int.from_bytes(magic, "little"))


class PcapWalker:
    """Walks one pcap file, which is described as one interface."""

    def __init__(self, header: bytes, interfaces: InterfaceTable) -> None:
        """Take the 24 bytes of the file header; ValueError if they are none of a pcap file."""
        kind = pcap_format(header[:4])
        if kind is None:
            raise ValueError(f"the magic {header[:4].hex()} is none of a pcap file")
        self._format: Final = kind
        snaplen, linktype = struct.unpack_from(f"{kind.order}II", header, 16)
        self._interfaces: Final = interfaces
        interfaces.add(
            InterfaceDescription(linktype & 0xFFFF, snaplen, tsresol=9 if kind.unit == 1 else 6),
            kind.order,
        )

    def walk(self, buffer: ChunkBuffer, begin: int, end: int) -> Walked:
        """Walk the bytes `begin` to `end` of `buffer` as far as they hold whole records."""
        record = self._format.record
        caplen_of = struct.Struct(f"{self._format.order}I").unpack_from
        data = buffer.data.data
        found: list[int] = []
        add = found.append
        position, after = begin, begin
        while position + record <= end:
            (caplen,) = caplen_of(data, position + 8)
            after = position + record + caplen
            if after > end:
                break
            add(position)
            position = after
        wanted = after - position if after > end else 0
        broken: BrokenBlock | None = None
        if wanted > record + MAX_CAPLEN:
            why = f"a packet claims {wanted - record} captured bytes, more than {MAX_CAPLEN}"
            broken, wanted = BrokenBlock(position, why), 0
        if not found:
            return Walked(None, position, wanted, broken)
        return Walked(self._frames(buffer, np.array(found, np.int64)), position, wanted, broken)

    def _frames(self, buffer: ChunkBuffer, at: Positions) -> Frames:
        kind = self._format
        header = buffer.window.take(_RECORDS[kind.order], at, at + 16)
        times = header["seconds"].astype(np.int64) * _SECOND
        times += header["fraction"].astype(np.int64) * kind.unit
        interface = np.zeros(len(at), np.uint16)
        return Frames(
            buffer.data,
            at + kind.record,
            header["caplen"].astype(np.int64),
            header["origlen"].astype(np.uint32),
            times,
            interface,
            np.zeros(len(at), np.uint8),
            self._interfaces.linktypes(interface),
        )
