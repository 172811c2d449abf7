"""Packets back from their files, by the place that the index remembers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.capfile.blocks import BlockType
from tunscope.capfile.decode import PacketOptions, decode_packet_options
from tunscope.capfile.errors import BlockError
from tunscope.columns.batch import SLACK, PacketBytes, Rows
from tunscope.columns.layout import OFFSET_BITS, OFFSET_MASK, RecordFlag
from tunscope.columns.packet_blocks import CUSTOM_BLOCKS, CUSTOM_DATA_OFFSET, DATA_OFFSET
from tunscope.columns.walk import MAX_HELD
from tunscope.packet.custom_block import CustomBlock
from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.packet.record import PacketRecord

if TYPE_CHECKING:
    from tunscope.capfile.options import ByteOrder
    from tunscope.columns.gather import Positions
    from tunscope.index.source import Source
    from tunscope.index.tables import Tables

#: Bytes read at a time.
_PIECE: Final = 4 << 20
#: Packets further apart than this are read one by one.
_GAP: Final = 32 << 10


class PacketReader:
    """Reads the bytes of indexed packets; any thread may."""

    def __init__(self, source: Source, tables: Tables) -> None:
        self._source: Final = source
        self._tables: Final = tables

    def read_packets(self, start: int, rows: Rows) -> Iterator[PacketBytes]:
        """Yield the bytes of packets `start + rows`; see `columns.batch.ByteReader`."""
        places = self._tables.packets["offset"][start + rows].astype(np.int64)
        caplens = self._tables.packets["caplen"][start + rows].astype(np.int64)
        ends = places + caplens
        # A new segment is a gap as well: its number stands in the top bits.
        gaps = np.append(np.flatnonzero(places[1:] - ends[:-1] > _GAP), len(rows) - 1)
        first = 0
        while first < len(rows):
            last = int(np.searchsorted(ends, places[first] + _PIECE, "right")) - 1
            last = max(first, min(last, int(gaps[np.searchsorted(gaps, first)])))
            piece = slice(first, last + 1)
            yield self._read(rows[piece], places[piece], caplens[piece])
            first = last + 1

    def record(self, row: int) -> PacketRecord:
        """Return one packet with all that the file says about it; KeyError if it is gone."""
        packets = self._tables.packets
        place = int(packets["offset"][row])
        interface = int(packets["interface"][row])
        flags = int(packets["flags"][row])
        caplen = int(packets["caplen"][row])
        segment, offset = place >> OFFSET_BITS, place & OFFSET_MASK
        data = self._bytes(segment, offset, caplen)
        if len(data) < caplen:
            raise KeyError(row + 1)
        if flags & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK:
            custom = self._custom(row, segment, offset)
            return PacketRecord(data, 0, caplen, CUSTOM_BLOCK, timed=False, custom=custom)
        options = PacketOptions()
        if flags & RecordFlag.OPTIONS:
            order = self._tables.interfaces.orders[interface]
            options = self._options(segment, offset, caplen, order)
        return PacketRecord(
            data,
            int(packets["ts_ns"][row]),
            int(packets["origlen"][row]),
            self._tables.interfaces.descriptions[interface].linktype,
            interface,
            options.flags,
            options.comments,
            options.packet_id,
            timed=not flags & RecordFlag.NO_TIMESTAMP,
            zero_flags=options.zero_flags,
        )

    def _read(self, rows: Rows, places: Positions, caplens: Positions) -> PacketBytes:
        start = int(places[0])
        size = int(places[-1] + caplens[-1]) - start
        buffer = np.zeros(size + SLACK, np.uint8)
        starts = places - start
        try:
            read = self._source.read(start >> OFFSET_BITS, start & OFFSET_MASK, buffer.data[:size])
        except OSError:
            read = 0
        if read < size:
            caplens = np.where(starts + caplens > read, 0, caplens)
            starts = np.minimum(starts, read)
        return PacketBytes(rows, buffer, starts, caplens)

    def _bytes(self, segment: int, offset: int, size: int) -> bytes:
        target = bytearray(size)
        try:
            read = self._source.read(segment, offset, memoryview(target))
        except OSError:
            read = 0
        return bytes(target[:read])

    def _custom(self, row: int, segment: int, offset: int) -> CustomBlock:
        """Return what stands before the data, at `offset`, of a custom block."""
        header = self._bytes(segment, offset - CUSTOM_DATA_OFFSET, CUSTOM_DATA_OFFSET)
        # It may stand in a section without interfaces; its type tells the byte order as well.
        for order in ("<", ">"):
            if len(header) == CUSTOM_DATA_OFFSET:
                kind, _, pen = struct.unpack(f"{order}III", header)
                if kind in CUSTOM_BLOCKS:
                    return CustomBlock(pen, kind == BlockType.CUSTOM)
        raise KeyError(row + 1)

    def _options(self, segment: int, offset: int, caplen: int, order: ByteOrder) -> PacketOptions:
        """Return what the options say of the packet whose data starts at `offset`."""
        header = self._bytes(segment, offset - DATA_OFFSET, DATA_OFFSET)
        if len(header) < DATA_OFFSET:
            return PacketOptions()
        (total,) = struct.unpack_from(f"{order}I", header, 4)
        start = offset + caplen + (-caplen & 3)
        size = (total + 3 & ~3) - 4 - (start - offset + DATA_OFFSET)
        if not 0 < size <= MAX_HELD:
            return PacketOptions()
        try:
            return decode_packet_options(self._bytes(segment, start, size), order)
        except BlockError:  # the file has changed since it was indexed
            return PacketOptions()
