"""A display filter ready for use: over single packets, or over the columns of a capture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunscope.filter.evaluate import Predicate, predicate
from tunscope.filter.program import TestNode, fields_of
from tunscope.filter.semantics import check
from tunscope.filter.wanted import protocols_of

if TYPE_CHECKING:
    from collections.abc import Container

    from tunscope.filter.layers.frame import FrameContext
    from tunscope.packet.record import PacketRecord


@dataclass(frozen=True, slots=True)
class DisplayFilter:
    """A checked filter. `program` is None for a blank one, which every packet passes."""

    text: str
    program: TestNode | None
    fields: frozenset[str]
    _wanted: Container[str] = field(repr=False)
    _holds: Predicate = field(repr=False)

    def matches(self, record: PacketRecord, context: FrameContext | None = None) -> bool:
        """Whether `record` passes, judged from its bytes alone.

        `context` brings the packet number and the times of its neighbours; without it, fields
        that need them are not there. What only a conversation knows is never there.
        """
        from tunscope.filter.dissect import dissect

        return self._holds(dissect(record, self._wanted, context))


def compile_filter(text: str) -> DisplayFilter:
    """Return the filter that `text` writes; FilterError, with its place, if it is none."""
    program = check(text)
    if program is None:
        return DisplayFilter(text, None, frozenset(), frozenset(), lambda _: True)
    fields = fields_of(program)
    return DisplayFilter(
        text,
        program,
        frozenset(one.name for one in fields),
        protocols_of(fields),
        predicate(program),
    )
