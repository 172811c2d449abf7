"""What is wrong with a display filter, where, and what was probably meant."""

from __future__ import annotations

from dataclasses import dataclass

from tunscope.errors import UsageError


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `stop` (exclusive, 0-based) of the filter's text."""

    start: int
    stop: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.start, max(self.stop, other.stop))


class FilterError(UsageError):
    """A display filter that cannot be used: exit status 2, one line, and a caret under the fault.

    `text` is the filter, `span` the faulty part (empty at the end of the text when something is
    missing), `column` its 1-based column, `message` the reason, `hint` the probable intent.
    """

    def __init__(self, message: str, text: str, span: Span, hint: str = "") -> None:
        self.message = message
        self.text = text
        self.span = span
        self.column = span.start + 1
        super().__init__("display filter", f"{message}, column {self.column}", hint)

    def caret(self) -> str:
        """Return two lines: the filter, and `^~~~` under the faulty part."""
        line = self.text.translate(_ONE_COLUMN)
        width = max(1, min(self.span.stop, len(line)) - self.span.start)
        return f"{line}\n{' ' * self.span.start}^{'~' * (width - 1)}"


#: Control characters would move the caret away from what it points at (or drive the terminal).
_ONE_COLUMN = dict.fromkeys([*range(32), *range(127, 160), 8232, 8233], " ")
