"""One curve of the I/O graph: the packets of a filter, counted in the intervals of a window."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from tunscope.index.filtering import FilterRun
from tunscope.index.selection import Selection
from tunscope.index.statistics.gathering import Gathering
from tunscope.index.statistics.io_series import IoCounts, IoTally, Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.filtering import Predicate

#: Letters and tones of the series; together they are told apart without colours, too.
LETTERS: Final = "ABCDEF"
TONES: Final = ("primary", "accent", "success", "error", "secondary", "warning")


class Unit(Enum):
    """What the graph counts in an interval."""

    PACKETS = "packets"
    BITS = "bits"
    BYTES = "bytes"

    def of(self, counts: IoCounts) -> npt.NDArray[np.float64]:
        """Return the numbers of a series."""
        if self is Unit.PACKETS:
            return counts.packets.astype(float)
        return counts.octets.astype(float) * (8 if self is Unit.BITS else 1)

    def following(self) -> Unit:
        """Return the unit after this one."""
        units = list(Unit)
        return units[(units.index(self) + 1) % len(units)]


class GraphSeries:
    """The packets that pass `predicate`, all if it is None; `text` is the filter as written."""

    def __init__(self, capture: CaptureIndex, text: str, predicate: Predicate | None) -> None:
        self.text: Final = text
        self.visible = True
        self._capture: Final = capture
        self._run: FilterRun | None = None
        if predicate is not None:
            self._run = FilterRun(capture, predicate, capture.first_number - 1)
        self._gathering: Gathering[IoCounts] | None = None
        self._shown = -1
        #: What was counted last, maybe in an older window.
        self.counts: IoCounts | None = None

    def count(self, window: Window) -> None:
        """Count anew, in another window."""
        self._stop_counting()
        tally = IoTally(window)
        selection = Selection(self._capture, self._run)
        self._gathering = Gathering(selection, tally, tally.counts)
        self._shown = -1
        self._gathering.start()

    def pull(self) -> bool:
        """Take in what has been counted since; return whether there is anything new."""
        gathering = self._gathering
        if gathering is None:
            return False
        gathering.wake()
        if gathering.generation == self._shown:
            return False
        self._shown = gathering.generation
        self.counts = gathering.result
        return True

    @property
    def progress(self) -> float:
        """How much has been counted, 0 to 1."""
        return 0.0 if self._gathering is None else self._gathering.progress

    @property
    def error(self) -> str:
        """Why counting ended early, "" if it did not."""
        gathering = self._gathering
        return "" if gathering is None or gathering.error is None else str(gathering.error)

    @property
    def caught_up(self) -> bool:
        """Whether all there is has been counted and taken in."""
        gathering = self._gathering
        return gathering is not None and gathering.caught_up and gathering.generation == self._shown

    def close(self) -> None:
        """Stop everything."""
        self._stop_counting()
        if self._run is not None:
            self._run.cancel()

    def _stop_counting(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
