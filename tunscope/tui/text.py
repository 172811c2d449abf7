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


class LineBuilder:
    """One line of the screen, built from left to right; texts must already be printable."""

    __slots__ = ("_segments", "_width", "used")

    def __init__(self, width: int) -> None:
        self._segments: list[Segment] = []
        self._width = width
        self.used = 0

    def extend(self, width: int) -> None:
        """Make the line `width` cells longer."""
        self._width += width

    @property
    def room(self) -> int:
        """Cells that are still free."""
        return self._width - self.used

    def add(self, text: str, style: Style) -> None:
        """Append `text`, cut at the end of the line."""
        size = width_of(text)
        if size > self.room:
            text, size = fit(text, self.room), self.room
        if size > 0:
            self._segments.append(Segment(text, style))
            self.used += size

    def fill(self, style: Style, leave: int = 0) -> None:
        """Pad with blanks, leaving `leave` cells free at the end."""
        if self.room > leave:
            self.add(" " * (self.room - leave), style)

    def strip(self, style: Style) -> Strip:
        """Return the finished line, the rest of it blank in `style`."""
        self.fill(style)
        return Strip(self._segments, self._width)
