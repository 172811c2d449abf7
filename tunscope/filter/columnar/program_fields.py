"""`process`: which local program a packet's conversation belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.programs import UNKNOWN
from tunscope.filter.columnar.run import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.columns.programs import ProgramTable
    from tunscope.filter.columnar.fields import Source
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.values import Value


class ProgramNames:
    """Names of programs by their ids."""

    def __init__(self, programs: ProgramTable) -> None:
        self._programs: Final = programs

    def find(self, address: bytes) -> int:
        """Names are no addresses: none is found."""
        del address
        return UNKNOWN

    def addresses(self, ids: Iterable[int]) -> list[Value]:
        """Return the names of the programs with these ids."""
        found = (self._programs.program(one) for one in ids)
        return [program.name if program is not None else "" for program in found]


def _names(run: Run) -> list[Part]:
    programs = run.batch.flows.programs
    ids = programs.ids(run.batch["flow"])
    return [Part(ids, ids > UNKNOWN, None, ProgramNames(programs))]


def _pids(run: Run) -> list[Part]:
    programs = run.batch.flows.programs
    ids = programs.ids(run.batch["flow"])
    pids = programs.pids
    return [Part(pids[np.minimum(ids, len(pids) - 1)], ids > UNKNOWN, None)]


PROGRAM_SOURCES: Final[dict[str, Source]] = {
    "process": _names,
    "process.name": _names,
    "process.pid": _pids,
}
