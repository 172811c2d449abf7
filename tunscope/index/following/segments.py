"""The packets of one conversation to its segments or datagrams, out of columns and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.flows import TCP
from tunscope.columns.layout import Layer
from tunscope.index.following.pieces import Pieces
from tunscope.index.following.reassembly import Segment, TcpReassembly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.columns.batch import ColumnBatch, Level, PacketBytes, Rows

_UDP_HEADER: Final = 8
#: Where TCP's data offset stands, which counts 32-bit words in its top four bits.
_DATA_OFFSET: Final = 12
_SYN: Final = 0x02
_ACK: Final = 0x10


class FlowTally:
    """Puts together what the conversation with id `flow` says; a `gathering.Tally`.

    Way 0 is that of the first packet. Fragments but the first, and what ICMP errors quote, say
    nothing.
    """

    def __init__(self, flow: int, protocol: int) -> None:
        self.pieces: Final = Pieces()
        #: Packets of the conversation, each way.
        self.packets: Final = [0, 0]
        self._flow: Final = flow
        self._tcp: Final = protocol == TCP
        self._reassembly: Final = TcpReassembly(self.pieces)
        #: Whether the first packet went from endpoint a to b; None before it.
        self.forward: bool | None = None

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Take in the packets `rows` of `batch`."""
        chosen = np.zeros(batch.count, np.bool_)
        chosen[rows] = True
        for level in batch.levels:
            mine = (level["flow"] == self._flow) & (level["layers"] & np.uint32(Layer.QUOTED) == 0)
            entries = np.flatnonzero(mine & chosen[level.rows])
            if len(entries):
                self._add_level(batch, level, entries)

    def finish(self) -> None:
        """Nothing more comes."""
        self._reassembly.finish()

    def _add_level(self, batch: ColumnBatch, level: Level, entries: Rows) -> None:
        for piece in batch.packet_bytes(np.unique(level.rows[entries])):
            here = entries[np.isin(level.rows[entries], piece.rows)]
            for segment in self._segments(batch.start, level, here, piece):
                self.packets[segment.way] += 1
                if self._tcp:
                    self._reassembly.add(segment)
                else:
                    self.pieces.add(segment.row, segment.place, segment.captured, segment.way)
                    cut_off = segment.length - segment.captured
                    self.pieces.add_gap(segment.row, cut_off, segment.way)

    def _segments(
        self, start: int, level: Level, entries: Rows, piece: PacketBytes
    ) -> Iterator[Segment]:
        at = np.searchsorted(piece.rows, level.rows[entries])
        caplens = piece.caplens[at]
        place = level["l4_offset"][entries].astype(np.int64)
        if self._tcp:
            where = np.minimum(place + _DATA_OFFSET, np.maximum(caplens - 1, 0))
            place += (piece.data[piece.starts[at] + where] >> 4).astype(np.int64) * 4
        else:
            place += _UDP_HEADER
        length = level["payload_len"][entries].astype(np.int64)
        captured = np.clip(caplens - place, 0, length)
        layers, flags = level["layers"][entries], level["tcp_flags"][entries]
        known = Layer.TCP_SEQUENCE if self._tcp else Layer.PORTS
        useful = layers & np.uint32(known) != 0
        reverse = layers & np.uint32(Layer.REVERSE) != 0
        if self.forward is None:
            self.forward = not bool(reverse[0])
        acknowledges = (flags & _ACK != 0) & (layers & np.uint32(Layer.TCP_COMPLETE) != 0)
        columns = (
            level.rows[entries] + start,
            (reverse == self.forward).astype(np.int64),
            level["seq"][entries],
            level["ack"][entries],
            acknowledges,
            flags & _SYN != 0,
            place,
            length,
            captured,
        )
        for row, way, seq, ack, has_ack, syn, *payload in zip(
            *(column[useful].tolist() for column in columns), strict=True
        ):
            yield Segment(row, way, seq, ack if has_ack else None, syn, *payload)
