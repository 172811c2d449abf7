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
        self.message = _shortened(message)
        self.text = text
        self.span = span
        self.column = span.start + 1
        super().__init__("display filter", f"{self.message}, column {self.column}", hint)

    def caret(self) -> str:
        """Return two lines: the filter, and `^~~~` under the faulty part. Of a filter longer than
        a person writes, only what stands around that part is shown, between dots."""
        line = self.text.translate(_ONE_COLUMN)
        start, stop = self.span.start, self.span.stop
        if len(line) > _LONGEST:
            first = max(0, start - _AROUND)
            part = line[first : start + 2 * _AROUND]
            before = "..." if first else ""
            after = "..." if first + len(part) < len(line) else ""
            start, stop = start - first + len(before), stop - first + len(before)
            stop = min(stop, len(before) + len(part))
            line = f"{before}{part}{after}"
        width = max(1, min(stop, len(line)) - start)
        return f"{line}\n{' ' * start}^{'~' * (width - 1)}"


def _shortened(message: str) -> str:
    """Return the message without the middle of what it quotes at great length."""
    if len(message) <= _LONGEST:
        return message
    return f"{message[:_AROUND]}...{message[-_AROUND:]}"


#: Filters and messages are shown whole up to so many characters; of longer ones, so many on each
#: side of the fault.
_LONGEST, _AROUND = 400, 60
#: Control characters would move the caret away from what it points at (or drive the terminal).
_ONE_COLUMN = dict.fromkeys([*range(32), *range(127, 160), 8232, 8233], " ")
