"""What conversations say of single packets, read for the packets that are looked at only.

A filter over a whole capture replays all of its conversations. A column or a colour of the rows
on the screen needs theirs alone, which are read from their first packet on and kept.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.errors import TunscopeError
from tunscope.filter.conversations.facts import TcpFacts, UdpFacts
from tunscope.filter.conversations.recording import Recorded, Recorder
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.dissect import FrameContext, dissect

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex

#: Of a longer conversation the later packets are left unknown: reading up to them would keep a
#: processor busy for seconds.
_FOLLOWED: Final = 20_000
_KEPT_FLOWS: Final = 64
#: Packets of all kept conversations together, some 500 bytes each.
_KEPT_PACKETS: Final = 40_000

_Said = list[TcpFacts | UdpFacts]
_NOTHING: Final[_Said] = []


@dataclass(slots=True)
class _Followed:
    """A conversation that has been read up to, but not including, row `next_row`.

    It will not be read from row `limit` on.
    """

    next_row: int
    limit: float = math.inf
    tracker: ConversationTracker = field(default_factory=ConversationTracker)
    said: dict[int, _Said] = field(default_factory=dict)


class FlowFacts:
    """Belongs to one thread; the conversations looked at last are kept."""

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture = capture
        self._flows: OrderedDict[int, _Followed] = OrderedDict()

    def known(self, number: int) -> Recorded | None:
        """Return what is known of packet `number`; None if its conversation is to be read yet."""
        flow = int(self._capture.store["flow"][number - 1])
        if not flow:
            return Recorded(_NOTHING)
        followed = self._flows.get(flow)
        if followed is None:
            return None
        if number - 1 < followed.next_row or number - 1 >= followed.limit:
            return Recorded(followed.said.get(number, _NOTHING))
        return None

    def follow(self, number: int, until: float = math.inf) -> bool:
        """Read the conversation of packet `number` up to it; False if `until` came first.

        `until` is a time of `time.monotonic()`; the next call goes on where this one stopped.
        """
        row, store = number - 1, self._capture.store
        flow = int(store["flow"][row])
        if not flow:
            return True
        followed = self._flows.get(flow)
        if followed is None:
            first = max(int(self._capture.flows.firsts[flow]), self._capture.first_number - 1)
            followed = self._flows[flow] = _Followed(first)
        self._flows.move_to_end(flow)
        if row < followed.next_row or row >= followed.limit:
            return True
        column = store["flow"][followed.next_row : row + 1]
        rows = np.flatnonzero(column == flow) + followed.next_row
        room = _FOLLOWED - len(followed.said)
        if len(rows) > room:
            followed.limit = int(rows[room])
            return True
        self._make_room(len(rows))
        for index in rows.tolist():
            if time.monotonic() >= until:
                return False
            followed.said[index + 1] = self._said(index + 1, flow, followed.tracker)
            followed.next_row = index + 1
        followed.next_row = row + 1
        return True

    def _make_room(self, packets: int) -> None:
        """Let conversations go that were not looked at for longest."""
        kept = packets + sum(len(followed.said) for followed in self._flows.values())
        while len(self._flows) > 1 and (kept > _KEPT_PACKETS or len(self._flows) > _KEPT_FLOWS):
            kept -= len(self._flows.popitem(last=False)[1].said)

    def _said(self, number: int, flow: int, tracker: ConversationTracker) -> _Said:
        try:
            record = self._capture.record(number)
        except (KeyError, OSError, TunscopeError):  # gone meanwhile: what is known must do
            return _NOTHING
        recorder = Recorder(tracker)
        dissect(record, frozenset(), FrameContext(number, record.ts_ns, record.ts_ns), recorder)
        stream = int(self._capture.flows.streams[flow])
        return [replace(facts, stream=stream) for facts in recorder.said]


def context_of(capture: CaptureIndex, number: int) -> FrameContext:
    """Return what the packets around packet `number` say of its times."""
    previous = max(number - 2, capture.first_number - 1)
    return FrameContext(number, capture.origin_ns, int(capture.store["ts_ns"][previous]))
