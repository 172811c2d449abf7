"""A packet as a form: its layers, and in each the fields with what they were and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style

from tunscope.packet.printable import printable
from tunscope.tui.text import fit
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tunscope.tui.packet_editing import FormRow
    from tunscope.tui.text import LineBuilder

#: Cells before a value: the cursor's marker, the sign of a change, the name.
_NAME_CELLS = 20
_VALUE_CELLS = 24
_SHORTER_NAME, _SHORTER_VALUE = 10, 17
_SHOWN = 200
_ROOMY = 60
#: Of the cells that a pane has beyond these, half are for values.
_WIDE = 80
_UNDERLINED = Style(underline=True, bold=True)


class PacketForm(VirtualList):
    """Shows form rows; the screen edits the value of the one under the cursor."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[FormRow, ...] = ()
        self._generation = 0

    @property
    def row_count(self) -> int:
        """Lines of the form."""
        return len(self._rows)

    @property
    def row(self) -> FormRow | None:
        """The line under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, rows: tuple[FormRow, ...]) -> None:
        """Show other lines; the cursor stays on its layer and field as far as they are there."""
        if rows == self._rows:
            return
        before = self.row
        self._rows = rows
        self._generation += 1
        if before is not None:
            self.move_to(_same(rows, before, self.cursor))
        self.forget_painted()

    def select_byte(self, offset: int) -> None:
        """Put the cursor on the narrowest field that has byte `offset`."""
        best, width = None, 1 << 30
        for index, row in enumerate(self._rows):
            start, stop = row.span
            if start <= offset < stop and stop - start <= width:
                best, width = index, stop - start
        if best is not None:
            self.move_to(best)

    def select_layer(self, place: int) -> None:
        """Put the cursor on layer `place`."""
        rows = (i for i, row in enumerate(self._rows) if row.layer.index == place)
        self.move_to(next(rows, self.cursor))

    def value_place(self) -> tuple[int, int, int]:
        """Return column, line and width of the value under the cursor, within the widget."""
        name, value = self._cells
        return name, self.line_of(self.cursor), value

    @property
    def _cells(self) -> tuple[int, int]:
        width = self.extent.width
        if width >= _ROOMY:
            return _NAME_CELLS, _VALUE_CELLS + max(0, width - _WIDE) // 2
        return _SHORTER_NAME, min(_SHORTER_VALUE, max(8, width - _SHORTER_NAME - 14))

    def row_key(self, row: int) -> Hashable:
        """Lines are painted for this state of the packet only."""
        return (self._generation, row)

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the pane's title and what the columns are."""
        del y
        styles = self.palette
        name, value = self._cells
        self.paint_title("Fields", line)
        line.add(" " * max(0, name - line.used), styles.head)
        line.add(fit("now", value + 1), styles.head)
        line.add("original · what may be written", styles.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint a layer or a field."""
        styles = self.palette
        shown = self._rows[row]
        base = self.row_style(selected=True) if selected else None
        line.add("▌" if selected else " ", base or styles.text)
        if shown.field is None:
            layer = shown.layer
            line.add(f"▾ {layer.protocol}", base or styles.strong)
            size = layer.stop - layer.start
            line.add(f"  {size} byte{'s' * (size != 1)}", base or styles.muted)
            if layer.automatic is not None:
                sign, word = ("●", "auto") if layer.automatic else ("○", "as typed")
                tone = styles.success if layer.automatic else styles.warning
                line.add(f"  {sign} lengths and checksums {word}", base or tone)
            return
        field = shown.field
        name, value = self._cells
        changed = shown.changed
        line.add("✎" if changed else " ", base or styles.accent)
        title = field.name.partition(".")[2] or field.name  # the layer says the protocol
        line.add(fit(f" {title}", name - 3) + " ", base or styles.text)
        text = printable(field.value[:_SHOWN])
        style = base or styles.text
        if changed:
            style = (base or styles.accent) + _UNDERLINED
        cut = fit(text, value)
        line.add(cut.rstrip(" "), style)
        line.add(" " * (value - len(cut.rstrip(" ")) + 1), base or styles.text)
        if changed:
            was = "new" if shown.original is None else printable(shown.original[:_SHOWN]) or '""'
            line.add(f"{was}  ", base or styles.muted)
        auto = shown.layer.automatic and field.computed
        hint = "computed" if auto else field.meaning or field.description
        line.add(hint, base or styles.muted)


def _same(rows: tuple[FormRow, ...], before: FormRow, cursor: int) -> int:
    """Return the row of `rows` that stands for what `before` stood for."""
    if cursor < len(rows) and _title(rows[cursor]) == _title(before):
        return cursor
    return next((i for i, row in enumerate(rows) if _title(row) == _title(before)), cursor)


def _title(row: FormRow) -> tuple[int, str, str]:
    return row.layer.index, row.layer.protocol, row.field.name if row.field else ""
