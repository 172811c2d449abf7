"""The walk over records of a classic pcap file: no marks to search for, so from one to the next."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.capfile.pcap_header import RECORD_FIELDS, PcapFormat
from tunscope.capfile.timestamps import SECOND_NS
from tunscope.columns.buffer import ChunkBuffer
from tunscope.columns.frames import Frames
from tunscope.columns.gather import Positions, header_type
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.packet_blocks import BrokenBlock
from tunscope.columns.walk import Walked

_CAPLEN: Final = 8
_ORIGLEN: Final = 12
_RECORDS: Final = {
    order: header_type(
        RECORD_FIELDS,
        seconds=(f"{order}u4", 0),
        fraction=(f"{order}u4", 4),
        caplen=(f"{order}u4", _CAPLEN),
        origlen=(f"{order}u4", _ORIGLEN),
    )
    for order in ("<", ">")
}


class PcapWalker:
    """Walks one pcap file, which becomes one interface of the capture."""

    def __init__(self, form: PcapFormat, interfaces: InterfaceTable) -> None:
        self._form: Final = form
        self._interfaces: Final = interfaces
        interfaces.add(form.interface, form.order)

    def walk(self, buffer: ChunkBuffer, begin: int, end: int) -> Walked:
        """Walk the bytes `begin` to `end` of `buffer` as far as they hold whole records."""
        form = self._form
        size, longest = form.record_size, form.max_caplen
        caplen_at = _caplen_reader(form, buffer.data.data)
        found: list[int] = []
        add = found.append
        position, wanted = begin, 0
        broken: BrokenBlock | None = None
        while position + size <= end:
            caplen = caplen_at(position)
            if not form.padding <= caplen <= longest:
                broken = BrokenBlock(position, f"a packet claims {caplen} captured bytes")
                break
            after = position + size + caplen
            if after > end:
                wanted = size + caplen
                break
            add(position)
            position = after
        frames = self._frames(buffer, np.array(found, np.int64)) if found else None
        return Walked(frames, position, wanted, broken=broken)

    def _frames(self, buffer: ChunkBuffer, at: Positions) -> Frames:
        form = self._form
        header = buffer.window.take(_RECORDS[form.order], at, at + RECORD_FIELDS)
        first, second = header["caplen"].astype(np.int64), header["origlen"].astype(np.int64)
        if form.lengths == "caplen":
            caplen, origlen = first, second
        elif form.lengths == "origlen":
            caplen, origlen = second, first
        else:
            caplen, origlen = np.minimum(first, second), np.maximum(first, second)
        interface = np.zeros(len(at), np.uint16)
        return Frames(
            buffer.data,
            at + (form.record_size + form.padding),
            caplen - form.padding,
            np.maximum(origlen - form.padding, 0).astype(np.uint32),
            header["seconds"].astype(np.int64) * SECOND_NS
            + header["fraction"].astype(np.int64) * form.fraction_ns,
            interface,
            np.zeros(len(at), np.uint8),
            self._interfaces.linktypes(interface),
        )


def _caplen_reader(form: PcapFormat, data: memoryview) -> Callable[[int], int]:
    """Return what reads the captured length of the record at a place."""
    one, two = struct.Struct(f"{form.order}I").unpack_from, struct.Struct(f"{form.order}II")
    if form.lengths == "caplen":
        return lambda position: int(one(data, position + _CAPLEN)[0])
    if form.lengths == "origlen":
        return lambda position: int(one(data, position + _ORIGLEN)[0])
    return lambda position: int(min(two.unpack_from(data, position + _CAPLEN)))
