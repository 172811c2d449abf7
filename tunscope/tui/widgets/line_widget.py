"""A widget that draws its own lines and repaints only those that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.widget import Widget

from tunscope.tui.palette import Palette, palette

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.geometry import Size
    from textual.strip import Strip


class LineWidget(Widget):
    """Base of the self-drawn widgets: subclasses answer `paint_line` and call `repaint_lines`.

    It has no border and no padding, so that lines go to the screen as they are painted, without
    Textual's style machinery in between. `style_generation` grows when the theme changes; strips
    cached under an older one are stale.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    style_generation = 0
    _palette: Palette | None = None

    @property
    def palette(self) -> Palette:
        """The styles of the current theme."""
        if self._palette is None:
            self._palette = palette(self.app.theme_variables)
        return self._palette

    @property
    def extent(self) -> Size:
        """The size of the widget: the same as `size`, which takes long to ask for."""
        return self.outer_size

    def begin_frame(self) -> None:
        """Hook for a subclass: lines are about to be painted."""

    def paint_line(self, y: int) -> Strip:
        """Return line `y` of the widget, exactly as wide as it is."""
        raise NotImplementedError

    def repaint_lines(self, lines: Iterable[int]) -> None:
        """Have these lines of the widget painted anew, and no others."""
        width, height = self.extent
        regions = [Region(0, y, width, 1) for y in lines if 0 <= y < height]
        if regions:
            self.refresh(*regions)

    def notify_style_update(self) -> None:
        """Forget what was painted with the old theme."""
        self._palette = None
        self.style_generation += 1
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return a line for Textual's compositor."""
        self.begin_frame()
        return self.paint_line(y)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of `crop`, through the terminal's colour filters only."""
        self.begin_frame()
        strips = [self.paint_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            if isinstance(line_filter, ANSIToTruecolor):
                continue  # the palette has no ANSI colours
            background = self.background_colors[1]
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self.extent.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips
