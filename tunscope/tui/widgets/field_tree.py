"""The decoded headers of the selected packet as a tree of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.packet.printable import printable
from tunscope.tui.keymap import TREE_KEYS
from tunscope.tui.named_texts import named_label
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from textual.binding import BindingType

    from tunscope.dissect import FieldNode
    from tunscope.tui.names import Names
    from tunscope.tui.text import LineBuilder

#: Path of a field: the names from the top, each with how many equal ones came before it.
FieldPath = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field on a line of its own."""

    node: FieldNode
    path: FieldPath
    is_open: bool

    @property
    def depth(self) -> int:
        """0 for a protocol, 1 for its fields, and so on."""
        return len(self.path) - 1


class FieldTree(VirtualList):
    """Fields, opened and closed; what is open stays open from one packet to the next."""

    HEADING_LINES: ClassVar[int] = 1
    BINDINGS: ClassVar[list[BindingType]] = [*TREE_KEYS]

    class FieldSelected(Message):
        """The cursor stands on another field, or on the same one of another packet."""

        def __init__(self, node: FieldNode | None) -> None:
            super().__init__()
            self.node = node

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.note = ""
        self.subject = ""
        self._root: FieldNode | None = None
        self._rows: list[FieldRow] = []
        self._open: set[tuple[str, ...]] = {("pkt_comment",)}  # comments are there to be read
        self._generation = 0
        self._names: Names | None = None

    def set_names(self, names: Names | None) -> None:
        """Put names beside addresses and ports; None takes them away."""
        self._names = names
        self.forget_painted()

    @property
    def row_count(self) -> int:
        """Fields on lines of their own."""
        return len(self._rows)

    @property
    def selected(self) -> FieldNode | None:
        """The field under the cursor."""
        return self._rows[self.cursor].node if self._rows else None

    def show(self, root: FieldNode | None, subject: str = "", note: str = "") -> None:
        """Show the fields of `subject` (the children of `root`), or `note` if there are none."""
        selected = self._rows[self.cursor].path if self._rows else ()
        self._root, self.subject, self.note = root, subject, note
        self._flatten()
        self._select_path(selected)

    def select_byte(self, offset: int) -> None:
        """Put the cursor on the innermost field that covers byte `offset`, opening its parents."""
        path = self._path_of_byte(offset)
        if path:
            for length in range(1, len(path)):
                self._open.add(_names(path[:length]))
            self._flatten()
            self._select_path(path)

    def _path_of_byte(self, offset: int) -> FieldPath:
        path: FieldPath = ()
        node = self._root
        while node is not None:
            inside = [
                (step, child) for step, child in _steps(node) if child.start <= offset < child.stop
            ]
            if not inside:
                break
            if not path:
                # The frame stands before the protocols it holds, and may be as large as they are.
                inside.reverse()
            step, node = min(inside, key=lambda item: item[1].stop - item[1].start)
            path = (*path, step)
        return path

    def _flatten(self) -> None:
        self._rows = list(self._walk(self._root, ())) if self._root else []
        self._generation += 1
        self._strips.clear()
        self.move_to(self.cursor)
        if self.left:
            self.scroll_sideways(0)  # other fields may be shorter
        self.refresh(self.extent.region)

    def _walk(self, parent: FieldNode, path: FieldPath) -> Iterator[FieldRow]:
        for step, node in _steps(parent):
            here = (*path, step)
            is_open = bool(node.children) and _names(here) in self._open
            yield FieldRow(node, here, is_open)
            if is_open:
                yield from self._walk(node, here)

    def _select_path(self, path: FieldPath) -> None:
        """Put the cursor on the field with `path`, or on the nearest of its parents."""
        for length in range(len(path), 0, -1):
            for index, row in enumerate(self._rows):
                if row.path == path[:length]:
                    self.move_to(index)
                    self.post_message(self.FieldSelected(row.node))
                    return
        self.post_message(self.FieldSelected(self.selected))

    def cursor_moved(self, old_row: int) -> None:
        """Tell which field is selected now."""
        del old_row
        self.post_message(self.FieldSelected(self.selected))

    # --- opening and closing

    def _set_open(self, row: FieldRow, is_open: bool) -> None:
        names = _names(row.path)
        if is_open:
            self._open.add(names)
        else:
            self._open.discard(names)
        self._flatten()

    def action_toggle_field(self) -> None:
        """Open or close the selected field."""
        if self._rows and (row := self._rows[self.cursor]).node.children:
            self._set_open(row, not row.is_open)

    def action_choose(self) -> None:
        """Open or close the selected field."""
        self.action_toggle_field()

    def action_expand(self) -> None:
        """Open the selected field, or go to its first child."""
        if not self._rows or not (row := self._rows[self.cursor]).node.children:
            return
        if row.is_open:
            self.move_to(self.cursor + 1)
        else:
            self._set_open(row, True)

    def action_collapse(self) -> None:
        """Close the selected field, or go to its parent."""
        if not self._rows:
            return
        row = self._rows[self.cursor]
        if row.is_open:
            self._set_open(row, False)
        elif row.depth:
            parents = [r.path for r in self._rows[: self.cursor]]
            self.move_to(parents.index(row.path[:-1]))

    def action_expand_all(self) -> None:
        """Open every field of this packet; the selected one stays selected."""
        if self._root and self._rows:
            selected = self._rows[self.cursor].path
            self._open.update(_all_names(self._root, ()))
            self._flatten()
            self._select_path(selected)

    def action_collapse_all(self) -> None:
        """Close every field; the protocol of the selected one is selected then."""
        if self._rows:
            selected = self._rows[self.cursor].path
            self._open.clear()
            self._flatten()
            self._select_path(selected)

    def clicked(self, row: int, x: int) -> None:
        """Select the clicked field; a click on its triangle opens or closes it."""
        super().clicked(row, x)
        if x + self.left <= 2 * self._rows[row].depth + 2:
            self.action_toggle_field()

    # --- painting

    def row_key(self, row: int) -> Hashable:
        """Rows are painted for this tree only."""
        return (self._generation, row)

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the pane's title and which packet it shows."""
        del y
        self.paint_title("Fields", line)
        if self.subject:
            line.add(f"  {self.subject}", self.palette.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one field: its triangle and its label, the name quieter than the value."""
        styles = self.palette
        field = self._rows[row]
        base = self.row_style(selected=selected)
        sign = ("▾" if field.is_open else "▸") if field.node.children else " "
        indent = "  " * field.depth
        line.add("▌" if selected else " ", base)
        line.hide(self.left)
        line.add(f"{indent}{sign} ", base if selected else styles.muted)
        node = field.node
        label = printable(node.label if self._names is None else named_label(self._names, node))
        if "malformed" in label.lower():
            line.add(label, base if selected else styles.error)
        elif field.depth == 0:
            line.add(label, base if selected else styles.strong)
        else:
            name, colon, value = label.partition(": ")
            line.add(name + colon, base if selected else styles.muted if colon else styles.text)
            line.add(value, base if selected else styles.text)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say why there are no fields."""
        if not self._rows and y == 0 and self.note:
            line.add(f"  {printable(self.note)}", self.palette.muted)


def _steps(parent: FieldNode) -> Iterator[tuple[tuple[str, int], FieldNode]]:
    """Yield the children of a field with the last step of their paths."""
    met: dict[str, int] = {}
    for node in parent.children:
        index = met.get(node.name, 0)
        met[node.name] = index + 1
        yield (node.name, index), node


def _names(path: FieldPath) -> tuple[str, ...]:
    """Return what is remembered as open: the names alone, so that it fits the next packet."""
    return tuple(name for name, _ in path)


def _all_names(parent: FieldNode, path: FieldPath) -> Iterator[tuple[str, ...]]:
    for step, node in _steps(parent):
        if node.children:
            here = (*path, step)
            yield _names(here)
            yield from _all_names(node, here)
