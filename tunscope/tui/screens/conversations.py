"""Conversations and endpoints: a table for each kind, sorted by any column, growing live."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from tunscope.columns.flows import TCP, UDP
from tunscope.index.selection import Selection
from tunscope.index.statistics.conversations import Conversations, ConversationTally, Kind
from tunscope.index.statistics.gathering import Gathering
from tunscope.tui import units
from tunscope.tui.analysis_keys import CONVERSATION_KEYS
from tunscope.tui.conversation_page import ConversationPage, PageChoice, page_of
from tunscope.tui.endpoint_text import conversation_filter, endpoint_filter
from tunscope.tui.screens.statistic import StatisticScreen
from tunscope.tui.widgets.conversation_table import ConversationTable
from tunscope.tui.widgets.tab_line import TabLine
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tunscope.tui.screens.main import MainScreen

_KINDS = tuple(Kind)
_MOST_COPIED = 100_000


class ConversationsScreen(StatisticScreen, inherit_bindings=False):
    """Who spoke with whom; `choice` says what is shown, `limited` that the filter counts."""

    NAMESPACE = "conversations"
    FOOTER = (
        "conversations.next_kind",
        "conversations.endpoints",
        "conversations.sort_next",
        "conversations.sort_reverse",
        "conversations.stream",
        "conversations.limit",
        "conversations.copy",
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *StatisticScreen.BINDINGS,
        *CONVERSATION_KEYS,
    ]
    DEFAULT_CSS = "ConversationsScreen ConversationTable { height: 1fr; }"

    def __init__(self, browser: MainScreen) -> None:
        super().__init__(browser)
        self.choice = PageChoice()
        self.limited = browser.view.filtered
        self.tabs = TabLine()
        self.table = ConversationTable(self.capture.addresses)
        #: Whether the kind was chosen by the person, not for lack of another.
        self._chosen = False

    @property
    def body(self) -> ConversationTable:
        """The table."""
        return self.table

    def parts(self) -> Iterable[Widget]:
        """The kinds and the table."""
        return (self.tabs, self.table)

    def begin(self) -> None:
        """Count the packets."""
        view = self.browser.view
        selection = view.selection if self.limited else Selection(self.capture)
        tally = ConversationTally()
        self.gathering = Gathering(selection, tally, lambda: self._digest(tally))
        self.gathering.start()

    def _digest(self, tally: ConversationTally) -> ConversationPage:
        """Make the page; on the thread that counts."""
        return page_of(tally, self.choice, self.capture.addresses, self.capture.origin_ns)

    def show_result(self) -> None:
        """Show the page."""
        page = self._page()
        if page is None:
            return
        if not self._chosen and not page.sizes[self.choice.kind] and any(page.sizes.values()):
            self._choose(replace(self.choice, kind=max(page.sizes, key=lambda k: page.sizes[k])))
        if page.choice == self.choice:
            self.table.waiting = f"no {self.choice.kind.value} packets"
            self.table.show(page)
        tabs = [(kind.value, units.count(page.sizes[kind])) for kind in _KINDS]
        self.tabs.show(tabs, _KINDS.index(self.choice.kind))

    def _page(self) -> ConversationPage | None:
        return None if self.gathering is None else self.gathering.result

    def title_facts(self) -> TitleFacts:
        """Return the title and what is counted."""
        page = self._page()
        title = "Endpoints" if self.choice.endpoints else "Conversations"
        rows = units.count(len(page)) if page is not None else "…"
        scope = "displayed packets" if self.limited else "all packets"
        return TitleFacts(f"{title} {rows}", (f"sorted by {self._sort_title()}",), scope)

    def _sort_title(self) -> str:
        choice = self.choice
        title = next(h.title for h in choice.headings if h.id == choice.sort)
        return f"{title} {'▾' if choice.descending else '▴'}"

    # --- choosing

    def _choose(self, choice: PageChoice) -> None:
        self.choice = choice
        if self.gathering is not None:
            self.gathering.refresh()

    def action_step_kind(self, step: int) -> None:
        """Show another kind."""
        place = (_KINDS.index(self.choice.kind) + step) % len(_KINDS)
        self._choose_kind(_KINDS[place])

    def on_tab_line_chosen(self, event: TabLine.Chosen) -> None:
        """Show the clicked kind."""
        self._choose_kind(_KINDS[event.index])

    def _choose_kind(self, kind: Kind) -> None:
        self._chosen = True
        self.table.move_to(0)
        self._choose(replace(self.choice, kind=kind))

    def action_endpoints(self) -> None:
        """Show endpoints, or conversations again."""
        choice = replace(self.choice, endpoints=not self.choice.endpoints)
        if choice.sort not in {heading.id for heading in choice.headings}:
            choice = replace(choice, sort="octets", descending=True)
        self.table.move_to(0)
        self._choose(choice)

    def action_step_sort(self, step: int) -> None:
        """Sort by another column, which is scrolled into view."""
        columns = [heading.id for heading in self.choice.headings]
        column = columns[(columns.index(self.choice.sort) + step) % len(columns)]
        self._choose(replace(self.choice, sort=column, descending=column not in {"a", "b"}))
        self.table.reveal(column)

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self._choose(replace(self.choice, descending=not self.choice.descending))

    def on_conversation_table_heading_clicked(
        self, event: ConversationTable.HeadingClicked
    ) -> None:
        """Sort by the clicked column, the second time the other way round."""
        if event.column == self.choice.sort:
            self.action_reverse()
        else:
            down = event.column not in {"a", "b"}
            self._choose(replace(self.choice, sort=event.column, descending=down))

    def action_limit(self) -> None:
        """Count all packets, or only those displayed."""
        self.limited = not self.limited
        if self.limited and not self.browser.view.filtered:
            self.tunscope.tell("no display filter is in force: these are all packets")
        self.restart()

    # --- what can be done with a row

    def on_virtual_list_row_chosen(self) -> None:
        """Display only the packets of the row."""
        page, book = self.table.page, self.capture.addresses
        if page is None or not len(page):
            return
        row = int(page.order[self.table.cursor])
        if isinstance(page.table, Conversations):
            self.filter_by(conversation_filter(book, page.table, row))
        else:
            self.filter_by(endpoint_filter(book, page.table, row))

    def action_replay(self) -> None:
        """Display only the packets of the row, and ask how to send them."""
        if self.table.page is not None and len(self.table.page):
            self.on_virtual_list_row_chosen()
            self.browser.ask_for_replay()

    def action_follow(self) -> None:
        """Follow the stream of the row."""
        page = self.table.page
        if page is None or not len(page) or not isinstance(page.table, Conversations):
            self.tunscope.tell("stream: choose a TCP or UDP conversation")
            return
        if not page.table.kind.has_ports:
            self.tunscope.tell("stream: only TCP and UDP conversations can be followed")
            return
        stream = int(page.table.stream[int(page.order[self.table.cursor])])
        protocol = TCP if page.table.kind is Kind.TCP else UDP
        self.browser.follow_flow(self.capture.flows.find(protocol, stream))

    def action_copy(self) -> None:
        """Copy the table as CSV."""
        page, book = self.table.page, self.capture.addresses
        if page is None:
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        headings = page.choice.headings
        writer.writerow(heading.title for heading in headings)
        rows = min(len(page), _MOST_COPIED)
        for row in range(rows):
            writer.writerow(page.text(row, heading.id, book) for heading in headings)
        self.app.copy_to_clipboard(text.getvalue())
        self.tunscope.tell(f"copied {units.count(rows)} rows as CSV")
