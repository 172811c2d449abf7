"""A filter that asks what applications remember: packets shown to it in order, once each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tunscope.filter.columnar.gates import possible
from tunscope.filter.columnar.run import Clock, Run
from tunscope.filter.columnar.verdict import Mask
from tunscope.filter.conversations.memory import ApplicationMemory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.columns.batch import ColumnBatch
    from tunscope.filter.conversations.facts import Conversations
    from tunscope.filter.table import Field

#: Rows looked at together.
_STEP: Final = 1 << 14
UNASKED, FAILS, PASSES = 0, 1, 2

#: Whether row `row` of a batch passes, by its bytes and what its conversation knows.
Ask: TypeAlias = Callable[["ColumnBatch", int, "Conversations"], bool]


class Source(Protocol):
    """The part of an indexed capture that a sequence reads."""

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop`."""
        ...


class Followed(Protocol):
    """Conversations in columns, see `columnar.replay`."""

    def advance(self, stop: int) -> None:
        """Follow the conversations of all rows before `stop`, many at a time."""
        ...

    def of_packet(self, row: int, applications: ApplicationMemory | None = None) -> Conversations:
        """Return what conversations knew when packet `row` came."""
        ...


class InOrder:
    """The verdicts of one filter on the packets of one capture that `fields` may stand in.

    Rows are asked about in order and once, whatever piece is looked at first: a packet's verdict
    depends on those before it. One byte a packet is kept: UNASKED, FAILS or PASSES.
    """

    def __init__(self, fields: Iterable[Field], followed: Followed) -> None:
        self._fields: Final = tuple(fields)
        self._followed: Final = followed
        self._memory: Final = ApplicationMemory()
        self._verdicts: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._done = 0
        self._lock: Final = threading.Lock()

    def verdicts(self, source: Source, stop: int, ask: Ask) -> npt.NDArray[np.uint8]:
        """Return the verdicts on the rows before `stop` at least: UNASKED where none of the
        fields can stand."""
        with self._lock:
            if stop > len(self._verdicts):
                grown = np.zeros(max(stop, 2 * len(self._verdicts), _STEP), np.uint8)
                grown[: self._done] = self._verdicts[: self._done]
                self._verdicts = grown
            while self._done < stop:
                last = min(stop, self._done + _STEP)
                batch = source.batch(self._done, last)
                self._followed.advance(last)
                for row in np.flatnonzero(self._candidates(batch)).tolist():
                    place = batch.start + row
                    known = self._followed.of_packet(place, self._memory)
                    self._verdicts[place] = PASSES if ask(batch, row, known) else FAILS
                self._done = last
            return self._verdicts

    def _candidates(self, batch: ColumnBatch) -> Mask:
        run = Run(batch, Clock(0, 0))
        where = np.zeros(run.count, np.bool_)
        for field in self._fields:
            where |= possible(run, field)
        return where if run.doubtful is None else where | run.doubtful
