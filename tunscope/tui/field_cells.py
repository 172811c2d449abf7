"""The texts of columns that show fields of the filter language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tunscope.filter.compiled import asks_conversations
from tunscope.filter.dissect import dissect
from tunscope.filter.formats import format_value
from tunscope.filter.table import lookup
from tunscope.filter.wanted import protocols_of
from tunscope.packet.printable import printable
from tunscope.tui.flow_facts import FlowFacts, context_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.filter.conversations.facts import Conversations
    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord

#: What stands in a cell whose conversation has not been read yet.
WAITING: Final = "…"
#: Occurrences of a field that a cell shows, and characters of its text.
_MOST_VALUES: Final = 8
_LONGEST: Final = 200


class FieldCells:
    """Texts of the fields with these names, which there must be. Belongs to one thread."""

    def __init__(self, capture: CaptureIndex, names: Sequence[str]) -> None:
        self._capture = capture
        self._fields = [(name, field) for name in names if (field := lookup(name)) is not None]
        self._wanted = protocols_of([field for _, field in self._fields])
        self._follows = asks_conversations([field.name for _, field in self._fields])
        self._facts = FlowFacts(capture)

    def glance(self, number: int, record: PacketRecord) -> tuple[dict[str, str], bool]:
        """Return the texts by field name, and whether they are final; see `settle`."""
        if not self._follows:
            return self._texts(number, record, None), True
        known = self._facts.known(number)
        if known is None:
            return {name: WAITING for name, _ in self._fields}, False
        return self._texts(number, record, known), True

    def settle(self, number: int, until: float = math.inf) -> bool:
        """Read what the texts of packet `number` wait for; False if `until` came first."""
        return not self._follows or self._facts.follow(number, until)

    def _texts(
        self, number: int, record: PacketRecord, conversations: Conversations | None
    ) -> dict[str, str]:
        context = context_of(self._capture, number)
        values = dissect(record, self._wanted, context, conversations).values
        texts = {}
        for name, field in self._fields:
            found = [
                printable(format_value(field, value))
                for value in list(values.get(field.name, ()))[:_MOST_VALUES]
            ]
            texts[name] = ",".join(found)[:_LONGEST]
        return texts
