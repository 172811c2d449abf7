"""What the filter bar needs of a display filter language, as a Protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.index.filtering import Predicate
    from tunscope.tui.seen_values import SeenValues


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a text is no filter, and the 1-based column of the mistake."""

    column: int
    message: str


class FilterLanguage(Protocol):
    """Display filters; every method but `warm_up` is fast enough for each key press."""

    def warm_up(self) -> None:
        """Load what the first filter would wait for; called once, on a thread of its own."""

    def mistake(self, text: str) -> Mistake | None:
        """Return what is wrong with `text`, None if it is a filter or blank."""

    def predicate(self, text: str) -> Predicate | None:
        """Return the packets that pass; None if `text` is blank. Called with right filters only."""

    def completions(self, text: str, seen: SeenValues | None = None) -> Sequence[str]:
        """Return `text` with its last word completed in each likely way, the likeliest first.

        `seen` knows the values that fields have in the capture.
        """
