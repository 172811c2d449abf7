"""The line under the panes: how much there is, what was lost where, and what the list does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunscope.engine.counters import Counters
from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.text import LineBuilder, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """Everything the status line shows.

    `octets` are bytes as they were on the device, `loading` is how far a file is read (0 to 1;
    None when it is read to its end), `finding` how much has been searched (None when nothing is
    looked for), `unnumbered` packets went with their part of the spool before they were looked
    at, `field` describes the selected field, `typed` is a count being typed, `error` why
    the capture was not read to its end, `warnings` what else is wrong with it.
    """

    packets: int = 0
    displayed: int = 0
    filtered: bool = False
    octets: int = 0
    counters: Counters = field(default_factory=Counters)
    spool_bytes: int = 0
    spool_limit: int | None = None
    loading: float | None = None
    finding: float | None = None
    unnumbered: int = 0
    live: bool = False
    following: bool = False
    paused: bool = False
    time_format: str = ""
    field: str = ""
    typed: str = ""
    error: str = ""
    warnings: Sequence[str] = ()


class StatusLine(LineWidget):
    """Draws `StatusFacts`, the most important first."""

    DEFAULT_CSS = "StatusLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = StatusFacts()

    def show(self, facts: StatusFacts) -> None:
        """Show other facts; paints only if they differ."""
        if facts != self._facts:
            self._facts = facts
            self.refresh(self.extent.region)

    def paint_line(self, y: int) -> Strip:
        """Paint the line."""
        del y
        styles = self.palette
        facts = self._facts
        right = _right(facts)
        line = LineBuilder(self.extent.width)
        line.add(f" {units.packets(facts.packets)}", styles.bar_strong)
        if facts.error:
            line.add(f"  ✖ {printable(facts.error)}", styles.bar_error)
        room = self.extent.width - width_of(right) - 2
        for text, bad in _pieces(facts):
            if line.used + width_of(text) + 3 <= room:
                line.add(" · ", styles.bar_muted)
                line.add(text, styles.bar_error if bad else styles.bar)
        line.fill(styles.bar, leave=width_of(right) + 1)
        line.add(right, styles.bar_accent if facts.typed else styles.bar_muted)
        return line.strip(styles.bar)


def _pieces(facts: StatusFacts) -> list[tuple[str, bool]]:
    """Return texts in the order of their importance, and whether each tells of a loss."""
    counters = facts.counters
    pieces: list[tuple[str, bool]] = []
    if facts.loading is not None:
        pieces.append((f"loading {_bar(facts.loading)} {facts.loading:.0%}", False))
    if facts.finding is not None:
        pieces.append((f"finding {_bar(facts.finding)} {facts.finding:.0%} (Esc stops)", False))
    if facts.filtered:
        share = units.percentage(facts.displayed, facts.packets)
        shown, whole = units.count(facts.displayed), units.count(facts.packets)
        pieces.append((f"{shown} of {whole} shown ({share})", False))
    if facts.warnings:
        more = f" (+{len(facts.warnings) - 1}, see :messages)" if len(facts.warnings) > 1 else ""
        pieces.append((f"⚠ {printable(facts.warnings[0])}{more}", True))
    pieces.append((units.size(facts.octets), False))
    losses = (
        ("dropped by kernel", counters.dropped_kernel),
        ("by device queue", counters.dropped_queue),
        ("not written", counters.dropped_output),
        ("gone before they were numbered (--keep)", facts.unnumbered),
    )
    pieces.extend((f"{name} {units.count(lost)}", True) for name, lost in losses if lost)
    amounts = (
        ("held", counters.held),
        ("injected", counters.injected),
        ("replayed", counters.replayed),
        ("dropped by rule", counters.dropped_rule),
        ("filtered", counters.filtered),
    )
    pieces.extend((f"{name} {units.count(amount)}", False) for name, amount in amounts if amount)
    if facts.spool_bytes:
        limit = f" of {units.size(facts.spool_limit)}" if facts.spool_limit else ""
        pieces.append((f"spool {units.size(facts.spool_bytes)}{limit}", False))
    if facts.field:
        pieces.append((printable(facts.field), False))
    return pieces


def _bar(share: float, cells: int = 10) -> str:
    full = min(cells, max(0, round(share * cells)))
    return "█" * full + "░" * (cells - full)


def _right(facts: StatusFacts) -> str:
    if facts.typed:
        return f"{facts.typed}…"
    if facts.paused:
        return "paused"
    if facts.live:
        return "follow on" if facts.following else "follow off"
    return facts.time_format
