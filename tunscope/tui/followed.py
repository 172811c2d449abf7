"""A followed stream as it grows: the conversation's pieces, the chosen side, the lines shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.flows import TCP
from tunscope.index.following.octets import StreamBytes
from tunscope.index.following.pieces import of_side
from tunscope.index.following.segments import FlowTally
from tunscope.index.selection import Selection
from tunscope.index.statistics.gathering import Gathering
from tunscope.tui.endpoint_text import flow_ends
from tunscope.tui.stream_layout import Form, StreamLayout, StreamLines

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """How the stream is shown: `side` is 0, 1 or None for both, `width` bytes make a line."""

    form: Form = Form.TEXT
    side: int | None = None
    width: int = 72


@dataclass(frozen=True, slots=True)
class StreamPage:
    """The stream as far as it is read and laid out.

    `octets` are the bytes of the side(s) shown, `places` where each piece stands among the bytes
    of its own side. `said` is what each side said in bytes, `missing` what of it is not there,
    `packets` how many packets each sent.
    """

    choice: StreamChoice
    octets: StreamBytes
    lines: StreamLines
    places: npt.NDArray[np.int64]
    said: tuple[int, int]
    missing: tuple[int, int]
    packets: tuple[int, int]


class FollowedStream:
    """Follows the conversation `flow`; `gathering` has a `StreamPage` as its result."""

    def __init__(self, capture: CaptureIndex, flow: int, choice: StreamChoice) -> None:
        self.flow: Final = capture.flows.flow(flow)
        self.choice = choice
        self._capture: Final = capture
        self._tally: Final = FlowTally(flow, self.flow.protocol)
        self._laid_out: tuple[StreamChoice, StreamLayout] | None = None
        self._finished = False
        self.gathering: Final = Gathering(Selection(capture), self._tally, self._digest)

    @property
    def name(self) -> str:
        """What tshark calls the stream."""
        return f"{'TCP' if self.flow.protocol == TCP else 'UDP'} stream {self.flow.stream}"

    def ends(self) -> tuple[str, str]:
        """Return who side 0 and side 1 are."""
        a, b = flow_ends(self._capture.addresses, self.flow)
        return (a, b) if self._tally.forward is not False else (b, a)

    def choose(self, choice: StreamChoice) -> None:
        """Show the stream otherwise."""
        if choice != self.choice:
            self.choice = choice
            self.gathering.refresh()

    def finish_when_complete(self) -> None:
        """Say what waited for missing bytes, once nothing more can come."""
        if self._capture.complete and not self._finished and self.gathering.progress >= 1:
            self._finished = True
            self.gathering.refresh()

    def _digest(self) -> StreamPage:
        """Make the page; on the gathering's thread."""
        if self._finished:
            self._tally.finish()
        choice, whole = self.choice, self._tally.pieces.table()
        if self._laid_out is None or self._laid_out[0] != choice:
            self._laid_out = (choice, StreamLayout(choice.form, choice.width))
        layout = self._laid_out[1]
        table = whole if choice.side is None else of_side(whole, choice.side)
        octets = StreamBytes(self._capture, table)
        if layout.extend(octets):
            self.gathering.refresh()
        places = np.zeros(len(table), np.int64)
        said, missing = [0, 0], [0, 0]
        for way in (0, 1):
            mine = table.way == way
            places[mine] = np.cumsum(table.length[mine]) - table.length[mine]
            said[way] = int(whole.length[whole.way == way].sum())
            missing[way] = int(whole.missing[whole.way == way].sum())
        return StreamPage(
            choice,
            octets,
            layout.lines(),
            places,
            (said[0], said[1]),
            (missing[0], missing[1]),
            (self._tally.packets[0], self._tally.packets[1]),
        )
