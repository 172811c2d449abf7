"""The protocol hierarchy as a tree of rows, each with its share of the packets as a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.text import fit
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tunscope.index.statistics.hierarchy import Path, ProtocolNode
    from tunscope.tui.text import LineBuilder

_BAR: Final = 12
_NARROW_BAR: Final = 6
_NUMBER: Final = 13
_SHARE: Final = 8
_NAME: Final = 44
_NARROWEST_NAME: Final = 16
_WIDE: Final = 110
_INDENT: Final = 2
#: Blanks before a number.
_GAP: Final = 2
_TITLES: Final = ("Packets %", "Packets", "Bytes", "Bytes %", "End here")
_COUNTED: Final = 1


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells of the names, of the bars, and of the columns of `_TITLES`, of which `shown` fit.

    `most_passed` is how many of these must be out of sight for the last one to be seen.
    """

    name: int
    bar: int
    widths: tuple[int, ...]
    shown: range
    most_passed: int


class HierarchyTree(VirtualList):
    """Shows a `ProtocolNode` tree; `closed` are the paths whose children are not shown.

    In 80 columns there is room for everything, unless the numbers are huge. Columns that have no
    room can be scrolled to, beside the names.
    """

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.root: ProtocolNode | None = None
        self.closed: set[Path] = set()
        self.waiting = ""
        self._rows: list[ProtocolNode] = []
        self._generation = 0
        #: Columns that are scrolled out of sight.
        self._passed = 0

    @property
    def row_count(self) -> int:
        """Protocols that can be seen."""
        return len(self._rows)

    def row_key(self, row: int) -> Hashable:
        """Return the row and of which tree it is."""
        return (row, self._generation)

    @property
    def selected(self) -> ProtocolNode | None:
        """The protocol under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, root: ProtocolNode) -> None:
        """Show another tree; the cursor stays on its protocol."""
        self.root = root
        self._lay_out(self.selected)

    def _lay_out(self, selected: ProtocolNode | None) -> None:
        self._rows, waiting = [], list(reversed(self.root.children)) if self.root else []
        while waiting:
            node = waiting.pop()
            self._rows.append(node)
            if node.path not in self.closed:
                waiting.extend(reversed(node.children))
        self._generation += 1
        self.forget_painted()
        paths = [node.path for node in self._rows]
        if selected is not None and selected.path in paths:
            self.move_to(paths.index(selected.path))
        else:
            self.move_to(self.cursor)

    def toggle(self) -> None:
        """Open or close the protocol under the cursor."""
        node = self.selected
        if node is not None and node.children:
            self.closed ^= {node.path}
            self._lay_out(node)

    def open_node(self) -> None:
        """Open the protocol, or go to the first that it carries."""
        node = self.selected
        if node is None or not node.children:
            return
        if node.path in self.closed:
            self.toggle()
        else:
            self.move_to(self.cursor + 1)

    def close_node(self) -> None:
        """Close the protocol, or go to the one that carries it."""
        node = self.selected
        if node is None:
            return
        if node.children and node.path not in self.closed:
            self.toggle()
            return
        paths = [one.path for one in self._rows]
        if node.path[:-1] in paths:
            self.move_to(paths.index(node.path[:-1]))

    def set_all(self, *, closed: bool) -> None:
        """Close or open everything."""
        nodes = self.root.walk() if self.root else ()
        self.closed = {node.path for node in nodes if node.children and node.path and closed}
        self._lay_out(self.selected)

    # --- painting

    def _columns(self) -> _Columns:
        """Give the numbers what those of the whole capture need, and the names the rest."""
        width, root = self.extent.width, self.root
        bar, least = (_BAR, _NUMBER) if width >= _WIDE else (_NARROW_BAR, 0)
        most = (0, 0) if root is None else (root.packets, root.octets)
        packets, octets, ending = (
            max(least, len(title) + _GAP, len(units.count(number)) + _GAP)
            for title, number in (("Packets", most[0]), ("Bytes", most[1]), ("End here", most[0]))
        )
        widths = (bar + _SHARE, packets, octets, _SHARE, ending)
        name = max(_NARROWEST_NAME, min(_NAME, width - _GAP - sum(widths)))
        room, last = width - _GAP - name, len(widths) - 1
        most_passed = next((i for i in range(last) if sum(widths[i:]) <= room), last)
        first = min(self._passed, most_passed)
        stops = range(first + 1, last + 2)
        stop = max((stop for stop in stops if sum(widths[first:stop]) <= room), default=first + 1)
        return _Columns(name, bar, widths, range(first, stop), most_passed)

    def scroll_sideways(self, cells: int) -> None:
        """Scroll by a column, as long as there is one outside on that side."""
        columns = self._columns()
        passed = columns.shown.start + (1 if cells > 0 else -1)
        self._passed = max(0, min(passed, columns.most_passed))
        self.forget_painted()

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the titles, with a sign at a side where there is more."""
        del y
        styles, columns = self.palette, self._columns()
        line.add("‹" if columns.shown.start else " ", styles.head_active)
        line.add(fit("Protocol", columns.name), styles.head)
        for column in columns.shown:
            style = styles.head_active if column == _COUNTED else styles.head
            line.add(fit(_TITLES[column], columns.widths[column], right=True), style)
        if columns.shown.stop < len(_TITLES):
            line.fill(styles.head, leave=1)
            line.add("›", styles.head_active)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint a protocol."""
        styles, columns, node, root = self.palette, self._columns(), self._rows[row], self.root
        assert root is not None
        base = self.row_style(selected=True) if selected else None
        text, muted = base or styles.text, base or styles.muted
        sign = " " if not node.children else "▸" if node.path in self.closed else "▾"
        depth = min(_INDENT * (len(node.path) - 1), columns.name // 2)
        line.add("▌" if selected else " ", text)
        line.add(" " * depth + sign + " ", muted)
        line.add(fit(printable(node.name), columns.name - depth - 2), base or styles.primary)
        share = node.packets / root.packets if root.packets else 0.0
        numbers = (
            (units.percentage(node.packets, root.packets), text),
            (units.count(node.packets), text),
            (units.count(node.octets), text),
            (units.percentage(node.octets, root.octets), muted),
            (units.count(node.ending) if node.ending else "", muted),
        )
        for column in columns.shown:
            number, style = numbers[column]
            width = columns.widths[column]
            if not column:
                line.add(units.bar(share, columns.bar), base or styles.secondary)
                width -= columns.bar
            line.add(fit(number, width, right=True), style)

    def heading_clicked(self, x: int) -> None:
        """Scroll by the signs at the sides."""
        if x in {0, self.extent.width - 1}:
            self.scroll_sideways(x or -1)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty tree that there is nothing."""
        if not self._rows and y == 1:
            line.add(f"  {self.waiting}", self.palette.muted)

    def clicked(self, row: int, x: int) -> None:
        """Put the cursor on the row; a click on its sign opens or closes it."""
        super().clicked(row, x)
        depth = _INDENT * (len(self._rows[row].path) - 1)
        if depth < x <= depth + _INDENT:
            self.toggle()
