"""Text cut and padded to terminal cells, and lines put together from styled pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.style import Style

ELLIPSIS = "…"


def width_of(text: str) -> int:
    """Return how many terminal cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` cells: padded, or cut with an ellipsis at its end."""
    if width <= 0:
        return ""
    size = width_of(text)
    if size > width:
        cut = text[
            : width - 1
        ]  # right where every character takes one cell, which is nearly always
        if width_of(cut) != width - 1:
            cut = set_cell_size(text, width - 1)
        return cut + ELLIPSIS
    padding = " " * (width - size)
    return padding + text if right else text + padding


def fit_around(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells: padded, or with an ellipsis in its middle."""
    if width_of(text) <= width or width < 3:
        return fit(text, width)
    cells = (width - 1) // 2
    end = text[-cells:]
    while width_of(end) > cells:
        end = end[1:]
    return fit(text, width - width_of(end)) + end


class LineBuilder:
    """One line of the screen, built from left to right; texts must already be printable."""

    __slots__ = ("_hidden", "_segments", "_width", "passed", "used")

    def __init__(self, width: int) -> None:
        self._segments: list[Segment] = []
        self._width = width
        self._hidden = 0
        self.used = 0
        #: Cells that were added and are not seen.
        self.passed = 0

    def hide(self, cells: int) -> None:
        """Let the next `cells` cells that are added stay outside, on the left."""
        self._hidden = cells

    def extend(self, width: int) -> None:
        """Make the line `width` cells longer."""
        self._width += width

    @property
    def room(self) -> int:
        """Cells that are still free, those outside included."""
        return self._width - self.used + self._hidden

    def add(self, text: str, style: Style) -> None:
        """Append `text`, cut at the end of the line."""
        if self._hidden:
            text = self._pass(text)
        size = width_of(text)
        if size > self.room:
            text, size = fit(text, self.room), self.room
        if size > 0:
            self._segments.append(Segment(text, style))
            self.used += size

    def _pass(self, text: str) -> str:
        """Return what of `text` is not hidden."""
        size = width_of(text)
        passed = min(size, self._hidden)
        self._hidden -= passed
        self.passed += passed
        if size == len(text):
            return text[passed:]
        kept = text
        while width_of(kept) > size - passed:
            kept = kept[1:]
        # a character that is half outside leaves blanks
        return " " * (size - passed - width_of(kept)) + kept

    def fill(self, style: Style, leave: int = 0) -> None:
        """Pad with blanks, leaving `leave` cells free at the end."""
        if self.room > leave:
            self.add(" " * (self.room - leave), style)

    def strip(self, style: Style) -> Strip:
        """Return the finished line, the rest of it blank in `style`."""
        self.fill(style)
        return Strip(self._segments, self._width)
