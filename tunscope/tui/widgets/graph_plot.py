"""The I/O graph itself: axes, curves, losses, a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.style import Style
from textual.message import Message

from tunscope.tui.braille import ACROSS, DOWN, NOBODY, Drawing, curve, drawing
from tunscope.tui.graph_scale import axis_text, ceiling, time_text
from tunscope.tui.graph_series import LETTERS, TONES, Unit
from tunscope.tui.text import LineBuilder, fit
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    import numpy.typing as npt
    from textual import events
    from textual.strip import Strip

    from tunscope.index.statistics.io_series import IoCounts, Window

#: Cells of the vertical axis: a number, a blank, the line.
_AXIS: Final = 9
#: Lines under the plot: losses, times.
_BELOW: Final = 2
_TICK_LINES: Final = 5
_TIME_CELLS: Final = 14
_BOLD: Final = Style(bold=True)


@dataclass(frozen=True, slots=True)
class Curve:
    """A series as drawn: its place among all (which gives letter and tone) and its numbers."""

    place: int
    counts: IoCounts


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """Everything the plot shows; `drops` are losses and `cursor` is an interval of `window`."""

    window: Window
    origin_ns: int
    unit: Unit
    curves: tuple[Curve, ...]
    drops: npt.NDArray[np.int64]
    cursor: int


class GraphPlot(LineWidget, can_focus=True):
    """Draws `GraphFacts`; an interval is one column of dots, half a cell."""

    DEFAULT_CSS = "GraphPlot { height: 1fr; }"

    class Pointed(Message):
        """An interval was clicked."""

        def __init__(self, bucket: int, *, twice: bool) -> None:
            super().__init__()
            self.bucket = bucket
            self.twice = twice

    class Turned(Message):
        """The wheel was turned: -1 up, 1 down."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.facts: GraphFacts | None = None
        self.waiting = ""
        self.top = 1
        self._drawing: Drawing | None = None
        self._letters: dict[tuple[int, int], int] = {}

    @property
    def buckets(self) -> int:
        """How many intervals there is room for."""
        return max(2, self.extent.width - _AXIS - 1) * ACROSS

    @property
    def plot_height(self) -> int:
        """Lines of the plot."""
        return max(1, self.extent.height - _BELOW)

    def show(self, facts: GraphFacts | None) -> None:
        """Show something else."""
        self.facts = facts
        self._draw()
        self.refresh(self.extent.region)

    def begin_frame(self) -> None:
        """Draw anew if the size has changed."""
        drawn = self._drawing
        if drawn is not None:
            size = (self.plot_height, self.buckets // ACROSS)
            if drawn.characters.shape != size:
                self._draw()

    def _draw(self) -> None:
        facts = self.facts
        self._drawing, self._letters = None, {}
        if facts is None or not facts.curves:
            return
        width, height = self.buckets // ACROSS, self.plot_height
        values = [self._values(facts, c) for c in facts.curves]
        self.top = ceiling(max(1.0, *(float(v.max()) for v in values)))
        filled = len(values) == 1
        dots = [curve(v, self.top, height * DOWN, filled=filled) for v in values]
        self._drawing = drawing(dots)
        for one, v in zip(facts.curves, values, strict=True):
            if v.any():
                peak = int(v.argmax())
                row = int(height - np.ceil(v[peak] / self.top * height * DOWN) / DOWN)
                cell = (max(0, min(row, height - 1)), min(peak // ACROSS, width - 1))
                self._letters.setdefault(cell, one.place)

    def _values(self, facts: GraphFacts, one: Curve) -> npt.NDArray[np.float64]:
        """Return the numbers of a curve, as many as there is room for."""
        values = facts.unit.of(one.counts)[: self.buckets]
        return np.pad(values, (0, self.buckets - len(values)))

    # --- painting

    def paint_line(self, y: int) -> Strip:
        """Paint a line of the plot, or one under it."""
        styles, facts = self.palette, self.facts
        line = LineBuilder(self.extent.width)
        if facts is None or self._drawing is None:
            line.add(f"  {self.waiting}" if y == 1 else "", styles.muted)
        elif y < self.plot_height:
            self._paint_plot(y, line, facts, self._drawing)
        elif y == self.plot_height:
            self._paint_drops(line, facts)
        else:
            self._paint_times(line, facts)
        return line.strip(styles.text)

    def _paint_plot(self, y: int, line: LineBuilder, facts: GraphFacts, drawn: Drawing) -> None:
        styles = self.palette
        line.add(fit(self._tick(y), _AXIS - 2, right=True), styles.muted)
        line.add(" ┤" if self._tick(y) else " │", styles.rule)
        cursor = facts.cursor // ACROSS
        characters, owners = drawn.characters[y].tolist(), drawn.owners[y].tolist()
        run, run_style = "", styles.text
        for x, (character, owner) in enumerate(zip(characters, owners, strict=True)):
            place = self._letters.get((y, x))
            if place is not None:
                text, style = LETTERS[place], self._tone(place) + _BOLD
            elif owner == NOBODY:
                text, style = " ", styles.text
            else:
                text, style = chr(character), self._tone(facts.curves[owner].place)
            if x == cursor:
                style = style + Style(bgcolor=styles.cursor.bgcolor)
                text = "┆" if owner == NOBODY and place is None else text
            if style != run_style:
                line.add(run, run_style)
                run, run_style = "", style
            run += text
        line.add(run, run_style)

    def _tone(self, place: int) -> Style:
        tone: Style = getattr(self.palette, TONES[place])
        return tone

    def _tick(self, y: int) -> str:
        """Return the number that stands beside a line of the plot, "" for most."""
        height = self.plot_height
        if y == 0:
            return axis_text(self.top)
        from_below = height - y
        share = self.top * from_below / height
        middle = height - height // 2
        if height >= 2 * _TICK_LINES and y == middle and height % 2 == 0:
            return axis_text(share)
        return ""

    def _paint_drops(self, line: LineBuilder, facts: GraphFacts) -> None:
        styles = self.palette
        line.add(fit("0", _AXIS - 2, right=True), styles.muted)
        line.add(" └", styles.rule)
        cursor = facts.cursor // ACROSS
        drops = np.pad(facts.drops, (0, max(0, self.buckets - len(facts.drops))))
        cells = drops[: self.buckets].reshape(-1, ACROSS).sum(axis=1)
        for x, lost in enumerate(cells.tolist()):
            if lost:
                line.add("▼", styles.error)
            else:
                line.add("▲" if x == cursor else "─", styles.strong if x == cursor else styles.rule)

    def _paint_times(self, line: LineBuilder, facts: GraphFacts) -> None:
        styles, window = self.palette, facts.window
        line.add(" " * _AXIS, styles.muted)
        cells = self.buckets // ACROSS
        for x in range(0, cells, _TIME_CELLS):
            at = window.start_ns + x * ACROSS * window.interval_ns - facts.origin_ns
            text = f"{time_text(at, window.interval_ns)} s"
            if line.room >= min(_TIME_CELLS, cells - x) >= len(text):
                line.add(fit(text, min(_TIME_CELLS, cells - x)), styles.muted)

    # --- mouse

    def on_click(self, event: events.Click) -> None:
        """Tell which interval was clicked."""
        bucket = (event.x - _AXIS) * ACROSS
        if 0 <= bucket < self.buckets:
            self.post_message(self.Pointed(bucket, twice=event.chain == 2))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Tell that the wheel was turned."""
        event.stop()
        self.post_message(self.Turned(-1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Tell that the wheel was turned."""
        event.stop()
        self.post_message(self.Turned(1))
