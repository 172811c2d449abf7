"""Under the graph: a line for each series, with its letter, filter and number at the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.packet.printable import printable
from tunscope.tui.graph_series import LETTERS, TONES
from tunscope.tui.text import LineBuilder, fit, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from textual import events
    from textual.strip import Strip

from textual.message import Message


@dataclass(frozen=True, slots=True)
class LegendLine:
    """A series: the filter (may be hostile), its number at the cursor, whether it is drawn."""

    text: str
    number: str
    visible: bool = True
    progress: float = 1.0
    error: str = ""


class GraphLegend(LineWidget):
    """Shows `LegendLine`s, and above them what the cursor stands on."""

    DEFAULT_CSS = "GraphLegend { height: 2; }"

    class Pressed(Message):
        """A series was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor = ""
        self._lines: tuple[LegendLine, ...] = ()

    def show(self, cursor: str, lines: tuple[LegendLine, ...]) -> None:
        """Show something else; paints only if it differs."""
        if len(lines) != len(self._lines):
            self.styles.height = 1 + len(lines)
        if (cursor, lines) != (self._cursor, self._lines):
            self._cursor, self._lines = cursor, lines
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the cursor's line or a series."""
        styles = self.palette
        line = LineBuilder(self.extent.width)
        if y == 0:
            line.add(f" ▲ {self._cursor}", styles.strong)
        elif y <= len(self._lines):
            one, tone = self._lines[y - 1], getattr(styles, TONES[y - 1])
            line.add(f" {LETTERS[y - 1]} ", tone if one.visible else styles.faint)
            line.add("━━ " if one.visible else "   ", tone)
            right = one.error or one.number
            if one.progress < 1 and not one.error:
                right = f"{one.progress:.0%}  {right}"
            text = printable(one.text) + ("" if one.visible else "  (off)")
            room = max(0, line.room - width_of(right) - 2)
            line.add(fit(text, room), styles.text if one.visible else styles.muted)
            line.add(f" {printable(right)}", styles.error if one.error else styles.strong)
        return line.strip(styles.text)

    def on_click(self, event: events.Click) -> None:
        """Tell which series was clicked."""
        if 1 <= event.y <= len(self._lines):
            self.post_message(self.Pressed(event.y - 1))
