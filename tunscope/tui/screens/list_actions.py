"""What the keys do to the packet list: follow, time, marks, order, display filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.tui.predicates import every, marked
from tunscope.tui.screens.sized import SizedScreen
from tunscope.tui.session import Severity
from tunscope.tui.time_format import TimeFormat

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.view import View
    from tunscope.tui.app import TunscopeApp
    from tunscope.tui.widgets.filter_bar import FilterBar
    from tunscope.tui.widgets.packet_table import PacketTable


class ListActions(SizedScreen[None], inherit_bindings=False):
    """A screen with a packet list; a subclass makes the parts and keeps its facts up to date."""

    capture: CaptureIndex
    view: View
    table: PacketTable
    filter_bar: FilterBar | None

    def __init__(self) -> None:
        super().__init__()
        self.marked_only = False

    def show_facts(self) -> None:
        """Bring what tells about the list up to date."""
        raise NotImplementedError

    @property
    def tunscope(self) -> TunscopeApp:
        """The application, by its own type."""
        from tunscope.tui.app import TunscopeApp

        app = self.app
        assert isinstance(app, TunscopeApp)
        return app

    # --- the list

    def action_follow(self) -> None:
        """Keep the newest packet in view, or stop doing so."""
        if self.table.paused:
            self.table.set_paused(False)
        self.table.set_following(not self.table.following)

    def action_pause(self) -> None:
        """Freeze the list or let it go on; the capture goes on in any case."""
        self.table.set_paused(not self.table.paused)

    def action_time_format(self) -> None:
        """Count the Time column from the next thing."""
        painter = self.table.painter
        chosen = painter.time_format.following()
        if chosen is TimeFormat.REFERENCE and painter.reference is None:
            chosen = chosen.following()
        self.table.set_time_format(chosen, painter.reference)
        self.show_facts()

    def action_time_reference(self) -> None:
        """Count time from the selected packet; once more on it ends that."""
        number = self.table.selected_number
        if number == self.table.painter.reference:
            self.table.set_time_format(TimeFormat.START, None)
        elif number is not None:
            self.table.set_time_format(TimeFormat.REFERENCE, number)
        self.show_facts()

    def go_to_number(self, number: int) -> None:
        """Put the cursor on packet `number`, or say that it is not there."""
        if not 1 <= number <= self.capture.count:
            self.tunscope.tell(
                f"go to {number}: the capture has {self.capture.count:,} packets", Severity.WARNING
            )
            return
        self.table.move_to(self.table.row_of_number(number))
        if self.table.selected_number != number:
            self.tunscope.tell(f"packet {number} is not displayed: at the nearest one")

    # --- marks and order

    def action_mark(self) -> None:
        """Mark the packet, or take its mark away."""
        self.table.toggle_mark()
        if self.marked_only:
            self._set_filter()

    def action_step_mark(self, step: int) -> None:
        """Go to another marked packet."""
        if not self.table.step_mark(step):
            self.tunscope.tell("no packet shown here is marked (m marks)")

    def action_marked_only(self) -> None:
        """Show only marked packets, or all again."""
        if not self.marked_only and not self.table.painter.marks:
            self.tunscope.tell("no packet is marked (m marks)")
            return
        self.marked_only = not self.marked_only
        self._set_filter()

    # --- display filter

    def action_edit_filter(self) -> None:
        """Go to the filter bar."""
        if self.filter_bar is not None:
            self.filter_bar.edit()
        else:
            self.tunscope.tell("filter: there is no filter language here")

    def action_toggle_filter(self) -> None:
        """Switch the filter off or on."""
        if self.filter_bar is not None:
            self.filter_bar.toggle()

    def on_filter_bar_applied(self) -> None:
        """Show what passes."""
        self._set_filter()

    def on_filter_bar_refused(self, event: FilterBar.Refused) -> None:
        """Say all of what is wrong."""
        self.tunscope.tell(f"filter: {event.reason}", Severity.WARNING)

    def on_filter_bar_left(self) -> None:
        """Go back to the list."""
        self.table.focus()

    def _set_filter(self) -> None:
        """Show what passes the display filter and, if only marks are wanted, is marked."""
        chosen = []
        if self.filter_bar is not None and (predicate := self.filter_bar.predicate()):
            chosen.append(predicate)
        if self.marked_only:
            chosen.append(marked(self.table.painter.marks))
        self.view.set_filter(every(chosen), self.table.selected_number)
        self.table.reload()
        self.show_facts()

    def action_step_sort(self, step: int) -> None:
        """Sort by another column."""
        self.table.step_sort_column(step)

    def on_packet_table_sort_refused(self, event: PacketTable.SortRefused) -> None:
        """Say why the list is not sorted."""
        self.tunscope.tell(
            f"sort by {event.column}: more than {event.most:,} packets would have to be read "
            "(a display filter leaves fewer)",
            Severity.WARNING,
        )

    def action_reverse_order(self) -> None:
        """Sort the other way round."""
        self.table.reverse_order()
