"""The rows of a conversation page, each with a bar of its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.tui.text import fit, width_of
from tunscope.tui.units import bar
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tunscope.columns.addresses import AddressBook
    from tunscope.tui.conversation_page import ConversationPage, Heading
    from tunscope.tui.text import LineBuilder

_BAR = 8
_WIDE = 100
_NARROW_BAR = 5
_WIDEST_END = 47
_BARRED = "octets"


class ConversationTable(VirtualList):
    """Shows a `ConversationPage`; columns that do not fit are left out."""

    HEADING_LINES: ClassVar[int] = 1

    class HeadingClicked(Message):
        """A column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, book: AddressBook, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.page: ConversationPage | None = None
        self.waiting = ""
        self._book = book
        self._generation = 0
        #: The columns, and for which place in the table they were measured.
        self._columns: list[tuple[Heading, int]] = []
        self._measured: tuple[int, range, int] | None = None

    def show(self, page: ConversationPage) -> None:
        """Show another page, or the same one with newer numbers."""
        self.page = page
        self._generation += 1
        self.forget_painted()
        self.move_to(self.cursor)

    @property
    def row_count(self) -> int:
        """Rows of the page."""
        return 0 if self.page is None else len(self.page)

    def row_key(self, row: int) -> Hashable:
        """Return the row, which page it is of, and how wide the columns are."""
        return (row, self._generation, tuple(width for _, width in self.columns()))

    def columns(self) -> list[tuple[Heading, int]]:
        """Return the columns that fit, with their widths."""
        place = (self._generation, self.visible_rows, self.extent.width)
        if place != self._measured:
            self._measured, self._columns = place, self._fitting()
        return self._columns

    def _fitting(self) -> list[tuple[Heading, int]]:
        if self.page is None:
            return []
        width = self.extent.width - 2
        shown = [(h, self._width_of(h)) for h in self.page.choice.headings]
        while sum(w + 1 for _, w in shown) > width:
            first = max(heading.gives_way for heading, _ in shown)
            if not first:
                break
            shown = [item for item in shown if item[0].gives_way != first]
        return shown

    def _width_of(self, heading: Heading) -> int:
        if heading.width:
            return heading.width + (self._bar_cells + 1 if heading.id == _BARRED else 0)
        assert self.page is not None
        texts = (self.page.text(row, heading.id, self._book) for row in self.visible_rows)
        return min(_WIDEST_END, max(map(width_of, (heading.title, *texts))))

    @property
    def _bar_cells(self) -> int:
        return _BAR if self.extent.width >= _WIDE else _NARROW_BAR

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the titles; the column sorted by has an arrow."""
        del y
        styles = self.palette
        line.add(" ", styles.head)
        page = self.page
        for heading, width in self.columns():
            assert page is not None
            sorted_by = heading.id == page.choice.sort
            arrow = ("▾" if page.choice.descending else "▴") if sorted_by else ""
            title = fit(heading.title + arrow, width, right=bool(heading.width))
            line.add(title, styles.head_active if sorted_by else styles.head)
            line.add(" ", styles.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one conversation."""
        styles, page = self.palette, self.page
        assert page is not None
        base = self.row_style(selected=True) if selected else None
        line.add("▌" if selected else " ", base or styles.text)
        for heading, width in self.columns():
            text = page.text(row, heading.id, self._book)
            if heading.id == _BARRED:
                cells = self._bar_cells
                share = page.octets(row) / page.most if page.most else 0.0
                line.add(bar(share, cells), base or styles.primary)
                line.add(" " + fit(text, width - cells - 1, right=True), base or styles.text)
            else:
                style = styles.secondary if heading.id in {"a", "b"} else styles.text
                line.add(fit(text, width, right=bool(heading.width)), base or style)
            line.add(" ", base or styles.text)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty table why it is empty."""
        if not self.row_count and y == 1:
            line.add(f"  {self.waiting}", self.palette.muted)

    def heading_clicked(self, x: int) -> None:
        """Tell which column was clicked."""
        start = 1
        for heading, width in self.columns():
            if start <= x < start + width:
                self.post_message(self.HeadingClicked(heading.id))
                return
            start += width + 1
