"""A filter over a packet's payload alone: what columns decide of it, they have decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tunscope.filter.columnar.carriers import CARRIERS
from tunscope.filter.columnar.payloads import plain_payloads
from tunscope.filter.columnar.plan import Plan, plan
from tunscope.filter.evaluate import Predicate, predicate
from tunscope.filter.program import Conjunction, Disjunction, Negation, TestNode, fields_of
from tunscope.filter.wanted import protocols_of

if TYPE_CHECKING:
    from collections.abc import Container

    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask
    from tunscope.filter.table import Field
    from tunscope.filter.values import Value


@dataclass(slots=True)
class Partial:
    """The fields of one packet's applications, its place in the run, and what columns decided
    there, leaf by leaf."""

    values: Mapping[str, Sequence[Value]]
    layers: Mapping[str, Sequence[int]]
    row: int
    decided: Sequence[Sequence[bool]]


Test: TypeAlias = Callable[[Partial], bool]


class Residual:
    """What is left to ask of payloads when columns have decided all other tests of a filter."""

    def __init__(self, program: TestNode) -> None:
        self._columns: Final[list[Plan]] = []
        self._applications: set[Field] = set()
        self.holds: Final = self._reduced(program)
        #: The applications asked for, by the first part of their fields' names.
        self.heads: Final = frozenset(_head(field) for field in self._applications)
        #: The protocols to dissect.
        self.wanted: Final[Container[str]] = protocols_of(self._applications)

    def decide(self, run: Run) -> tuple[Mask, list[list[bool]]]:
        """Return the packets whose payloads `payloads` can read and of which columns know all
        that they are asked, and what they know, leaf by leaf."""
        rows = plain_payloads(run)
        decided = []
        for leaf in self._columns:
            verdict = leaf(run)
            if verdict.open is not None:
                rows &= ~verdict.open
            decided.append(verdict.holds)
        return rows, [np.asarray(holds).tolist() for holds in decided]

    def without_applications(self, decided: Sequence[Sequence[bool]]) -> Callable[[int], bool]:
        """Return what tells of a row whether it passes if it carries none of the applications."""
        if not self._columns:
            passes = self.holds(Partial({}, {}, 0, decided))
            return lambda row: passes
        return lambda row: self.holds(Partial({}, {}, row, decided))

    def _reduced(self, test: TestNode) -> Test:
        match test:
            case Conjunction():
                left, right = self._reduced(test.left), self._reduced(test.right)
                return lambda fields: left(fields) and right(fields)
            case Disjunction():
                left, right = self._reduced(test.left), self._reduced(test.right)
                return lambda fields: left(fields) or right(fields)
            case Negation():
                operand = self._reduced(test.operand)
                return lambda fields: not operand(fields)
        fields = fields_of(test)
        if fields and all(_head(field) in CARRIERS for field in fields):
            self._applications |= fields
            holds: Predicate = predicate(test)
            return holds
        place = len(self._columns)
        self._columns.append(plan(test))
        return lambda fields: fields.decided[place][fields.row]


def _head(field: Field) -> str:
    return field.name.partition(".")[0]
