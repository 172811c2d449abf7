"""The rows of a conversation page, each with a bar of its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.tui.text import fit, fit_around, width_of
from tunscope.tui.units import bar
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from tunscope.columns.addresses import AddressBook
    from tunscope.tui.conversation_page import ConversationPage, Heading
    from tunscope.tui.text import LineBuilder

_BAR = 8
_WIDE = 100
_NARROW_BAR = 5
_WIDEST_END = 47
_NARROWEST_END = 15
_BARRED = "octets"
_ENDS = frozenset({"a", "b"})


class ConversationTable(VirtualList):
    """Shows a `ConversationPage`: the columns that matter most, as many as fit.

    Scrolled sideways it shows all of them from one on, beside the addresses.
    """

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
        self._measured: tuple[int, range, int, int] | None = None
        #: Columns that are scrolled out of sight.
        self._passed = 0

    def show(self, page: ConversationPage) -> None:
        """Show another page, or the same one with newer numbers."""
        if self.page is None or self.page.choice.headings is not page.choice.headings:
            self._passed = 0
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
        place = (self._generation, self.visible_rows, self.extent.width, self._passed)
        if place != self._measured:
            self._measured, self._columns = place, self._fitting()
        return self._columns

    def _fitting(self) -> list[tuple[Heading, int]]:
        if self.page is None:
            return []
        room = self.extent.width - 2
        ends, rest = self._ends(room), self._measures()
        room -= _cells(ends)
        if passed := min(self._passed, _most_passed(rest, room)):
            return ends + _whole(rest[passed:], room)
        while _cells(rest) > room:
            first = max(heading.gives_way for heading, _ in rest)
            if not first:
                break
            rest = [item for item in rest if item[0].gives_way != first]
        return ends + rest

    def _ends(self, room: int) -> list[tuple[Heading, int]]:
        """Return the columns of the addresses, which leave room for what never gives way."""
        assert self.page is not None
        ends = [heading for heading in self.page.choice.headings if heading.id in _ENDS]
        room -= _cells(item for item in self._measures() if not item[0].gives_way)
        widest = max(_NARROWEST_END, min(_WIDEST_END, room // len(ends) - 1))
        measured = []
        for heading in ends:
            texts = (self.page.text(row, heading.id, self._book) for row in self.visible_rows)
            measured.append((heading, min(widest, max(map(width_of, (heading.title, *texts))))))
        return measured

    def _measures(self) -> list[tuple[Heading, int]]:
        """Return the columns that can be scrolled."""
        assert self.page is not None
        bar_cells = {_BARRED: self._bar_cells + 1}
        headings = (heading for heading in self.page.choice.headings if heading.id not in _ENDS)
        return [(heading, heading.width + bar_cells.get(heading.id, 0)) for heading in headings]

    def scroll_sideways(self, cells: int) -> None:
        """Scroll by a column, as long as there is one outside on that side."""
        if self.page is None:
            return
        rest = self._measures()
        room = self.extent.width - 2 - _cells(self._ends(self.extent.width - 2))
        passed = min(self._passed, _most_passed(rest, room)) + (1 if cells > 0 else -1)
        self._pass(max(0, min(passed, _most_passed(rest, room))))

    def reveal(self, column: str) -> None:
        """Scroll as little as needed to show a column."""
        if self.page is None:
            return
        self._passed = min(self._passed, len(self._measures()) - 1)
        while column not in {heading.id for heading, _ in self.columns()}:
            places = [heading.id for heading, _ in self._measures()]
            self._passed += 1 if places.index(column) > self._passed else -1
        self.forget_painted()

    def _pass(self, passed: int) -> None:
        if passed != self._passed:
            self._passed = passed
            self.refresh(self.extent.region)

    @property
    def _bar_cells(self) -> int:
        return _BAR if self.extent.width >= _WIDE else _NARROW_BAR

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the titles; the column sorted by has an arrow."""
        del y
        styles = self.palette
        page, columns = self.page, self.columns()
        if page is None:
            return
        outside = len(page.choice.headings) - len(columns)
        line.add("‹" if outside and self._passed else " ", styles.head_active)
        for heading, width in columns:
            sorted_by = heading.id == page.choice.sort
            arrow = ("▾" if page.choice.descending else "▴") if sorted_by else ""
            title = fit(heading.title + arrow, width, right=bool(heading.width))
            line.add(title, styles.head_active if sorted_by else styles.head)
            line.add(" ", styles.head)
        if columns[-1][0] is not page.choice.headings[-1]:
            line.fill(styles.head, leave=1)
            line.add("›", styles.head_active)

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
            elif heading.id in _ENDS:
                line.add(fit_around(text, width), base or styles.secondary)
            else:
                line.add(fit(text, width, right=True), base or styles.text)
            line.add(" ", base or styles.text)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty table why it is empty."""
        if not self.row_count and y == 1:
            line.add(f"  {self.waiting}", self.palette.muted)

    def heading_clicked(self, x: int) -> None:
        """Tell which column was clicked; the signs at the sides scroll."""
        if x in {0, self.extent.width - 1}:
            self.scroll_sideways(x or -1)
            return
        start = 1
        for heading, width in self.columns():
            if start <= x < start + width:
                self.post_message(self.HeadingClicked(heading.id))
                return
            start += width + 1


def _cells(columns: Iterable[tuple[Heading, int]]) -> int:
    """Return what columns take, each with the blank behind it."""
    return sum(width + 1 for _, width in columns)


def _whole(columns: list[tuple[Heading, int]], room: int) -> list[tuple[Heading, int]]:
    """Return the columns from the first on that fit, at least that one."""
    fitting = [place for place in range(1, len(columns) + 1) if _cells(columns[:place]) <= room]
    return columns[: max(fitting, default=1)]


def _most_passed(columns: list[tuple[Heading, int]], room: int) -> int:
    """Return how many columns must be out of sight for the last one to be seen."""
    last = len(columns) - 1
    return next((place for place in range(last) if _cells(columns[place:]) <= room), last)
