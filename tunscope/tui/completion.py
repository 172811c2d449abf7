"""How a line being typed is completed: to what all candidates share, then to one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.suggester import Suggester

#: Returns whole lines that what is typed may become, the likeliest first.
Completer = Callable[[str], Sequence[str]]
_NO_CANDIDATES: Final[Sequence[str]] = ()


def nothing(text: str) -> Sequence[str]:
    """Return no candidates."""
    del text
    return _NO_CANDIDATES


class Cycle:
    """The candidates of one line, gone through by asking again and again."""

    def __init__(self, completer: Completer) -> None:
        self._completer = completer
        self._candidates: Sequence[str] = _NO_CANDIDATES
        self._given = ""

    def next(self, text: str, step: int = 1) -> str:
        """Return what `text` becomes: the shared beginning first, then each candidate in turn."""
        if self._candidates and text == self._given and text in self._candidates:
            place = (list(self._candidates).index(text) + step) % len(self._candidates)
            self._given = self._candidates[place]
            return self._given
        self._candidates = self._completer(text)
        if not self._candidates:
            return text
        shared = _shared(self._candidates)
        self._given = shared if len(shared) > len(text) else self._candidates[0]
        return self._given


def _shared(candidates: Sequence[str]) -> str:
    """Return what all of them begin with."""
    first, last = min(candidates), max(candidates)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first if length is None else first[:length]


class CompletionSuggester(Suggester):
    """Shows the likeliest candidate behind the cursor."""

    def __init__(self, completer: Completer) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completer = completer

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first candidate that goes on from `value`."""
        return next((c for c in self._completer(value) if c.startswith(value)), None)
