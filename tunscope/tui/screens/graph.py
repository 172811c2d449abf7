"""The I/O graph: packets, bits or bytes over time, several filters as curves, growing live."""

from __future__ import annotations

import csv
import io

from tunscope.index.statistics.io_series import NO_ROW
from tunscope.tui import units
from tunscope.tui.graph_scale import INTERVALS, interval_text
from tunscope.tui.graph_series import LETTERS, GraphSeries
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.graph_window import GraphWindowScreen
from tunscope.tui.session import Severity
from tunscope.tui.widgets.graph_legend import GraphLegend

_SECOND = 1_000_000_000


class GraphScreen(GraphWindowScreen):
    """Curves of several filters, and what can be done with them and with an interval."""

    def action_interval(self) -> None:
        """Choose how long intervals are."""

        def chosen(index: int | None) -> None:
            if index is not None:
                self.zoom_to(INTERVALS[index])

        choices = [(interval_text(interval), "") for interval in INTERVALS]
        self.app.push_screen(ChoiceScreen("Interval", choices), chosen)

    # --- series

    def action_next_unit(self) -> None:
        """Count packets, bits or bytes."""
        self.unit = self.unit.following()
        self.show_result()
        self.show_title()

    def action_add(self) -> None:
        """Ask for a filter to draw."""
        if len(self.series) >= len(LETTERS):
            self.tunscope.tell(f"graph: {len(LETTERS)} series is all there is room for")
        elif self.browser.filter_bar is None:
            self.tunscope.tell("graph: there is no filter language here")
        else:
            self._ask_series("")

    def _ask_series(self, text: str) -> None:
        bar = self.browser.filter_bar
        if bar is not None:
            label = "Draw packets that pass the display filter"
            self.prompt.ask("series", label, text, completer=bar.completions)

    def action_remove(self) -> None:
        """Take the last series away."""
        if len(self.series) < 2:
            self.tunscope.tell("graph: the last series stays")
            return
        self.series.pop().close()
        self.show_result()

    def action_toggle_series(self, number: int) -> None:
        """Draw series `number` (from 1), or not."""
        if number <= len(self.series):
            one = self.series[number - 1]
            one.visible = not one.visible
            self.show_result()

    def on_graph_legend_pressed(self, event: GraphLegend.Pressed) -> None:
        """Draw the clicked series, or not."""
        self.action_toggle_series(event.place + 1)

    def answered(self, topic: str, text: str) -> None:
        """Add the series that was asked for; a mistake is asked for again."""
        text, bar = text.strip(), self.browser.filter_bar
        if not text or bar is None:
            return
        mistake = bar.language.mistake(text)
        if mistake is not None:
            why = f"graph: column {mistake.column}: {mistake.message}"
            self.tunscope.tell(why, Severity.WARNING)
            self._ask_series(text)
            return
        series = GraphSeries(self.capture, text, bar.language.predicate(text))
        self.series.append(series)
        if self.window is not None:
            series.count(self.window)

    # --- what can be done with an interval

    def action_choose(self) -> None:
        """Go to the first packet of the interval that a visible series has there."""
        found = [
            int(one.counts.first[self.cursor])
            for one in self.series
            if one.visible and one.counts is not None and one.counts.window == self.window
        ]
        rows = [row for row in found if row != NO_ROW]
        if not rows:
            self.tunscope.tell("graph: no packet in this interval")
            return
        shown = [row for row in rows if self.browser.view.shows(row + 1)]
        self.go_to_packet(min(shown or rows) + 1)

    def action_copy(self) -> None:
        """Copy the numbers on the screen as CSV."""
        window, origin = self.window, self.span.origin
        ready = [one for one in self.series if one.counts is not None]
        if window is None or origin is None or not ready:
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["seconds", *(f"{one.text} ({self.unit.value})" for one in ready)])
        columns = [self.unit.of(one.counts).astype(int) for one in ready if one.counts]
        for bucket in range(window.buckets):
            at = window.start_ns + bucket * window.interval_ns - origin
            writer.writerow([f"{at / _SECOND:.9f}", *(int(c[bucket]) for c in columns)])
        self.app.copy_to_clipboard(text.getvalue())
        self.tunscope.tell(f"copied {units.count(window.buckets)} intervals as CSV")
