"""Conversations followed through an indexed capture, once, and kept in columns of their own.

Filters that ask for what only conversations know (tcp.analysis.*, tcp.window_size) need every
packet before the one they ask about. The first of them pays for reading the capture's TCP and UDP
headers in order; what is found is kept, and goes on where it stopped when the capture grows.
"""

from __future__ import annotations

import threading
from dataclasses import fields as fields_of
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.clock import Clock
from tunscope.filter.columnar.endpoints import EndpointReader
from tunscope.filter.columnar.run import Run
from tunscope.filter.conversations.facts import Analysis, Endpoints, Segment, TcpFacts, UdpFacts
from tunscope.filter.conversations.memory import ApplicationMemory
from tunscope.filter.conversations.recording import Recorded, Recorder
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.layers.tcp_conversation import window_scale

if TYPE_CHECKING:
    from tunscope.columns.batch import ColumnBatch
    from tunscope.packet.record import PacketRecord

#: Rows replayed at a time.
_STEP: Final = 1 << 15
_SYN: Final = 0x02
_TCP: Final = np.uint32(Layer.TCP | Layer.TCP_COMPLETE)
_UDP: Final = np.uint32(Layer.UDP | Layer.PORTS)
_FRAGMENT: Final = int(Layer.FRAGMENT)
#: Kinds of rows: nothing to replay, one outer segment or datagram, or something to dissect.
_NOTHING, _SEGMENT, _DATAGRAM, _OTHER = 0, 1, 2, 3

_FACTS: Final = tuple(field.name for field in fields_of(TcpFacts))
_VALUES: Final = attrgetter(*_FACTS)
_TYPES: Final = np.dtype([(name, np.int64) for name in _FACTS] + [("kind", np.int64)])


