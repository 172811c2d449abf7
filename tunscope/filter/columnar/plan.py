"""A checked filter as a function over runs of packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tunscope.filter.columnar.leaves import exists, leaf
from tunscope.filter.columnar.run import Run
from tunscope.filter.columnar.verdict import Verdict
from tunscope.filter.program import Conjunction, Disjunction, Exists, Negation, TestNode

Plan: TypeAlias = Callable[[Run], Verdict]


def plan(test: TestNode) -> Plan:
    """Return the function that decides `test` for a run as far as its columns can."""
    match test:
        case Negation():
            operand = plan(test.operand)
            return lambda run: operand(run).negated()
        case Conjunction():
            left, right = plan(test.left), plan(test.right)
            return lambda run: _both(left, right, run)
        case Disjunction():
            left, right = plan(test.left), plan(test.right)
            return lambda run: left(run).either(right(run))
        case Exists():
            return exists(test)
        case _:
            return leaf(test)


def _both(left: Plan, right: Plan, run: Run) -> Verdict:
    """Decide the right side only if the left one leaves anything."""
    first = left(run)
    if not first.holds.any() and (first.open is None or not first.open.any()):
        return first
    return first.both(right(run))
