"""The protocol hierarchy as a tree of rows, each with its share of the packets as a bar."""

from __future__ import annotations

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
_NUMBER: Final = 13
_SHARE: Final = 8
_NAME: Final = 44
_WIDE: Final = 110
_INDENT: Final = 2


class HierarchyTree(VirtualList):
    """Shows a `ProtocolNode` tree; `closed` are the paths whose children are not shown."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.root: ProtocolNode | None = None
        self.closed: set[Path] = set()
        self.waiting = ""
        self._rows: list[ProtocolNode] = []
        self._generation = 0

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

    def _layout(self) -> tuple[int, bool]:
        """Return the width of the names, and whether there is room for every column."""
        wide = self.extent.width >= _WIDE
        numbers = _BAR + _SHARE + 2 * _NUMBER + (_SHARE + _NUMBER if wide else 0)
        return max(12, min(_NAME, self.extent.width - numbers - 4)), wide

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the titles."""
        del y
        styles, (name, wide) = self.palette, self._layout()
        line.add(" " + fit("Protocol", name), styles.head)
        line.add(" " * _BAR + fit("Packets %", _SHARE + 1, right=True), styles.head)
        line.add(fit("Packets", _NUMBER - 1, right=True), styles.head_active)
        line.add(fit("Bytes", _NUMBER, right=True), styles.head)
        if wide:
            line.add(fit("Bytes %", _SHARE, right=True), styles.head)
            line.add(fit("End here", _NUMBER, right=True), styles.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint a protocol."""
        styles, (name, wide), node, root = self.palette, self._layout(), self._rows[row], self.root
        assert root is not None
        base = self.row_style(selected=True) if selected else None
        text, muted = base or styles.text, base or styles.muted
        sign = " " if not node.children else "▸" if node.path in self.closed else "▾"
        depth = min(_INDENT * (len(node.path) - 1), name // 2)
        line.add("▌" if selected else " ", text)
        line.add(" " * depth + sign + " ", muted)
        line.add(fit(printable(node.name), name - depth - 2), base or styles.primary)
        share = node.packets / root.packets if root.packets else 0.0
        line.add(units.bar(share, _BAR), base or styles.secondary)
        line.add(fit(units.percentage(node.packets, root.packets), _SHARE, right=True), text)
        line.add(fit(units.count(node.packets), _NUMBER, right=True), text)
        line.add(fit(units.count(node.octets), _NUMBER, right=True), text)
        if wide:
            line.add(fit(units.percentage(node.octets, root.octets), _SHARE, right=True), muted)
            ending = units.count(node.ending) if node.ending else ""
            line.add(fit(ending, _NUMBER, right=True), muted)

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
