"""One line that explains, warns or says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.packet.printable import printable
from tunscope.tui.text import LineBuilder
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from textual.strip import Strip

_SIGNS: Final = {"warning": "⚠", "error": "✖"}


class NoteLine(LineWidget):
    """Shows a sentence in the tone "muted", "warning" or "error"; the last two have a sign."""

    DEFAULT_CSS = "NoteLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = ""
        self.tone = "muted"

    def show(self, text: str, tone: str) -> None:
        """Show another sentence; paints only if it differs."""
        if (text, tone) != (self.text, self.tone):
            self.text, self.tone = text, tone
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        line = LineBuilder(self.extent.width)
        line.add(f" {_SIGNS.get(self.tone, ' ')} ", getattr(self.palette, self.tone))
        line.add(printable(self.text), getattr(self.palette, self.tone))
        return line.strip(self.palette.text)
