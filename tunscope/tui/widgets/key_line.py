"""The last line: the keys that help most here; each can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.tui.text import LineBuilder, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip


class KeyLine(LineWidget):
    """Shows as many of its (key, label, action) entries as fit, in their order."""

    DEFAULT_CSS = "KeyLine { height: 1; }"
    #: Names of `Palette` styles: of keys, labels and the rest of the line.
    STYLES: ClassVar[tuple[str, str, str]] = ("accent", "muted", "text")

    class Pressed(Message):
        """An entry was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, entries: Sequence[tuple[str, str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries = tuple(entries)

    def show(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Show other keys; paints only if they differ."""
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        keys, labels, rest = (getattr(self.palette, name) for name in self.STYLES)
        line = LineBuilder(self.extent.width)
        for key, label, _ in self._fitting():
            line.add(f" {key}", keys)
            line.add(f" {label} ", labels)
        return line.strip(rest)

    def _fitting(self) -> list[tuple[str, str, str]]:
        room = self.extent.width
        fitting = []
        for entry in self._entries:
            room -= width_of(entry[0]) + width_of(entry[1]) + 3
            if room < 0:
                break
            fitting.append(entry)
        return fitting

    def on_click(self, event: events.Click) -> None:
        """Run the clicked entry."""
        start = 0
        for key, label, action in self._fitting():
            stop = start + width_of(key) + width_of(label) + 3
            if start <= event.x < stop:
                self.post_message(self.Pressed(action))
                return
            start = stop


class PanelKeyLine(KeyLine):
    """The same on the ground of a panel."""

    STYLES = ("bar_accent", "bar_muted", "bar")
