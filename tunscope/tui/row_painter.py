"""Puts a packet's row on a line: columns, widths that grow with what is seen, time formats."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tunscope.columns.layout import RecordFlag
from tunscope.packet.printable import printable
from tunscope.tui.colouring import Colouring
from tunscope.tui.named_texts import named_cell
from tunscope.tui.protocol_tones import tone_of
from tunscope.tui.rule_styles import RuleStyles, rule_styles
from tunscope.tui.table_columns import (
    FIELD_PREFIX,
    GUTTER,
    Column,
    Layout,
    is_field,
    lay_out,
    spread,
)
from tunscope.tui.text import LineBuilder, fit, width_of
from tunscope.tui.time_format import TimeFormat, seconds, time_of_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.view import View
    from tunscope.tui.names import Names
    from tunscope.tui.palette import Palette
    from tunscope.tui.rows import PacketRow, RowReader
    from tunscope.tui.settings.rule import ColouringRule

_QUIET_COLUMNS = frozenset(
    {"time", "delta", "length", "mac_source", "mac_destination", "ethertype"}
)
#: The mark column, by whether a packet is marked and whether it has a comment.
_SIGNS = {(False, False): " ", (True, False): "●", (False, True): "¶", (True, True): "◉"}
#: Columns that are empty for packets whose time the file does not tell.
_TIMES = frozenset({"time", "delta"})
_MEASURED_ROWS = 20_000
_MAC_TWINS = {"source": "mac_source", "destination": "mac_destination"}


class RowPainter:
    """Paints rows of `view`; knows the columns and what the Time column counts from."""

    def __init__(
        self,
        capture: CaptureIndex,
        view: View,
        rows: RowReader,
        columns: Sequence[Column],
        rules: Sequence[ColouringRule] = (),
    ) -> None:
        self.columns: tuple[Column, ...] = ()
        self.time_format = TimeFormat.START
        self.reference: int | None = None
        #: Cells by which the columns are scrolled to the left; marks and number stay.
        self.left = 0
        self.marks: set[int] = set()
        #: Where names come from; None shows addresses and ports as they are.
        self.names: Names | None = None
        self.sorted_by = ""
        self.descending = False
        self._capture = capture
        self._view = view
        self._rows = rows
        self._widest: dict[str, int] = {}
        self._widest_info = 0
        self._layout: tuple[int, Layout] | None = None
        self._measured: set[int] = set()
        self.colouring = Colouring(capture, rules)
        self._rule_styles: dict[int, RuleStyles] = {}
        self._styled_for: Palette | None = None
        self.show_columns(columns)

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show these columns from now on."""
        fields = [c.id.removeprefix(FIELD_PREFIX) for c in columns if is_field(c.id)]
        before = [c.id.removeprefix(FIELD_PREFIX) for c in self.columns if is_field(c.id)]
        self.columns = tuple(columns)
        if fields != before:
            self._rows.show_fields(fields)
        self.forget_widths()

    def layout(self, width: int) -> Layout:
        """Return the columns with their widths in a list of `width` cells.

        Scrolled sideways there is room for every column.
        """
        if self._layout is None or self._layout[0] != width:
            if self._layout is not None:
                self._measured.clear()  # at another width other columns have room
            self._layout = (width, lay_out(self.columns, self._widest, width))
        fitted = self._layout[1]
        return self.spread(fitted.gap) if self.left else fitted

    def spread(self, gap: int) -> Layout:
        """Return all columns as wide as their texts."""
        return spread(self.columns, {**self._widest, "info": self._widest_info}, gap)

    def column_at(self, x: int, width: int) -> Column | None:
        """Return the column that is seen in cell `x` of a list of `width` cells."""
        layout = self.layout(width)
        return layout.at(x + self.left if x >= layout.fixed_cells else x)

    def scroll(self, cells: int, width: int) -> None:
        """Scroll sideways by `cells`, as far as there is something to be seen."""
        room = width - 1  # the last cell is the scrollbar's
        most = self.spread(self.layout(width).gap).cells - room
        self.left = max(0, min(self.left + cells, most))

    def forget_widths(self) -> None:
        """Let the columns find their widths anew."""
        self._widest.clear()
        self._widest_info = 0
        self._measured.clear()
        self._layout = None

    def measure_again(self) -> None:
        """Let columns grow to texts that have changed."""
        self._measured.clear()

    def measure(self, rows: Sequence[int], width: int) -> bool:
        """Let columns grow to the widest text of `rows`; they never shrink under the eye.

        Returns whether any has grown, which makes every painted row stale.
        """
        numbers = [self._view.number(row) for row in rows]
        new = [r for r, number in zip(rows, numbers, strict=True) if number not in self._measured]
        if not new:
            return False
        before = dict(self._widest)
        for _ in range(2):  # a column that goes may leave its text to another one
            layout = self.layout(width)
            for row in new:
                self._measure_row(row, layout)
            if self._widest == before:
                break
            self._layout = None
        if len(self._measured) > _MEASURED_ROWS:
            self._measured.clear()
        self._measured.update(numbers)
        return self._widest != before

    def _measure_row(self, row: int, layout: Layout) -> None:
        packet = self._rows.row(self._view.number(row))
        sizes = [
            (column, width_of(self.cell(row, packet, column.id, layout)))
            for column in self.columns
            if column.id != "info"
        ]
        if packet.number < self._capture.first_number:
            return  # it went meanwhile, and what its columns hold now is no time
        for column, size in sizes:
            if size > self._widest.get(column.id, column.minimum):
                self._widest[column.id] = size
        self._widest_info = max(self._widest_info, width_of(packet.info))

    def paint_heading(self, line: LineBuilder, width: int, styles: Palette) -> None:
        """Add the column titles."""
        line.add("‹ " if self.left else " " * GUTTER, styles.head)
        layout = self.layout(width)
        for place, (column, cells) in enumerate(layout.columns):
            if place == layout.fixed_columns:
                line.hide(self.left)
            title, style, sign = column.title, styles.head, 0
            if column.id == self.sorted_by:  # the sign may stand in the gap
                title, style, sign = f"{title}{self.sort_sign}", styles.head_active, 1
            line.add(fit(title, cells + sign, right=column.right), style)
            line.add(" " * min(layout.gap - sign, line.room), styles.head)

    def paint(
        self, row: int, line: LineBuilder, width: int, styles: Palette, selected: Style | None
    ) -> None:
        """Add the cells of `row`, all of them in the style `selected` if that is given."""
        packet = self._rows.row(self._view.number(row))
        rule = self.colouring.rule(packet.number)
        coloured = self._styles_of(rule, styles) if rule >= 0 else None
        blank = selected or (coloured.text if coloured else styles.text)
        line.add("▌" if selected else " ", blank)
        marked = packet.number in self.marks
        sign = _SIGNS[marked, packet.commented]
        if packet.deed and not marked:
            sign = packet.deed
        accent = coloured.tone if coloured else styles.accent
        if sign == " " and coloured and self.colouring.rules[rule].sign:
            sign = self.colouring.rules[rule].sign
        line.add(sign, selected or (accent if sign != " " else blank))
        layout = self.layout(width)
        gap = " " * layout.gap
        for place, (column, cells) in enumerate(layout.columns):
            if place == layout.fixed_columns:
                line.hide(self.left)
            style = selected or _cell_style(packet, column.id, styles, coloured)
            text = self.cell(row, packet, column.id, layout)
            if column.id == "info" and place == len(layout.columns) - 1:
                line.add(fit(text, line.room), style)
                continue
            if column.id == layout.arrow_column:
                text = f"{packet.arrow} {text}"
            line.add(fit(text, cells, right=column.right) + gap, style)

    @property
    def sort_sign(self) -> str:
        """What stands behind the heading of the column that the list is sorted by."""
        return "▼" if self.descending else "▲"

    def _text(self, packet: PacketRow, column: str) -> str:
        return packet.cell(column) if self.names is None else named_cell(self.names, packet, column)

    @property
    def shows_process(self) -> bool:
        """Whether there is a column of programs, and any program is known."""
        known = self._capture.flows.programs.revision
        return bool(known) and any(column.id == "process" for column in self.columns)

    def late(self, number: int) -> str:
        """Return what a row shows that becomes known after it was first painted."""
        return self.process(number) if self.shows_process else ""

    def forget_packet(self, number: int) -> None:
        """Paint packet `number` anew: something else is said of it."""
        self._rows.forget_one(number)

    def is_rough(self, number: int) -> bool:
        """Return whether more will be said of packet `number` later."""
        return self._rows.is_rough(number) or self.colouring.is_open(number)

    def colour(self, rows: range) -> list[int]:
        """Find colours of rows among `rows`, which takes a moment; return which have changed."""
        numbers = self._view.numbers(rows.start, rows.stop)
        changed = set(self.colouring.look(numbers))
        return [row for row, number in zip(rows, numbers, strict=False) if number in changed]

    def _styles_of(self, rule: int, palette: Palette) -> RuleStyles:
        if self._styled_for is not palette:
            self._styled_for = palette
            self._rule_styles.clear()
        found = self._rule_styles.get(rule)
        if found is None:
            found = rule_styles(palette, self.colouring.rules[rule])
            self._rule_styles[rule] = found
        return found

    def settle(self, rows: range, until: float) -> list[int]:
        """Finish rough rows among `rows` until `time.monotonic()` is `until`; return which."""
        numbers = self._view.numbers(rows.start, rows.stop)
        finished = set(self._rows.settle(numbers, until))
        finished.update(self.colouring.settle(numbers, until))
        return [row for row, number in zip(rows, numbers, strict=False) if number in finished]

    def read_ahead(self, rows: range, until: float) -> bool:
        """Make the texts of `rows` ready; False if that took until `until`."""
        numbers = self._view.numbers(rows.start, rows.stop)
        for number in numbers:
            self._rows.row(number)
            if time.monotonic() >= until:
                return False
        self._rows.settle(numbers, until)
        self.colouring.settle(numbers, until)
        return not any(self.is_rough(number) for number in numbers)

    def cell(self, row: int, packet: PacketRow, column: str, layout: Layout) -> str:
        """Return the text of one cell; an address that has a MAC column is not said twice."""
        if column == "direction":
            return f" {packet.arrow}"
        if column in _TIMES and not self._is_timed(packet.number):
            return "-"
        if column == "time":
            return self._time(row, packet.number)
        if column == "delta":
            return seconds(self._since_previous(row, packet.number), 4)
        if column == "process":
            return self.process(packet.number)
        text = self._text(packet, column)
        if column in _MAC_TWINS and layout.shows(_MAC_TWINS[column]):
            return "" if text == packet.cell(_MAC_TWINS[column]) else text
        return text

    def _is_timed(self, number: int) -> bool:
        return not int(self._capture.store["flags"][number - 1]) & RecordFlag.NO_TIMESTAMP

    def process(self, number: int) -> str:
        """Return the local program that packet `number` belongs to, "unknown", or ""."""
        flow = int(self._capture.store["flow"][number - 1])
        programs = self._capture.flows.programs
        program = programs.of_flow(flow)
        if program is not None:
            return printable(f"{program.name} {program.pid}")
        return "unknown" if programs.asked(flow) else ""

    def _ts(self, number: int) -> int:
        return int(self._capture.store["ts_ns"][number - 1])

    def _since_previous(self, row: int, number: int) -> int:
        return self._ts(number) - self._ts(self._view.number(row - 1)) if row else 0

    def _time(self, row: int, number: int) -> str:
        if self.time_format is TimeFormat.DELTA:
            return seconds(self._since_previous(row, number))
        ts = self._ts(number)
        if self.time_format is TimeFormat.ABSOLUTE:
            return time_of_day(ts)
        if self.time_format is TimeFormat.REFERENCE and self.reference is not None:
            return seconds(ts - self._ts(self.reference))
        return seconds(ts - self._capture.origin_ns)


def _cell_style(
    packet: PacketRow, column: str, styles: Palette, coloured: RuleStyles | None
) -> Style:
    if coloured is not None:
        if column in ("protocol", "direction"):
            return coloured.tone
        return coloured.muted if column in _QUIET_COLUMNS else coloured.text
    if column == "protocol":
        tone: Style = getattr(styles, tone_of(packet.protocol, packet.info))
        return tone
    if column == "direction":
        return styles.accent if packet.arrow == "↑" else styles.primary
    return styles.muted if column in _QUIET_COLUMNS else styles.text
