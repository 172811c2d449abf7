"""The window of the I/O graph: which intervals are drawn, where the cursor is, zoom and pan."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tunscope.index.statistics.io_series import Window
from tunscope.index.statistics.time_span import TimeSpan
from tunscope.tui import units
from tunscope.tui.analysis_keys import GRAPH_KEYS
from tunscope.tui.graph_scale import (
    aligned,
    interval_text,
    stepped,
    time_text,
    whole,
)
from tunscope.tui.graph_series import GraphSeries, Unit
from tunscope.tui.screens.statistic import StatisticScreen
from tunscope.tui.widgets.graph_legend import GraphLegend, LegendLine
from tunscope.tui.widgets.graph_plot import Curve, GraphFacts, GraphPlot
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tunscope.tui.screens.main import MainScreen

_SECOND = 1_000_000_000


class GraphWindowScreen(StatisticScreen, inherit_bindings=False):
    """Curves of `series` in `window`; the whole capture is fitted in until the person zooms."""

    NAMESPACE = "graph"
    FOOTER = (
        "graph.zoom_in",
        "graph.zoom_out",
        "graph.unit",
        "graph.add",
        "graph.fit",
        "graph.interval",
        "graph.remove",
        "graph.choose",
    )
    BINDINGS: ClassVar[list[BindingType]] = [*StatisticScreen.BINDINGS, *GRAPH_KEYS]

    def __init__(self, browser: MainScreen) -> None:
        super().__init__(browser)
        self.plot = GraphPlot()
        self.legend = GraphLegend()
        self.series: list[GraphSeries] = []
        self.unit = Unit.PACKETS
        self.window: Window | None = None
        #: The time the cursor stands at, in nanoseconds.
        self.cursor_ns = 0
        #: Whether everything is to be seen, and whether the end is to stay in sight.
        self.fitted = True
        self.at_end = False
        self.span = TimeSpan(self.capture)

    @property
    def body(self) -> GraphPlot:
        """The plot."""
        return self.plot

    def parts(self) -> Iterable[Widget]:
        """The plot and its series."""
        return (self.plot, self.legend)

    def begin(self) -> None:
        """Draw all packets and, if there is a display filter, those that pass it."""
        self.series = [GraphSeries(self.capture, "all packets", None)]
        bar = self.browser.filter_bar
        if bar is not None and bar.in_force:
            self.series.append(GraphSeries(self.capture, bar.in_force, bar.predicate()))

    def on_unmount(self) -> None:
        """End what is still at work."""
        super().on_unmount()
        for one in self.series:
            one.close()

    def action_choose(self) -> None:
        """Go to the first packet of the interval at the cursor."""
        raise NotImplementedError

    # --- pulling

    def pull(self) -> None:
        """Take in new packets, move the window with them, and draw what has changed."""
        more = self.span.update()
        if not more or self.window is None:
            self._place_window()
        if self.capture.complete:
            self.browser.drops.add_statistics(self.capture.tables.contents.statistics)
        changed = [one.pull() for one in self.series]
        if any(changed):
            self.show_result()
        self.show_title()

    @property
    def is_settled(self) -> bool:
        """Whether everything there is has been counted and drawn."""
        return (
            self.capture.complete
            and self.window is not None
            and self.window.buckets == self.plot.buckets
            and all(one.caught_up for one in self.series)
        )

    def _place_window(self) -> None:
        """Show everything if that is wanted, or keep the end of a live capture in sight."""
        span, window = self.span, self.window
        if span.origin is None or span.earliest is None or span.latest is None:
            self.plot.waiting = "no packets yet" if self.browser.live else "no packets"
            return
        buckets = self.plot.buckets
        if window is None or (self.fitted and not self._all_in(window)):
            window = whole(span.earliest, span.latest, span.origin, buckets)
            if self.window is None:
                self.cursor_ns = self.cursor_ns or span.earliest
        elif self.at_end and span.latest >= window.stop_ns:
            ahead = window.interval_ns * (buckets // 4)
            start = span.latest - window.interval_ns * buckets + ahead
            window = Window(
                aligned(start, span.origin, window.interval_ns), window.interval_ns, buckets
            )
        elif window.buckets != buckets:
            window = Window(window.start_ns, window.interval_ns, buckets)
        if window != self.window:
            self._show_window(window)

    def _all_in(self, window: Window) -> bool:
        span = self.span
        assert span.earliest is not None
        assert span.latest is not None
        return (
            window.buckets == self.plot.buckets
            and window.start_ns <= span.earliest
            and span.latest < window.stop_ns
        )

    def _show_window(self, window: Window) -> None:
        self.window = window
        self.cursor_ns = max(window.start_ns, min(self.cursor_ns, window.stop_ns - 1))
        for one in self.series:
            one.count(window)

    @property
    def cursor(self) -> int:
        """The interval that the cursor stands at."""
        return 0 if self.window is None else self.window.bucket(self.cursor_ns)

    def show_result(self) -> None:
        """Draw the curves and say what is at the cursor."""
        window, origin = self.window, self.span.origin
        if window is None or origin is None:
            return
        curves = tuple(
            Curve(place, one.counts)
            for place, one in enumerate(self.series)
            if one.visible and one.counts is not None and one.counts.window == window
        )
        drops = self.browser.drops.in_window(window)
        if curves or not any(one.visible for one in self.series):
            self.plot.waiting = "every series is off"
            self.plot.show(GraphFacts(window, origin, self.unit, curves, drops, self.cursor))
        self._show_legend(window, origin, int(drops[self.cursor]))

    def _show_legend(self, window: Window, origin: int, lost: int) -> None:
        interval = window.interval_ns
        at = window.start_ns + self.cursor * interval - origin
        place = f"{time_text(at, interval)} to {time_text(at + interval, interval)} s"
        if lost:
            place += f" · ▼ {units.count(lost)} dropped"
        lines = []
        for one in self.series:
            counts = one.counts
            here = counts is not None and counts.window == window
            number = self._number(one) if here else "…"
            lines.append(LegendLine(one.text, number, one.visible, self._told(one), one.error))
        self.legend.show(place, tuple(lines))

    def _told(self, one: GraphSeries) -> float:
        """Return how far a series is, in steps of a twentieth; a live one is never behind."""
        return 1.0 if self.browser.live else int(one.progress * 20) / 20

    def _number(self, one: GraphSeries) -> str:
        assert one.counts is not None
        packets = int(one.counts.packets[self.cursor])
        octets = int(one.counts.octets[self.cursor])
        seconds = one.counts.window.interval_ns / _SECOND
        return (
            f"{units.packets(packets)}  {units.count(octets)} B  "
            f"{units.bit_rate(8 * octets / seconds)}"
        )

    def title_facts(self) -> TitleFacts:
        """Return what is counted in which intervals."""
        window = self.window
        interval = "…" if window is None else interval_text(window.interval_ns)
        shown = "whole capture" if self.fitted else "zoomed (0 shows all)"
        progress = min((one.progress for one in self.series), default=1.0)
        return TitleFacts(
            "I/O graph", (f"{self.unit.value} per {interval}", shown), progress=progress
        )

    # --- moving

    def _move_to(self, bucket: int) -> None:
        """Put the cursor on an interval, and the window where it can be seen."""
        window = self.window
        if window is None:
            return
        self.cursor_ns = window.start_ns + bucket * window.interval_ns
        if not 0 <= bucket < window.buckets:
            self._center()
        self.show_result()

    def _center(self) -> None:
        """Show the cursor in the middle."""
        if self.window is not None:
            self._place(self.window.buckets // 2, self.window.interval_ns)

    def _place(self, place: int, interval: int) -> None:
        """Show the cursor `place` intervals from the left, but nothing from before the start."""
        window, origin, earliest = self.window, self.span.origin, self.span.earliest
        if window is None or origin is None or earliest is None:
            return
        start = aligned(self.cursor_ns, origin, interval) - place * interval
        start = max(start, aligned(min(earliest, self.cursor_ns), origin, interval))
        self._look(Window(start, interval, window.buckets))

    def _look(self, window: Window) -> None:
        """Show a window that the person chose."""
        latest = self.span.latest or 0
        self.fitted = False
        self.at_end = window.start_ns <= latest < window.stop_ns
        self._show_window(window)

    def action_move(self, buckets: int) -> None:
        """Move the cursor."""
        self._move_to(self.cursor + buckets)

    def action_pan(self, halves: int) -> None:
        """Move the window by half of it, and the cursor with it."""
        window = self.window
        if window is not None:
            way = halves * (window.buckets // 2) * window.interval_ns
            self.cursor_ns += way
            self._look(Window(window.start_ns + way, window.interval_ns, window.buckets))

    def action_end(self, side: int) -> None:
        """Go to the first (-1) or last (1) packet."""
        span, window = self.span, self.window
        if window is not None and span.earliest is not None and span.latest is not None:
            self._move_to(window.bucket(span.earliest if side < 0 else span.latest))

    def action_zoom(self, step: int) -> None:
        """Make intervals shorter (-1) or longer (1) around the cursor."""
        if self.window is not None:
            self.zoom_to(stepped(self.window.interval_ns, step))

    def zoom_to(self, interval: int) -> None:
        """Make intervals so many nanoseconds long."""
        if self.window is not None and interval != self.window.interval_ns:
            self._place(self.cursor, interval)

    def action_fit(self) -> None:
        """Show the whole capture."""
        self.fitted, self.window = True, None
        self._place_window()
        self._move_to(self.cursor)

    def on_graph_plot_pointed(self, event: GraphPlot.Pointed) -> None:
        """Put the cursor on the clicked interval; a double click goes to its packets."""
        self._move_to(event.bucket)
        if event.twice:
            self.action_choose()

    def on_graph_plot_turned(self, event: GraphPlot.Turned) -> None:
        """Zoom with the wheel."""
        self.action_zoom(event.step)
