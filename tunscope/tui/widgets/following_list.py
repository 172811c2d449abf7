"""The rows of a view, pulled by the screen, under a cursor that may follow the newest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.message import Message

from tunscope.tui import units
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from tunscope.index.view import View
    from tunscope.tui.row_painter import RowPainter

#: Rows are prepared when no key moved the cursor for so long, and then for so long (seconds).
_QUIET = 0.06
_PREPARING = 0.005


class FollowingList(VirtualList):
    """Packets that pass the view, with a cursor that can follow the newest.

    `pull` takes in what the view has got since the last one. Following is let go by any upward
    move, even where there is no row above, and taken up again by a downward one that ends at the
    last row; a leap to a packet does not take it up. What arrives meanwhile is counted in
    `new_rows`.
    """

    class FollowChanged(Message):
        """Following or pausing was switched."""

    def __init__(
        self,
        view: View,
        painter: RowPainter,
        *,
        live: bool = False,
        hint: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.view = view
        self.live = live
        self.hint = hint
        self.following = live
        self.paused = False
        self.painter = painter
        self._shown = 0
        self._seen = 0
        #: Whether a new filter still finds rows of packets that were there before it.
        self._refilling = False
        self._count_at_pause = 0
        self._moved_at = 0.0
        #: Whether it is not a person who moves the cursor.
        self._taking = False
        #: Whether rows come faster than they can be read.
        self._hurried = False
        #: The place in the list where everything is prepared.
        self._prepared: tuple[int, int, int, int] | None = None
        #: Number of the packet the cursor belongs on, and of the one at the top of the screen.
        self._anchor: int | None = None
        self._top_number: int | None = None

    # --- what is shown

    @property
    def row_count(self) -> int:
        """Rows of the view as of the last pull."""
        return self._shown

    @property
    def selected_number(self) -> int | None:
        """Number of the packet under the cursor; None in an empty list."""
        return self.view.number(self.cursor) if self._shown else None

    @property
    def new_rows(self) -> int:
        """Rows that arrived below the screen while the list did not follow."""
        if self.paused:
            return max(0, self.view.index.count - self._count_at_pause)
        if not self.live or self.following:
            return 0
        return max(0, self._shown - self._seen)

    def overlay(self) -> str:
        """Return the "+N new" badge."""
        new = self.new_rows
        return f" ▾ +{units.count(new)} new " if new else ""

    # --- taking in

    def pull(self) -> None:
        """Take in the view's new rows and repaint what that changes, and nothing else."""
        badge, thumb = self.overlay(), self.thumb()
        whole = self.view.progress == 1  # asked first: no earlier row comes after that
        if not self.paused and (self.view.update() or self._shown != len(self.view)):
            self._take_rows()
        else:
            self._hurried = False
        if self._refilling:
            self._seen, self._refilling = self._shown, not whole
        if self.thumb() != thumb:
            self.refresh(self.extent.region)
        elif self.overlay() != badge:
            self.repaint_lines((self.extent.height - 1,))

    def prepare(self) -> None:
        """Use a quiet moment: finish the rows on the screen, then get those around it ready."""
        if self._hurried or self.is_prepared:
            return
        self.repaint_lines(self.line_of(row) for row in self.painter.colour(self.visible_rows))
        now = time.monotonic()
        if now - self._moved_at < _QUIET:
            return
        until = now + _PREPARING
        self.repaint_lines(
            self.line_of(row) for row in self.painter.settle(self.visible_rows, until)
        )
        body = self.body_height
        around = range(max(0, self.top - body), min(self._shown, self.top + 2 * body))
        if self.painter.read_ahead(self.visible_rows if self.following else around, until):
            self._prepared = self._place

    @property
    def _place(self) -> tuple[int, int, int, int]:
        return (self.top, self.body_height, self._shown, self.view.generation)

    @property
    def is_prepared(self) -> bool:
        """Whether there is nothing left for `prepare` to do."""
        return self._prepared == self._place

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will be said of the rows on the screen."""
        rows = self.visible_rows
        numbers = self.view.numbers(rows.start, rows.stop)
        return not any(self.painter.is_rough(number) for number in numbers)

    def _take_rows(self) -> None:
        before, self._shown = self._shown, len(self.view)
        self._hurried = self.following and self._shown - before >= self.body_height
        if self.following:
            self._take_to_end()
        elif self._is_adrift():
            self._put_back_on_anchor()
        self._see()
        if not self._only_appended(before):
            self.refresh(self.extent.region)
        elif self.painter.measure(self.visible_rows, self.extent.width):
            self.forget_painted()  # a column has grown: older rows are to stand below it as well
        else:
            first, last = self.line_of(before), self.line_of(self._shown)
            self.repaint_lines(range(max(0, first), min(self.extent.height, last)))
        self._top_number = self.view.number(self.top) if self._shown else None
        if self._anchor is None and self._shown:
            self._anchor = self.selected_number  # nobody moved there

    def _take_to_end(self) -> None:
        self._taking = True
        self.move_to(self._shown - 1)
        self._taking = False

    def _only_appended(self, before: int) -> bool:
        """Whether the rows that were there are still where they were."""
        if not 0 < before <= self._shown or self.painter.sorted_by:
            return False
        return self._top_number == self.view.number(min(self.top, self._shown - 1))

    def _is_adrift(self) -> bool:
        """Whether rows came or went above the cursor, so that it stands on another packet."""
        if self._anchor is None or not self._shown:
            return False
        return self.cursor >= self._shown or self.view.number(self.cursor) != self._anchor

    def _put_back_on_anchor(self) -> None:
        """Put the cursor back on its packet, or on the nearest, on the same line of the screen."""
        anchor = self._anchor
        assert anchor is not None
        row = min(self.row_of_number(anchor), self._shown - 1)
        self.top = max(0, self.top + row - self.cursor)
        self.cursor = row
        self.move_to(row)
        self.refresh(self.extent.region)
        if self.selected_number != anchor:
            self._anchor = self.selected_number
            self.post_message(self.CursorMoved(self))

    def _see(self) -> None:
        self._seen = max(self._seen, min(self._shown, self.top + self.body_height))

    def reload(self) -> None:
        """Show a view that was filtered or sorted anew, with the cursor on the same packet."""
        self._refilling = True
        self.view.update()
        self._take_rows()
        self._seen = self._shown
        self.forget_painted()

    # --- moving

    def row_of_number(self, number: int) -> int:
        """Return the row of packet `number`, or of the next one that is displayed."""
        row: int = self.view.row_of(number)
        return row

    def cursor_moved(self, old_row: int) -> None:
        """Let follow go when a person moved the cursor up."""
        self._anchor = self.selected_number
        self._see()
        if not self._taking:
            self._moved_at = time.monotonic()
            if self.cursor < old_row:
                self.set_following(False)

    def scroll_lines(self, lines: int) -> None:
        """Scroll; upwards lets follow go."""
        if lines < 0:
            self.set_following(False)
        super().scroll_lines(lines)

    def action_move(self, rows: int) -> None:
        """Move by `rows`, see `VirtualList`."""
        super().action_move(rows)
        self._stepped(rows)

    def action_first(self) -> None:
        """Go to the first row and stay there."""
        super().action_first()
        self.set_following(False)

    def action_last(self) -> None:
        """Go to the last row and follow from there."""
        super().action_last()
        if self.live:
            self.set_following(True)

    def _page(self, rows: int) -> None:
        super()._page(rows)
        self._stepped(rows)

    def _stepped(self, rows: int) -> None:
        """Let follow go after a step up, take it up again after one down to the end."""
        if rows < 0:
            self.set_following(False)
        elif self.live and self.cursor >= self._shown - 1:
            self.set_following(True)

    def set_following(self, following: bool) -> None:
        """Switch following; switched on it jumps to the newest packet."""
        if following == self.following:
            return
        self.following = following
        self._seen = self._shown
        if following:
            self._take_to_end()
        self.repaint_lines((self.extent.height - 1,))
        self.post_message(self.FollowChanged())

    def set_paused(self, paused: bool) -> None:
        """Freeze the rows, or take in at once all that came meanwhile."""
        self.paused = paused
        self._seen = self._shown
        self._count_at_pause = self.view.index.count
        if not paused:
            self.pull()
        self.repaint_lines((self.extent.height - 1,))
        self.post_message(self.FollowChanged())
