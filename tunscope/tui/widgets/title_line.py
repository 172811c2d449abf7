"""The first line of an analysis screen: what it shows, of which packets, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.text import LineBuilder, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

_BAR_CELLS = 10


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """What the line shows; texts may be hostile.

    `progress` is how much of the capture has been looked at (0 to 1), `live` whether more may
    come, `dropped` how many packets the capture lost, `error` why it ended early.
    """

    title: str = ""
    details: tuple[str, ...] = ()
    scope: str = ""
    progress: float = 1.0
    live: bool = False
    dropped: int = 0
    held: int = 0
    error: str = ""


class TitleLine(LineWidget):
    """Draws `TitleFacts`."""

    DEFAULT_CSS = "TitleLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = TitleFacts()

    def show(self, facts: TitleFacts) -> None:
        """Show other facts; paints only if they differ."""
        if facts != self._facts:
            self._facts = facts
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        styles, facts = self.palette, self._facts
        line = LineBuilder(self.extent.width)
        line.add(f" {printable(facts.title)}", styles.bar_strong)
        right, style = self._right()
        badge = f" ⏸ held {units.count(facts.held)} " if facts.held else ""
        room = self.extent.width - width_of(right) - width_of(badge) - 2
        for text in (*facts.details, facts.scope):
            safe = printable(text)
            if safe and line.used + width_of(safe) + 3 <= room:
                line.add(" · ", styles.bar_muted)
                line.add(safe, styles.bar)
        line.fill(styles.bar, leave=width_of(right) + width_of(badge) + 1)
        line.add(badge, styles.badge)
        line.add(right, style)
        return line.strip(styles.bar)

    def _right(self) -> tuple[str, Style]:
        styles, facts = self.palette, self._facts
        if facts.error:
            return f"✖ {printable(facts.error)}", styles.bar_error
        if facts.progress < 1:
            full = round(facts.progress * _BAR_CELLS)
            bar = "█" * full + "░" * (_BAR_CELLS - full)
            return f"{bar} {facts.progress:.0%} (Esc stops)", styles.bar_accent
        if facts.dropped:
            sign = "● live" if facts.live else ""
            return f"{sign}  ▲ dropped {units.count(facts.dropped)}", styles.bar_error
        return ("● live", styles.bar_success) if facts.live else ("", styles.bar_muted)
