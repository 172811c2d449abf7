"""Finding packets: asked once, gone on with by a key in either direction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from tunscope.errors import TunscopeError
from tunscope.tui.finder import Finder, Found
from tunscope.tui.screens.field_actions import FieldActions
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from tunscope.tui.search import Manner


class FindActions(FieldActions, inherit_bindings=False):
    """A screen whose packet list can be searched; one search runs at a time."""

    class _Finished(Message):
        def __init__(self, finder: Finder, found: Found) -> None:
            super().__init__()
            self.finder = finder
            self.found = found

    def __init__(self) -> None:
        super().__init__()
        self.finder: Finder | None = None
        self._wanted = ""
        self._manner: Manner | None = None

    @property
    def _chosen_manner(self) -> Manner:
        from tunscope.tui.search import Manner

        if self._manner is None:
            self._manner = Manner()
        return self._manner

    def action_find(self) -> None:
        """Ask what to look for."""
        self.prompt.ask("find", self._find_label(), self._wanted)

    def _find_label(self) -> str:
        from tunscope.tui.search import WAYS

        return f"{WAYS} ({self._chosen_manner})"

    def action_find_where(self) -> None:
        """Look for text in the next place: Info, bytes, both."""
        manner = self._chosen_manner
        self._set_manner(replace(manner, where=manner.where.following()))

    def action_find_case(self) -> None:
        """Heed the case of letters, or stop heeding it."""
        manner = self._chosen_manner
        self._set_manner(replace(manner, exact_case=not manner.exact_case))

    def _set_manner(self, manner: Manner) -> None:
        self._manner = manner
        if self.prompt.topic == "find":
            self.prompt.relabel(self._find_label())
        else:
            self.tunscope.tell(f"find: {manner}")

    async def _answered(self, topic: str, text: str) -> None:
        if topic == "find":
            self.find(text)
        else:
            await super()._answered(topic, text)

    def find(self, text: str) -> None:
        """Go to the next packet with what `text` asks for."""
        self._wanted = text
        self.action_find_next(1)

    def action_find_next(self, step: int) -> None:
        """Go to the next (1) or previous (-1) packet that is looked for."""
        from tunscope.tui.search import matcher

        self.stop_finding()
        if not self._wanted:
            self.tunscope.tell("find: nothing was looked for yet (^f asks)")
            return
        if not len(self.view):
            self.tunscope.tell("find: there are no packets", Severity.WARNING)
            return
        try:
            matches = matcher(self._wanted, self.capture, self._chosen_manner)
        except TunscopeError as error:
            self.tunscope.tell(str(error), Severity.WARNING)
            return
        self.table.set_following(False)
        numbers = self.view.numbers(0, len(self.view))
        finder = Finder(
            matches,
            numbers,
            min(self.table.cursor, len(numbers) - 1),
            step,
            lambda finder, found: self.post_message(self._Finished(finder, found)),
        )
        self.finder = finder
        finder.start()

    def _show_place(self, number: int) -> None:
        """Have the panes show which bytes of the packet were looked for, if any were."""
        from tunscope.tui.search import place_of

        wanted, manner = self._wanted, self._chosen_manner
        self.detail.show_place(number, lambda data: place_of(wanted, data, manner))

    def stop_finding(self) -> bool:
        """Stop the search at work; False if there is none."""
        finder, self.finder = self.finder, None
        if finder is not None:
            finder.cancel()
            self.show_facts()
        return finder is not None

    def on_find_actions__finished(self, event: FindActions._Finished) -> None:
        """Go to the packet, and say when the search came round the end."""
        if event.finder is not self.finder:
            return  # another search was begun meanwhile
        self.finder = None
        self.show_facts()
        found = event.found
        if found.number is None:
            self.tunscope.tell(f"find {self._wanted}: not in the displayed packets")
            return
        self.table.move_to(self.table.row_of_number(found.number))
        self._show_place(found.number)
        if found.wrapped:
            end = "start" if event.finder.step > 0 else "end"
            self.tunscope.tell(f"find: went on from the {end} of the list")
