"""The base of every screen here: it has the size of the terminal, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

if TYPE_CHECKING:
    from textual.geometry import Size

_ResultT = TypeVar("_ResultT")


class SizedScreen(Screen[_ResultT]):
    """Takes the size that the terminal has now from an event, whatever that says.

    Textual's own takes the event's and sends itself another event of that size: two sizes that
    are under way at once follow each other for ever, with all of a processor and of the memory.
    """

    def _screen_resized(self, size: Size) -> None:
        del size
        super()._screen_resized(self.app.size)
