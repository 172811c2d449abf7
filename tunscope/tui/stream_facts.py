"""What the conversation of a packet knows of it, for the field tree: stream, relative numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.errors import TunscopeError
from tunscope.filter.conversations.recording import Recorded, Recorder
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.dissect import FrameContext, dissect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunscope.filter.conversations.facts import TcpFacts, UdpFacts
    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord

#: A conversation is followed as long as it has no more packets than this up to the one shown.
_FOLLOWED: Final = 400
_MODULUS: Final = 1 << 32
_TRANSPORTS: Final = frozenset({"tcp", "udp"})


@dataclass(slots=True)
class _Followed:
    """A conversation that was followed up to row `last`."""

    flow: int = 0
    last: int = -1
    tracker: ConversationTracker = field(default_factory=ConversationTracker)
    said: list[TcpFacts | UdpFacts] = field(default_factory=list)


class StreamFacts:
    """Belongs to one thread, which may take some ten milliseconds for a packet."""

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture: Final = capture
        self._followed = _Followed()

    def of(self, number: int, record: PacketRecord) -> Mapping[str, int]:
        """Return fields of the outermost TCP or UDP header of packet `number` by name.

        Times are nanoseconds; a field that is only there or not has the value 1. Of a long
        conversation only the stream and relative numbers are told.
        """
        store, row = self._capture.store, number - 1
        flow, layers = int(store["flow"][row]), int(store["layers"][row])
        if not flow or not layers & (Layer.TCP | Layer.UDP):
            return {}
        name = "tcp" if layers & Layer.TCP else "udp"
        stream = {f"{name}.stream": int(self._capture.flows.streams[flow])}
        try:
            known = self._follow(flow, row)
        except (KeyError, OSError, TunscopeError):  # earlier packets are gone
            known = False
        if not known:
            complete = layers & Layer.TCP and layers & Layer.TCP_COMPLETE
            return stream | (self._numbers(flow, row) if complete else {})
        found = dissect(
            record, _TRANSPORTS, _context(number, record), Recorded(self._followed.said)
        )
        values = {
            field_name: 1 if occurrences[0] is None else occurrences[0]
            for field_name, occurrences in found.values.items()
            if field_name.startswith(name)
        }
        numbers = {key: value for key, value in values.items() if isinstance(value, int)}
        return numbers | stream

    def _follow(self, flow: int, row: int) -> bool:
        """Take in the conversation up to `row`; False if it is too long for that."""
        followed = self._followed
        if followed.flow != flow or followed.last > row:
            first = max(int(self._capture.flows.firsts[flow]), self._capture.first_number - 1)
            followed = self._followed = _Followed(flow, first - 1)
        start = followed.last + 1
        rows = np.flatnonzero(self._capture.store["flow"][start : row + 1] == flow) + start
        if len(rows) > _FOLLOWED:
            self._followed = _Followed()
            return False
        for one in rows.tolist():
            record = self._capture.record(one + 1)
            recorder = Recorder(followed.tracker)
            dissect(record, frozenset(), _context(one + 1, record), recorder)
            followed.last, followed.said = one, recorder.said
        return followed.last == row

    def _numbers(self, flow: int, row: int) -> dict[str, int]:
        store = self._capture.store
        side = bool(int(store["layers"][row]) & Layer.REVERSE)
        ours, theirs = self._capture.flows.sequence_bases(
            np.array([flow, flow], np.uint32), np.array([side, not side]), np.array([row, row])
        )
        return {
            "tcp.seq": (int(store["seq"][row]) - int(ours)) % _MODULUS,
            "tcp.ack": (int(store["ack"][row]) - int(theirs)) % _MODULUS,
        }


def _context(number: int, record: PacketRecord) -> FrameContext:
    return FrameContext(number, record.ts_ns, record.ts_ns)
