"""The texts of one packet's row, made when the row is first seen and kept for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable
from tunscope.tui.deeds import deed_of
from tunscope.tui.flow_summaries import FlowSummaries
from tunscope.tui.table_columns import FIELD_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord
    from tunscope.summary import Summary
    from tunscope.tui.field_cells import FieldCells

_KEPT_ROWS = 5000
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PacketRow:
    """What the list shows of a packet apart from its times; every text is printable."""

    number: int
    arrow: str
    source: str
    destination: str
    protocol: str
    length: int
    info: str
    mac_source: str = ""
    mac_destination: str = ""
    ethertype: str = ""
    commented: bool = False
    deed: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)

    def cell(self, column: str) -> str:
        """Return the text of a column by its id."""
        if column.startswith(FIELD_PREFIX):
            return self.fields.get(column.removeprefix(FIELD_PREFIX), "")
        value = getattr(self, column)
        return value if isinstance(value, str) else str(value)


class RowReader:
    """Rows of a capture, read from its bytes on demand; the last few thousand are kept."""

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture = capture
        self._rows: dict[int, PacketRow] = {}
        self._flows = FlowSummaries(capture)
        self._rough: set[int] = set()
        self._cells: FieldCells | None = None

    def show_fields(self, names: Sequence[str]) -> None:
        """Have rows bring the fields of the filter language with these names."""
        self._cells = None
        if names:
            from tunscope.tui.field_cells import FieldCells

            self._cells = FieldCells(self._capture, names)
        self.forget()

    def row(self, number: int) -> PacketRow:
        """Return the row of packet `number`; a packet that cannot be read says so in Info."""
        row = self._rows.get(number)
        if row is None:
            if len(self._rows) >= _KEPT_ROWS:
                self.forget()
            row = self._rows[number] = self._read(number)
        return row

    def is_rough(self, number: int) -> bool:
        """Return whether the Info of packet `number` waits for its conversation to be read."""
        return number in self._rough

    def settle(self, numbers: Sequence[int], until: float) -> list[int]:
        """Read conversations for rough rows until `time.monotonic()` is `until`.

        Returns the numbers of the rows that are final now.
        """
        settled = []
        for number in numbers:
            if number in self._rough:
                if not self._settle(number, until):
                    break
                self._rows[number] = self._read(number)
                settled.append(number)
        return settled

    def _settle(self, number: int, until: float) -> bool:
        if not self._flows.settle(number, until):
            return False
        return self._cells is None or self._cells.settle(number, until)

    def has(self, number: int) -> bool:
        """Return whether the row of packet `number` is there already."""
        return number in self._rows

    def _read(self, number: int) -> PacketRow:
        try:
            record = self._capture.record(number)
        except KeyError:
            return _missing(number, "no longer kept")
        except (OSError, TunscopeError) as error:
            return _missing(number, f"cannot be read: {printable(str(error))}")
        summary, settled = self._flows.glance(number, record)
        row = packet_row(number, record, summary)
        if self._cells is not None:
            texts, final = self._cells.glance(number, record)
            row, settled = replace(row, fields=texts), settled and final
        (self._rough.discard if settled else self._rough.add)(number)
        return row

    def forget_one(self, number: int) -> None:
        """Drop the row of packet `number`: something is said of it that was not."""
        self._rows.pop(number, None)

    def forget(self) -> None:
        """Drop every kept row: what rows are made from has changed."""
        self._rows.clear()
        self._rough.clear()


def packet_row(number: int, record: PacketRecord, summary: Summary) -> PacketRow:
    """Return the row of `record`."""
    return PacketRow(
        number=number,
        arrow=record.direction.arrow,
        source=printable(summary.source),
        destination=printable(summary.destination),
        protocol=printable(summary.protocol),
        length=record.origlen,
        info=printable(summary.info),
        mac_source=printable(summary.mac_source),
        mac_destination=printable(summary.mac_destination),
        ethertype=printable(summary.ethertype),
        commented=bool(record.comments),
        deed=deed_of(record.comments),
    )


def _missing(number: int, why: str) -> PacketRow:
    return PacketRow(number, " ", "", "", "", 0, f"[packet {number} {why}]")
