"""What `tunscope read` prints of each packet: a line, chosen fields, or a JSON object."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final, Protocol

from tunscope.cli.read_columns import Columns, text_line
from tunscope.cli.read_fields import ChosenField, FieldLines, FieldsFormat
from tunscope.cli.read_json import JsonObjects, chosen_values, layers_of
from tunscope.cli.read_lines import LineOutput
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.table import Field


class Printer(Protocol):
    """Prints packets in one format."""

    @property
    def columns(self) -> bool:
        """Whether the texts of the packet list are needed."""

    @property
    def dissects(self) -> bool:
        """Whether fields are needed."""

    @property
    def protocols(self) -> Container[str]:
        """The protocols whose fields are needed."""

    def begin(self) -> None:
        """Print what comes before the first packet."""

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print one packet."""

    def end(self) -> None:
        """Print what comes behind the last packet, also behind one that could not be read."""


class TextPrinter:
    """One line a packet, as tshark's."""

    columns: Final = True
    dissects: Final = False
    protocols: Final[Container[str]] = ()

    def __init__(self, lines: LineOutput) -> None:
        self._lines: Final = lines

    def begin(self) -> None:
        """No heading."""

    def show(
        self, packet: ReadPacket, columns: Columns | None, dissection: Dissection | None
    ) -> None:
        """Print the packet's line."""
        assert columns is not None, "asked for"
        self._lines.write(text_line(columns))

    def end(self) -> None:
        """Nothing follows."""
        self._lines.flush()


class FieldsPrinter:
    """The values of chosen fields, one line a packet."""

    def __init__(
        self, lines: LineOutput, fields: Sequence[ChosenField], form: FieldsFormat
    ) -> None:
        self._lines: Final = lines
        self._fields: Final = FieldLines(fields, form)
        self.columns: Final = needs_columns(fields)
        self.protocols: Final[Container[str]] = protocols_of(fields)
        self.dissects: Final = bool(protocols_of(fields))

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
        self.protocols: Final[Container[str]] = protocols_of(fields) if fields else _EVERY
        self.dissects: Final = bool(not fields or protocols_of(fields))

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


class _Every(Container[str]):
    """Contains every protocol."""

    def __contains__(self, name: object) -> bool:
        return True


_EVERY: Final = _Every()


def needs_columns(fields: Sequence[ChosenField]) -> bool:
    """Whether some of the fields is a column of the packet list."""
    return any(not isinstance(field.source, Field) for field in fields)


def protocols_of(fields: Sequence[ChosenField]) -> frozenset[str]:
    """Return the protocols whose fields are chosen."""
    chosen = [field.source for field in fields if isinstance(field.source, Field)]
    return frozenset(name for field in chosen for name in (field.protocol, _family(field.name)))


def _family(name: str) -> str:
    return name.partition(".")[0]
