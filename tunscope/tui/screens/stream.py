"""Follow stream: what the two sides of a TCP or UDP conversation said, in order, growing live."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tunscope.errors import UsageError
from tunscope.tui import units
from tunscope.tui.analysis_keys import STREAM_KEYS
from tunscope.tui.endpoint_text import flow_filter
from tunscope.tui.followed import FollowedStream, StreamChoice, StreamPage
from tunscope.tui.path_completion import paths
from tunscope.tui.screens.confirm import ConfirmScreen
from tunscope.tui.screens.statistic import StatisticScreen
from tunscope.tui.session import Severity
from tunscope.tui.stream_layout import MOST_BYTES, Form
from tunscope.tui.stream_saving import StreamSaving
from tunscope.tui.stream_search import StreamSearch, pattern_of
from tunscope.tui.widgets.stream_view import ARROWS, StreamView
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tunscope.tui.screens.main import MainScreen

_SIDES: tuple[int | None, ...] = (None, 0, 1)


class StreamScreen(StatisticScreen, inherit_bindings=False):
    """One stream at a time; `number` is the packet to begin at."""

    NAMESPACE = "stream"
    FOOTER = (
        "stream.side",
        "stream.hex",
        "stream.search",
        "stream.save",
        "stream.next",
        "stream.filter",
        "stream.raw",
    )
    BINDINGS: ClassVar[list[BindingType]] = [*StatisticScreen.BINDINGS, *STREAM_KEYS]
    DEFAULT_CSS = "StreamScreen StreamView { height: 1fr; }"

    def __init__(self, browser: MainScreen, flow: int, number: int | None = None) -> None:
        super().__init__(browser)
        self.stream = FollowedStream(self.capture, flow, StreamChoice())
        self.lines = StreamView()
        self._number = number
        self._wanted = ""
        self._search: StreamSearch | None = None
        self._saving: StreamSaving | None = None

    @property
    def body(self) -> StreamView:
        """The lines."""
        return self.lines

    def begin(self) -> None:
        """Follow the stream."""
        self.gathering = self.stream.gathering
        self.gathering.start()

    def on_unmount(self) -> None:
        """End what is still at work."""
        super().on_unmount()
        for work in (self._search, self._saving):
            if work is not None:
                work.cancel()

    # --- pulling

    def pull(self) -> None:
        """Take in what was read, found and saved."""
        self.choose(self.stream.choice)
        self.stream.finish_when_complete()
        super().pull()
        self._take_search()
        self._take_saving()

    def choose(self, choice: StreamChoice) -> None:
        """Show the stream otherwise; a line takes what the screen has room for."""
        self.stream.choose(replace(choice, width=self.lines.line_bytes(choice.form)))

    def on_resize(self) -> None:
        """Cut lines anew."""
        self.choose(self.stream.choice)

    def show_result(self) -> None:
        """Show the page."""
        page = self._page()
        if page is None or page.choice != self.stream.choice:
            return
        who = "nothing" if page.choice.side is None else f"nothing from {ARROWS[page.choice.side]}"
        self.lines.waiting = f"{who} was said: no packet has payload"
        self.lines.show(page)
        self._go_to_number(page)

    def _go_to_number(self, page: StreamPage) -> None:
        """Put the cursor where the packet that was selected speaks, once it is laid out."""
        if self._number is None:
            return
        rows = page.octets.table.row[page.lines.piece]
        said = (rows == self._number - 1).nonzero()[0]
        if len(said):
            self.lines.move_to(int(said[0]))
        if len(said) or self.stream.gathering.progress >= 1:
            self._number = None

    def _page(self) -> StreamPage | None:
        return self.stream.gathering.result

    def title_facts(self) -> TitleFacts:
        """Return who speaks with whom, and how much was said."""
        page, choice = self._page(), self.stream.choice
        side = "both sides" if choice.side is None else f"only {ARROWS[choice.side]}"
        details = [f"{side}, {choice.form.value}"]
        if page is not None:
            one, other = self.stream.ends()
            details.append(f"{one} {ARROWS[0]} {units.count(page.said[0])} B")
            details.append(f"{other} {ARROWS[1]} {units.count(page.said[1])} B")
            if lost := sum(page.missing):
                details.append(f"{units.count(lost)} B missing")
            if len(page.octets) > MOST_BYTES:
                details.append(f"first {units.size(MOST_BYTES)} shown, x saves all")
        if self._search is not None:
            details.insert(0, "searching… (Esc stops)")
        if self._saving is not None:
            details.insert(0, f"saving {self._saving.progress:.0%} (Esc stops)")
        return TitleFacts(self.stream.name, tuple(details))

    # --- choosing

    def action_next_side(self) -> None:
        """Show both sides, one, the other."""
        place = (_SIDES.index(self.stream.choice.side) + 1) % len(_SIDES)
        self.choose(replace(self.stream.choice, side=_SIDES[place]))

    def action_show_as(self, form: str) -> None:
        """Show the stream as text, hex dump or digits; the same again is text."""
        choice, chosen = self.stream.choice, Form(form)
        self.choose(replace(choice, form=Form.TEXT if chosen is choice.form else chosen))

    def action_step(self, step: int) -> None:
        """Follow the next or previous stream of the same protocol."""
        flows, flow = self.capture.flows, self.stream.flow
        other = flows.find(flow.protocol, flow.stream + step)
        if not other:
            self.tunscope.tell(f"this is the {'last' if step > 0 else 'first'} stream")
            return
        self.stream.gathering.cancel()
        self.stream = FollowedStream(self.capture, other, self.stream.choice)
        self.lines.found = range(0)
        self.lines.move_to(0)
        self._number = None
        self.restart()

    def action_replay(self) -> None:
        """Display only the stream's packets, and ask how to send them."""
        self.action_filter()
        self.browser.ask_for_replay()

    def action_filter(self) -> None:
        """Display only the stream's packets."""
        self.filter_by(flow_filter(self.stream.flow))

    def on_virtual_list_row_chosen(self) -> None:
        """Go to the packet that brought the line."""
        number = self.lines.packet_at(self.lines.cursor)
        if number is not None:
            self.go_to_packet(number)

    def stop_work(self) -> bool:
        """Stop searching or saving."""
        if self._search is not None:
            self._search.cancel()
            self._search = None
            self.tunscope.tell("search: cancelled")
            return True
        if self._saving is not None and not self._saving.done:
            self._saving.cancel()
            return True
        return False

    # --- searching

    def action_search(self) -> None:
        """Ask what to look for."""
        self.prompt.ask("search", "Search (text, or x:hex)", self._wanted)

    def action_next_match(self, step: int) -> None:
        """Search on, or backwards."""
        page = self._page()
        if not self._wanted or page is None:
            self.tunscope.tell("search: nothing was looked for yet (/ asks)")
            return
        try:
            pattern = pattern_of(self._wanted)
        except UsageError as error:
            self.tunscope.tell(str(error), Severity.WARNING)
            return
        found, row = self.lines.found, self.lines.cursor
        here = int(page.lines.start[row]) if row < len(page.lines) else 0
        if found and page.lines.at(found.start) == row:
            here = found.start + (step > 0)
        if self._search is not None:
            self._search.cancel()
        self._search = StreamSearch(page.octets, pattern, here, step)
        self._search.start()

    def _take_search(self) -> None:
        search = self._search
        if search is None or not search.done:
            return
        self._search = None
        if search.failure:
            self.tunscope.tell(f"search {self._wanted}: {search.failure}", Severity.ERROR)
            return
        if search.match is None:
            self.tunscope.tell(f"search {self._wanted}: not in what is shown")
            return
        self.lines.show_found(range(search.match.start, search.match.stop))
        if search.match.wrapped:
            self.tunscope.tell("search: went on from the other end of the stream")

    # --- saving

    def action_save(self) -> None:
        """Ask for a file for the bytes shown."""
        page, flow = self._page(), self.stream.flow
        if page is None or not len(page.octets):
            self.tunscope.tell("save: nothing was said", Severity.WARNING)
            return
        name = self.stream.name.split(" ")[0].lower()
        suggestion = f"{name}-stream-{flow.stream}.bin"
        side = "both sides" if page.choice.side is None else f"side {ARROWS[page.choice.side]}"
        self.prompt.ask("save", f"Save the bytes of {side} to", suggestion, completer=paths)

    def answered(self, topic: str, text: str) -> None:
        """Search, or save."""
        if topic == "search" and text:
            self._wanted = text
            self.lines.found = range(0)
            self.action_next_match(1)
        elif topic == "save" and text.strip():
            self._save(Path(os.path.expanduser(text.strip())))

    def _save(self, path: Path) -> None:
        page = self._page()
        if page is None:
            return

        def save(overwrite: bool | None) -> None:
            if overwrite:
                self._saving = StreamSaving(page.octets, path)
                self._saving.start()

        if path.is_file():
            question = f"{path} is there already. Overwrite it?"
            self.app.push_screen(ConfirmScreen(question, "Overwrite"), save)
        else:
            save(True)

    def _take_saving(self) -> None:
        saving = self._saving
        if saving is None or not saving.done:
            return
        self._saving = None
        if saving.failure:
            self.tunscope.tell(f"save {saving.path}: {saving.failure}", Severity.ERROR)
        else:
            self.tunscope.tell(f"saved {units.count(saving.written)} bytes to {saving.path}")
