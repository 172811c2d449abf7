"""The devices of this machine, a line each, with what goes through them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.devices import UNKNOWN_OWNER, DeviceRow
from tunscope.tui.rate import Rate, RateMeter
from tunscope.tui.text import fit, width_of
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tunscope.tui.text import LineBuilder

_STATE_STYLES: Final = {"up": "success", "no-carrier": "warning", "down": "error"}
_GAP: Final = 2
_SPARK: Final = 10


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of texts: it takes what its widest text needs; `spared` ones go first."""

    title: str
    maximum: int
    spared: int = 0


_COLUMNS: Final = (
    _Column("Name", 15),
    _Column("Kind", 10),
    _Column("State", 10),
    _Column("MTU", 5, spared=2),
    _Column("Addresses", 40, spared=3),
    _Column("Owner", 24),
    _Column("Peer", 20, spared=1),
)


class DeviceList(VirtualList):
    """Shows `DeviceRow`s; the cursor stays on its device while others come and go."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.hint = "looking…"
        self._rows: Sequence[DeviceRow] = ()
        self._meters: dict[str, RateMeter] = {}

    @property
    def row_count(self) -> int:
        """Number of devices."""
        return len(self._rows)

    @property
    def selected(self) -> DeviceRow | None:
        """The device under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[DeviceRow]) -> None:
        """Show other facts, or the same with new totals."""
        selected = self.selected
        now = time.monotonic()
        self._meters = {row.name: self._meters.get(row.name) or RateMeter() for row in rows}
        for row in rows:
            self._meters[row.name].add(now, row.packets, row.octets)
        self._rows = tuple(rows)
        if selected is not None:
            names = [row.name for row in rows]
            self.move_to(names.index(selected.name) if selected.name in names else self.cursor)
        self.forget_painted()

    def row_key(self, row: int) -> Hashable:
        """Return all that is shown of a device."""
        device = self._rows[row]
        return device, self._meters[device.name].rate

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the column titles."""
        del y
        styles = self.palette
        line.add("▌" if self.has_focus else " ", styles.head_active)
        for column, width in self._layout():
            line.add(fit(column.title, width) + " " * _GAP, styles.head)
        line.fill(styles.head, leave=_SPARK + 12)
        line.add(fit("Packets/s", _SPARK + 11), styles.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one device."""
        styles, device = self.palette, self._rows[row]
        base = self.row_style(selected=True) if selected else None
        line.add("▌" if selected else " ", base or styles.text)
        texts = _texts(device)
        for column, width in self._layout():
            tone = styles.text if device.capturable else styles.muted
            if column.title == "State":
                tone = getattr(styles, _STATE_STYLES.get(device.state, "text"))
            elif column.title == "Owner" and device.owner == UNKNOWN_OWNER:
                tone = styles.muted
            line.add(fit(texts[column.title], width) + " " * _GAP, base or tone)
        rate: Rate = self._meters[device.name].rate
        line.fill(base or styles.text, leave=_SPARK + 11)
        line.add(units.sparkline(rate.history), base or styles.success)
        line.add(f" {units.packet_rate(rate.packets):>10}", base or styles.text)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty list what is being waited for."""
        if not self._rows and y == 1:
            line.add(f"  {printable(self.hint)}", self.palette.muted)

    def _layout(self) -> list[tuple[_Column, int]]:
        """Return the columns that fit with their widths."""
        texts = [_texts(device) for device in self._rows]
        widths = {
            column: min(
                column.maximum,
                max((width_of(text[column.title]) for text in texts), default=0),
            )
            for column in _COLUMNS
        }
        shown = {
            column: max(width, len(column.title))
            for column, width in widths.items()
            if width or not self._rows
        }
        room = self.extent.width - _SPARK - 12
        for column in sorted((c for c in shown if c.spared), key=lambda c: c.spared):
            if sum(shown.values()) + _GAP * len(shown) + 1 <= room:
                break
            del shown[column]
        return list(shown.items())


def _texts(device: DeviceRow) -> dict[str, str]:
    addresses = [a for a in device.addresses if not a.startswith("fe80:")]
    first = addresses[0] if addresses else ""
    more = f" +{len(addresses) - 1}" if len(addresses) > 1 else ""
    texts = {
        "Name": device.name,
        "Kind": device.kind,
        "State": device.state,
        "MTU": str(device.mtu) if device.mtu else "",
        "Addresses": first + more,
        "Owner": device.owner,
        "Peer": device.peer,
    }
    return {title: printable(text) for title, text in texts.items()}
