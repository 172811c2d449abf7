"""A line of tabs, one of them chosen; each can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tunscope.tui.text import LineBuilder, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip


class TabLine(LineWidget):
    """Shows (name, detail) pairs; the chosen one stands in brackets."""

    DEFAULT_CSS = "TabLine { height: 1; }"

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs: tuple[tuple[str, str], ...] = ()
        self._chosen = 0

    def show(self, tabs: Sequence[tuple[str, str]], chosen: int) -> None:
        """Show other tabs; paints only if they differ."""
        if (tuple(tabs), chosen) != (self._tabs, self._chosen):
            self._tabs, self._chosen = tuple(tabs), chosen
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        styles = self.palette
        line = LineBuilder(self.extent.width)
        for index, (name, detail) in enumerate(self._tabs):
            chosen = index == self._chosen
            line.add("[" if chosen else " ", styles.head_active)
            line.add(name, styles.head_active if chosen else styles.head)
            line.add(f" {detail}" if detail else "", styles.head)
            line.add("] " if chosen else "  ", styles.head_active)
        return line.strip(styles.head)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked tab."""
        start = 0
        for index, (name, detail) in enumerate(self._tabs):
            stop = start + width_of(name) + (width_of(detail) + 1 if detail else 0) + 3
            if start <= event.x < stop:
                self.post_message(self.Chosen(index))
                return
            start = stop
