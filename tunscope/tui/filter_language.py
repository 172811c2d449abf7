"""What the filter bar needs of a display filter language, as a Protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tunscope.index.filtering import Predicate


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

    def completion(self, text: str) -> str | None:
        """Return `text` with its last word completed, None if there is nothing to add."""
