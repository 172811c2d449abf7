"""The packets that wait in the hold queue, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tunscope.packet.printable import printable
from tunscope.packet.record import PacketRecord
from tunscope.tui.text import fit
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tunscope.tui.holding import Waiting
    from tunscope.tui.text import LineBuilder

_NUMBER, _AGE, _DIRECTION, _REPEATS = 8, 8, 4, 26
_NARROW = 100


class HoldList(VirtualList):
    """Shows `waiting` packets of link type `linktype`; ages are those at the last `show`."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, linktype: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.hint = ""
        self._linktype = linktype
        self._rows: tuple[tuple[Waiting, str], ...] = ()

    @property
    def row_count(self) -> int:
        """Packets that wait."""
        return len(self._rows)

    @property
    def selected(self) -> Waiting | None:
        """The packet under the cursor."""
        return self._rows[self.cursor][0] if self.cursor < len(self._rows) else None

    def show(self, waiting: Sequence[Waiting]) -> None:
        """Show these packets; the cursor stays on its own as long as that waits."""
        rows = tuple((one, f"{one.age:.1f} s") for one in waiting)
        if rows == self._rows and rows:
            return
        before = self.selected
        self._rows = rows
        if before is not None:
            places = [one.packet.identity for one, _ in rows]
            identity = before.packet.identity
            self.move_to(places.index(identity) if identity in places else self.cursor)
        self.forget_painted()

    def row_key(self, row: int) -> Hashable:
        """Lines are painted for this packet and this age only."""
        return self._rows[row]

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint what the columns are."""
        del y
        style = self.palette.head
        line.add(fit("#", _NUMBER, right=True) + fit("age", _AGE + 1, right=True), style)
        line.add(f"  {fit('Dir', _DIRECTION)}Packet", style)
        line.fill(style, leave=self._repeats)
        line.add("seen again", style)

    @property
    def _repeats(self) -> int:
        return _REPEATS if self.extent.width >= _NARROW else 12

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say what is waited for."""
        if y == 1 and not self._rows:
            line.add(f"  {printable(self.hint)}", self.palette.muted)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one packet."""
        from tunscope.summary.packet_summary import summarize

        styles = self.palette
        waiting, age = self._rows[row]
        packet = waiting.packet
        base = self.row_style(selected=True) if selected else None
        record = PacketRecord(
            packet.data, packet.ts_ns, len(packet.data), self._linktype, flags=packet.direction
        )
        summary = summarize(record)
        number = str(packet.number) if packet.number else "-"
        line.add("▌" if selected else " ", base or styles.text)
        line.add(fit(number, _NUMBER - 1, right=True), base or styles.muted)
        line.add(fit(age, _AGE + 1, right=True), base or styles.strong)
        line.add(f"   {fit(packet.direction.arrow, _DIRECTION - 1)}", base or styles.accent)
        sign = "✎ " if packet.edited else ""
        sign += f"×{packet.copies + 1} " if packet.copies else ""
        line.add(sign, base or styles.accent)
        room = max(0, line.room - self._repeats)
        ends = f"{summary.source} → {summary.destination}  {summary.protocol}  {summary.info}"
        line.add(fit(printable(ends), room - 1) + " ", base or styles.text)
        line.add(_repeats(waiting, short=self._repeats < _REPEATS), base or styles.warning)


def _repeats(waiting: Waiting, *, short: bool) -> str:
    packet = waiting.packet
    if packet.decided:
        return f"{packet.decided} soon"
    if not packet.repeats:
        return ""
    noun = "" if short else f" retransmission{'s' * (packet.repeats != 1)}"
    return f"+{packet.repeats}{noun}"
