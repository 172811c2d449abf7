"""The first line: what is captured, how fast, whether it is live, and what was lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.rate import Rate
from tunscope.tui.session import SessionState, SessionTitle
from tunscope.tui.text import LineBuilder, fit, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from tunscope.tui.palette import Palette

_SIGNS = {
    SessionState.STARTING: "◌ starting",
    SessionState.LIVE: "● live",
    SessionState.STOPPED: "■ stopped",
    SessionState.FAILED: "✖ failed",
    SessionState.FILE: "▪ file",
}


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """Everything the header line shows. `dropped` counts packets lost for good."""

    title: SessionTitle
    state: SessionState
    rate: Rate = field(default_factory=Rate)
    dropped: int = 0
    paused: bool = False
    held: int = 0


class HeaderLine(LineWidget):
    """Draws `HeaderFacts`; what does not fit goes in the order addresses, mtu, mode, rate."""

    DEFAULT_CSS = "HeaderLine { height: 1; }"

    def __init__(self, facts: HeaderFacts, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = facts

    @property
    def facts(self) -> HeaderFacts:
        """What is shown."""
        return self._facts

    def show(self, facts: HeaderFacts) -> None:
        """Show other facts; paints only if they differ."""
        if facts != self._facts:
            self._facts = facts
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        styles = self.palette
        width = self.extent.width
        facts = self._facts
        right = self._right(styles, facts, width)
        right_width = sum(width_of(text) for text, _ in right)
        line = LineBuilder(width)
        name = f" {printable(facts.title.name)} "
        line.add(name, styles.bar_accent)
        room = width - line.used - right_width - 2
        line.add(fit(_description(facts.title, room), max(0, room)), styles.bar)
        line.fill(styles.bar, leave=right_width)
        for text, style in right:
            line.add(text, style)
        return line.strip(styles.bar)

    def _right(self, styles: Palette, facts: HeaderFacts, width: int) -> list[tuple[str, Style]]:
        pieces: list[tuple[str, Style]] = []
        if facts.state is not SessionState.FILE and width >= 70:
            if width >= 100:
                pieces.append((units.sparkline(facts.rate.history), styles.bar_success))
            pieces.append((f"  {units.packet_rate(facts.rate.packets):>9}", styles.bar))
            pieces.append((f"  {units.bit_rate(facts.rate.bits):>10}", styles.bar))
        state_style = {
            SessionState.LIVE: styles.bar_success,
            SessionState.FAILED: styles.bar_error,
            SessionState.STOPPED: styles.bar_warning,
        }.get(facts.state, styles.bar_strong)
        pieces.append((f"   {_SIGNS[facts.state]}", state_style))
        if facts.held:
            pieces.append(("  ", styles.bar))
            pieces.append((f" ⏸ held {units.count(facts.held)} ", styles.badge))
        if facts.paused:
            pieces.append(("  ⏸ paused", styles.bar_warning))
        if facts.dropped:
            pieces.append(("   ", styles.bar))
            pieces.append((f" ▲ dropped {units.count(facts.dropped)} ", styles.alarm))
        elif facts.state is not SessionState.FILE:
            pieces.append(("   dropped 0 ", styles.bar_muted))
        else:
            pieces.append((" ", styles.bar))
        return pieces


def _description(title: SessionTitle, room: int) -> str:
    """Return kind, mode, addresses and mtu, as many of them as fit."""
    mtu = "" if title.mtu is None else f"mtu {title.mtu}"
    facts = [title.kind, title.mode, *title.addresses, mtu]
    texts = [printable(fact) for fact in facts if fact]
    while len(texts) > 1 and width_of(" · ".join(texts)) + 1 > room:
        texts.pop(-1)
    return " " + " · ".join(texts) if texts else ""
