"""Summaries of packets in the light of their conversation: relative numbers, window, analysis.

Wireshark makes them in a pass over the whole capture. Here the conversation of a packet that is
looked at is read from its first packet on, and what was learned is kept; of a long one only the
beginning is read, for the bases and the window scale. That takes up to half a second, so what can
be said without it is to be had at once.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.errors import TunscopeError
from tunscope.summary import summarize
from tunscope.summary.conversation import ConversationTracker
from tunscope.summary.model import FlowHints, Summary

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord

#: A conversation is read whole as long as it has no more packets than this.
_FOLLOWED: Final = 5000
#: Of a longer one this many packets are read: the handshake is among them.
_BEGINNING: Final = 8
_KEPT_FLOWS: Final = 64
#: Packets of all kept conversations together, some 1,000 bytes each.
_KEPT_PACKETS: Final = 20_000


@dataclass(slots=True)
class _Followed:
    """A conversation that has been read up to, but not including, row `next_row`."""

    tracker: ConversationTracker
    next_row: int
    summaries: dict[int, Summary] = field(default_factory=dict)
    complete: bool = True


class FlowSummaries:
    """Belongs to one thread; the conversations looked at last are kept."""

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture = capture
        self._flows: OrderedDict[int, _Followed] = OrderedDict()

    def glance(self, number: int, record: PacketRecord) -> tuple[Summary, bool]:
        """Return what can be said of packet `number` at once, and whether that is the last word.

        If it is not, `settle` brings it about.
        """
        store, row = self._capture.store, number - 1
        flow = int(store["flow"][row])
        if not flow or not int(store["layers"][row]) & Layer.TCP:
            return summarize(record), True
        followed = self._flows.get(flow)
        if followed is not None and (found := followed.summaries.get(number)) is not None:
            return found, True
        side = 1 if int(store["layers"][row]) & Layer.REVERSE else 0
        ours, theirs = self._capture.flows.sequence_bases(
            np.array([flow, flow], np.uint32), np.array([side, 1 - side], bool), np.array([row] * 2)
        )
        hints = FlowHints(sequence_base=int(ours), acknowledgment_base=int(theirs))
        if followed is None or followed.complete:
            return summarize(record, hints), followed is not None and row < followed.next_row
        # the handshake told the window scale; notes would speak of packets that were passed over
        hints = replace(
            followed.tracker.observe(record),
            sequence_base=hints.sequence_base,
            acknowledgment_base=hints.acknowledgment_base,
            analysis=(),
        )
        return summarize(record, hints), True

    def settle(self, number: int, until: float = math.inf) -> bool:
        """Read the conversation of packet `number` up to it; False if that takes too long.

        It is broken off when `time.monotonic()` has come to `until`, and goes on from there with
        the next call.
        """
        row = number - 1
        flow = int(self._capture.store["flow"][row])
        followed = self._flows.get(flow)
        if followed is None:
            first = max(int(self._capture.flows.firsts[flow]), self._capture.first_number - 1)
            followed = self._flows[flow] = _Followed(ConversationTracker(), first)
        self._flows.move_to_end(flow)
        if followed.complete and row >= followed.next_row:
            self._read_on(followed, flow, row, until)
        return row < followed.next_row or not followed.complete

    def _read_on(self, followed: _Followed, flow: int, row: int, until: float) -> None:
        column = self._capture.store["flow"]
        rows = np.flatnonzero(column[followed.next_row : row + 1] == flow) + followed.next_row
        too_long = len(followed.summaries) + len(rows) > _FOLLOWED
        if too_long:
            rows = rows[: max(0, _BEGINNING - len(followed.summaries))]
        self._make_room(len(rows))
        for index in rows.tolist():
            if time.monotonic() >= until:
                return
            try:
                record = self._capture.record(index + 1)
            except (KeyError, OSError, TunscopeError):  # gone meanwhile: what is known must do
                followed.complete = False
                return
            followed.tracker.number = index  # it counts the one it is given as the next
            followed.summaries[index + 1] = followed.tracker.summarize(record)
            followed.next_row = index + 1
        followed.complete = not too_long
        followed.next_row = row + 1

    def _make_room(self, packets: int) -> None:
        """Let conversations go that were not looked at for longest."""
        kept = packets + sum(len(followed.summaries) for followed in self._flows.values())
        while len(self._flows) > 1 and (kept > _KEPT_PACKETS or len(self._flows) > _KEPT_FLOWS):
            kept -= len(self._flows.popitem(last=False)[1].summaries)
