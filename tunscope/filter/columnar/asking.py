"""The rest of a filter asked of payloads, one after the other, without their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from tunscope.filter.columnar.decoding import PayloadDecoder
from tunscope.filter.columnar.payloads import payloads
from tunscope.filter.columnar.residual import Partial

if TYPE_CHECKING:
    from tunscope.columns.batch import Rows
    from tunscope.filter.columnar.residual import Residual
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.conversations.memory import ApplicationMemory

#: Whether the payload of row `row` of a run comes again, or not in its turn.
IsStale: TypeAlias = Callable[[int], bool]


class PayloadAsker:
    """Asks payloads in the order of the capture; see PayloadDecoder for what `memory` demands."""

    def __init__(self, residual: Residual, memory: ApplicationMemory | None = None) -> None:
        self._residual: Final = residual
        self.decoder: Final = PayloadDecoder(residual.heads, residual.wanted, memory)

    def ask(
        self,
        run: Run,
        rows: Rows,
        decided: Sequence[Sequence[bool]],
        is_stale: IsStale | None = None,
    ) -> Iterator[tuple[int, bool]]:
        """Yield each of `rows` with whether it passes; see `Residual.decide` for `decided`."""
        holds, decoder = self._residual.holds, self.decoder
        times = run.batch["ts_ns"]
        first = run.batch.start + 1
        absent = self._residual.without_applications(decided)
        for row, payload in payloads(run, rows, decoder.matters):
            if (
                payload is None
                or not decoder.may_matter(payload)
                or (is_stale is not None and is_stale(row))
            ):
                yield row, absent(row)
                continue
            found = decoder.decode(first + row, int(times[row]), payload)
            yield row, holds(Partial(found.values, found.layers, row, decided))
