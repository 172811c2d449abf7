"""What `tunscope read` prints where fields were asked for: lines of them, or JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunscope.cli.read_columns import Columns
from tunscope.cli.read_fields import ChosenField, FieldLines, FieldsFormat
from tunscope.cli.read_json import JsonObjects, chosen_values, layers_of
from tunscope.cli.read_lines import LineOutput
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.compiled import asks_conversations
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.layers.frame import wants_payloads
from tunscope.filter.table import Field
from tunscope.filter.wanted import EVERYTHING, protocols_of


class FieldsPrinter:
    """The values of chosen fields, one line a packet."""

    def __init__(
        self, lines: LineOutput, fields: Sequence[ChosenField], form: FieldsFormat
    ) -> None:
        self._lines: Final = lines
        self._fields: Final = FieldLines(fields, form)
        self.columns: Final = needs_columns(fields)
        self.protocols: Final = protocols_of(fields_of(fields))
        self.dissects: Final = bool(fields_of(fields))
        self.conversations: Final = needs_conversations(fields_of(fields))

    def begin(self) -> None:
        """Print the heading, if there is one."""
        self._lines.write(self._fields.heading)

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print the packet's line."""
        self._lines.write(self._fields.line(columns, dissection))

    def end(self) -> None:
        """Nothing follows."""
        self._lines.flush()


class JsonPrinter:
    """One JSON array; without chosen fields every header with all its fields."""

    def __init__(self, lines: LineOutput, fields: Sequence[ChosenField]) -> None:
        self._lines: Final = lines
        self._objects: Final = JsonObjects()
        self._fields: Final = fields
        self.columns: Final = needs_columns(fields)
        self.protocols: Final = protocols_of(fields_of(fields)) if fields else EVERYTHING
        self.dissects: Final = bool(not fields or fields_of(fields))
        self.conversations: Final = not fields or needs_conversations(fields_of(fields))

    def begin(self) -> None:
        """The array opens with its first object."""

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print the packet's object."""
        if self._fields:
            layers = chosen_values(self._fields, columns, dissection)
        else:
            assert dissection is not None, "asked for"
            layers = layers_of(dissection)
        self._lines.write(self._objects.object(packet, layers))

    def end(self) -> None:
        """Close the array, so that what was printed is valid."""
        self._lines.write(self._objects.closing)
        self._lines.flush()


def needs_columns(fields: Sequence[ChosenField]) -> bool:
    """Whether some of the fields is a column of the packet list."""
    return any(not isinstance(field.source, Field) for field in fields)


def needs_conversations(fields: Sequence[Field]) -> bool:
    """Whether conversations bring some of `fields`, or decide whether they are there.

    No application is read from a segment that is retransmitted or out of order.
    """
    names = {field.name for field in fields}
    return (
        asks_conversations(names)
        or "frame.protocols" in names
        or wants_payloads(protocols_of(fields))
    )


def fields_of(fields: Sequence[ChosenField]) -> list[Field]:
    """Return those of the fields that packets have, and not the packet list."""
    return [field.source for field in fields if isinstance(field.source, Field)]
