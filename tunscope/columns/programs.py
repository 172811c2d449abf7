"""Which local program each conversation belongs to, as far as somebody found out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Ids in `ProgramTable.ids` that stand for no program: nobody asked, nobody knows.
NOT_ASKED: Final = 0
UNKNOWN: Final = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: its process id and the name it goes by, as it is."""

    pid: int
    name: str


class ProgramTable:
    """Programs by conversation; any thread may add and read.

    `revision` grows with everything that becomes known.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._lock: Final = threading.Lock()
        self._of_flow: npt.NDArray[np.uint32] = np.zeros(1024, np.uint32)
        self._programs: Final[list[Program]] = []
        self._ids: Final[dict[Program, int]] = {}

    def set(self, flow: int, program: Program | None) -> None:
        """Note the program of conversation `flow`; None if nobody knows it."""
        with self._lock:
            identity = UNKNOWN if program is None else self._number(program)
            if flow >= len(self._of_flow):
                larger = np.zeros(max(flow + 1, 2 * len(self._of_flow)), np.uint32)
                larger[: len(self._of_flow)] = self._of_flow
                self._of_flow = larger
            self._of_flow[flow] = identity
            self.revision += 1

    def of_flow(self, flow: int) -> Program | None:
        """Return the program of a conversation, None if it is not known."""
        table = self._of_flow
        identity = int(table[flow]) if flow < len(table) else NOT_ASKED
        return self._programs[identity - 2] if identity > UNKNOWN else None

    def asked(self, flow: int) -> bool:
        """Whether somebody has looked for the program of a conversation."""
        table = self._of_flow
        return flow < len(table) and int(table[flow]) != NOT_ASKED

    def ids(self, flows: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
        """Return the id of each conversation's program, NOT_ASKED or UNKNOWN for none."""
        table = self._of_flow
        inside = np.where(flows < len(table), flows, 0)
        found: npt.NDArray[np.uint32] = table[inside]
        return found

    def program(self, identity: int) -> Program | None:
        """Return the program with an id, None for NOT_ASKED and UNKNOWN."""
        return self._programs[identity - 2] if identity > UNKNOWN else None

    @property
    def pids(self) -> npt.NDArray[np.uint32]:
        """Process ids by id; 0 for NOT_ASKED and UNKNOWN."""
        return np.array([0, 0, *(one.pid for one in list(self._programs))], np.uint32)

    def _number(self, program: Program) -> int:
        if program not in self._ids:
            self._programs.append(program)
            self._ids[program] = len(self._programs) + 1
        return self._ids[program]