class ReplayedCapture(Protocol):
    """The part of an indexed capture that a replay reads."""

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop`."""
        ...

    def record(self, number: int) -> PacketRecord:
        """Return packet `number`; KeyError if its bytes are gone."""
        ...


class Replay:
    """The conversations of one capture, replayed as far as somebody asked."""

    def __init__(self, capture: ReplayedCapture) -> None:
        self._capture: Final = capture
        self._tracker: Final = ConversationTracker()
        self._table: npt.NDArray[Any] = np.zeros(0, _TYPES)
        self._done = 0
        self._others: dict[int, list[TcpFacts | UdpFacts]] = {}
        self._lock: Final = threading.Lock()

    def advance(self, stop: int) -> None:
        """Replay the rows up to `stop` that were not yet."""
        with self._lock:
            while self._done < stop:
                last = min(stop, self._done + _STEP)
                self._step(self._done, last)
                self._done = last

    def column(self, name: str, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return field `name` of TcpFacts for rows `start` to `stop` (0 where there is none)."""
        self.advance(stop)
        column: npt.NDArray[np.int64] = self._table[name][start:stop]
        return column

    def of_packet(self, row: int, applications: ApplicationMemory | None = None) -> Recorded:
        """Return the conversations as they were when packet `row` came, and what applications
        remember of them where somebody shows them the packets in order."""
        self.advance(row + 1)
        return Recorded(self._said(row), applications)

    def _said(self, row: int) -> list[TcpFacts | UdpFacts]:
        if row in self._others:
            return self._others[row]
        kind = int(self._table["kind"][row])
        if kind == _NOTHING:
            return []
        values = [int(self._table[name][row]) for name in _FACTS]
        facts = dict(zip(_FACTS, values, strict=True))
        if kind == _DATAGRAM:
            datagram = UdpFacts(facts["stream"], facts["relative_ns"], facts["delta_ns"])
            return [datagram]
        analysis, closes_first = Analysis(facts.pop("analysis")), bool(facts.pop("closes_first"))
        noticed = bool(facts.pop("noticed"))
        segment = TcpFacts(**facts, analysis=analysis, closes_first=closes_first, noticed=noticed)
        return [segment]

    def _step(self, start: int, stop: int) -> None:
        self._reserve(stop)
        batch = self._capture.batch(start, stop)
        kinds = _kinds(Run(batch, Clock(0, 0)))
        columns = {
            name: batch[name].tolist()
            for name in (
                "layers", "src", "dst", "sport", "dport", "seq", "ack", "tcp_flags", "window",
                "payload_len", "ts_ns", "l4_offset",
            )
        }  # fmt: skip
        addresses = EndpointReader(batch)
        for index in np.flatnonzero(kinds).tolist():
            row = batch.start + index
            kind = int(kinds[index])
            said: TcpFacts | UdpFacts | None = None
            if kind != _OTHER:
                endpoints = addresses.endpoints(columns, index)
                if kind == _DATAGRAM:
                    timed = columns["payload_len"][index]
                    ts_ns = columns["ts_ns"][index] if timed else None
                    said = self._tracker.udp(endpoints, row + 1, ts_ns)
                else:
                    said = self._segment(columns, index, row, endpoints)
            self._keep(row, kind, said)

    def _segment(
        self, columns: dict[str, list[int]], index: int, row: int, endpoints: Endpoints
    ) -> TcpFacts:
        flags = columns["tcp_flags"][index]
        fragment = columns["layers"][index] & _FRAGMENT
        scale = None
        if flags & _SYN:
            scale = self._scale(row, columns["l4_offset"][index])
        return self._tracker.tcp(
            Segment(
                endpoints,
                columns["seq"][index],
                columns["ack"][index],
                flags,
                columns["window"][index],
                None if fragment else columns["payload_len"][index],
                scale,
                row + 1,
                columns["ts_ns"][index],
            )
        )

    def _scale(self, row: int, transport: int) -> int | None:
        try:
            data = self._capture.record(row + 1).data
        except KeyError:
            return None
        header = data[transport + 12] >> 2 & 0x3C if len(data) > transport + 12 else 0
        return window_scale(data[transport + 20 : transport + header])

    def _keep(self, row: int, kind: int, said: TcpFacts | UdpFacts | None) -> None:
        if said is None:
            self._others[row] = self._dissected(row)
            first = next((one for one in self._others[row] if isinstance(one, TcpFacts)), None)
            if first is None:
                return
            said = first
        if isinstance(said, TcpFacts):
            self._table[row] = (*_VALUES(said), kind)
            return
        entry = self._table[row]
        entry["kind"], entry["stream"] = kind, said.stream
        entry["relative_ns"], entry["delta_ns"] = said.relative_ns, said.delta_ns

    def _dissected(self, row: int) -> list[TcpFacts | UdpFacts]:
        """Replay a packet whose columns do not tell everything."""
        from tunscope.filter.dissect import FrameContext, dissect

        recorder = Recorder(self._tracker)
        try:
            record = self._capture.record(row + 1)
        except KeyError:
            return []
        context = FrameContext(row + 1, record.ts_ns, record.ts_ns)
        dissect(record, frozenset(), context, recorder)
        return recorder.said

    def _reserve(self, rows: int) -> None:
        if rows > len(self._table):
            grown = np.zeros(max(rows, 2 * len(self._table), _STEP), _TYPES)
            grown[: len(self._table)] = self._table
            self._table = grown


def _kinds(run: Run) -> npt.NDArray[np.int8]:
    layers = run.levels[0]["layers"]
    kinds = np.zeros(run.count, np.int8)
    kinds[layers & _UDP == _UDP] = _DATAGRAM
    kinds[layers & _TCP == _TCP] = _SEGMENT
    for doubt in (run.doubtful, run.nested):
        if doubt is not None:
            kinds[doubt] = _OTHER
    # A routing header says where the packet goes in the end.
    kinds[(kinds != _NOTHING) & (layers & np.uint32(Layer.EXTENSION) != 0)] = _OTHER
    # A payload length that does not fit its column, and cut headers, are read from the bytes.
    kinds[(kinds == _SEGMENT) & (run.levels[0]["payload_len"] == 0xFFFF)] = _OTHER
    return kinds
