"""What a person arranges: columns of the packet list and sizes of panes, remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.tui.column_editing import as_choices
from tunscope.tui.pane_sizes import (
    LEAST_DETAILS,
    least_details,
    per_cent,
    with_bytes,
    with_details,
)
from tunscope.tui.screens.analysis_actions import AnalysisActions
from tunscope.tui.table_columns import DEFAULT, TAP, Column, chosen_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.tui.settings.model import ColumnChoice, PaneSizes, Settings
    from tunscope.tui.settings.remembered import RememberedLayout
    from tunscope.tui.widgets.command_pane import CommandPane
    from tunscope.tui.widgets.detail_pane import DetailPane

#: What a key press adds to a pane, in per cent.
_STEP = 5


class LayoutActions(AnalysisActions, inherit_bindings=False):
    """A screen whose columns and panes a person arranges."""

    settings: Settings
    remembered: RememberedLayout
    list_kind: str
    sizes: PaneSizes
    output: CommandPane | None

    # --- columns

    @property
    def usual_columns(self) -> Sequence[Column]:
        """The columns that suit the device."""
        return TAP if self.list_kind == "tap" else DEFAULT

    @property
    def chosen(self) -> tuple[ColumnChoice, ...]:
        """The columns that were chosen, here, in a former run or in the configuration."""
        return self.remembered.columns(self.list_kind, self.settings.columns)

    def action_columns(self) -> None:
        """Choose columns."""
        from tunscope.tui.screens.columns import ColumnsScreen

        painter = self.table.painter
        shown = self.chosen or as_choices([column.id for column in self.usual_columns])
        layout = painter.layout(self.table.extent.width)
        widths = {column.id: width for column, width in layout.columns}
        self.app.push_screen(ColumnsScreen(shown, self.usual_columns, widths, self._take_columns))

    def _take_columns(self, choices: Sequence[ColumnChoice] | None) -> Sequence[ColumnChoice]:
        """Show and remember these columns, or with None those of the configuration again."""
        kept = None if choices is None else tuple(choices)
        self.remembered.keep_columns(self.list_kind, self.settings.columns, kept)
        self.table.show_columns(chosen_columns(self.chosen, self.usual_columns))
        return self.chosen or as_choices([column.id for column in self.usual_columns])

    def action_colouring(self) -> None:
        """Switch the colouring rules off, or on again."""
        self.tunscope.tell(f"colouring {'on' if self.table.toggle_colouring() else 'off'}")

    # --- panes

    def apply_sizes(self) -> None:
        """Give the panes their sizes."""
        sizes = self.sizes
        detail = self.detail.styles
        fields, octets = self.query_one("#fields").styles, self.query_one("#bytes").styles
        for styles in (detail, fields, octets):
            styles.clear_rule("width")
            styles.clear_rule("height")
        if self.has_class("-zoomed"):
            return
        detail.height = f"{sizes.details}%"
        roomy = self.output is None and sizes.details == self.settings.layout.details
        detail.min_height = least_details(self.app.size.height) if roomy else LEAST_DETAILS
        if not sizes.bytes:
            return
        if self.has_class("-narrow"):
            octets.height = f"{sizes.bytes}%"
            fields.height = "1fr"
        else:
            octets.width = f"{sizes.bytes}%"

    def _resize_to(self, sizes: PaneSizes) -> None:
        if sizes != self.sizes and not self.has_class("-zoomed"):
            self.sizes = sizes
            self.remembered.keep_panes(self.settings.layout, sizes)
            self.apply_sizes()

    def action_resize_details(self, step: int) -> None:
        """Make fields and bytes taller (1) or lower (-1)."""
        self._resize_to(with_details(self.sizes, self.sizes.details + step * _STEP))

    def action_resize_bytes(self, step: int) -> None:
        """Make the bytes wider (1) or narrower (-1) at the cost of the fields."""
        octets, whole = self.query_one("#bytes").size, self.detail.size
        narrow = self.has_class("-narrow")
        part = octets.height if narrow else octets.width
        now = self.sizes.bytes or per_cent(part, whole.height if narrow else whole.width)
        self._resize_to(with_bytes(self.sizes, now + step * _STEP))

    def action_reset_panes(self) -> None:
        """Give the panes the sizes of the configuration."""
        self._resize_to(self.settings.layout)

    def on_detail_pane_edge_dragged(self, event: DetailPane.EdgeDragged) -> None:
        """Follow the mouse with the upper edge of fields and bytes."""
        self._resize_to(with_details(self.sizes, per_cent(event.cells, self.size.height)))

    def on_detail_pane_divider_dragged(self, event: DetailPane.DividerDragged) -> None:
        """Follow the mouse with the line between fields and bytes."""
        whole = self.detail.size
        narrow = self.has_class("-narrow")
        share = per_cent(event.cells, whole.height if narrow else whole.width)
        self._resize_to(with_bytes(self.sizes, share))

    def on_resize(self) -> None:
        """Lay the bytes under the fields, or beside them again."""
        self.call_after_refresh(self.apply_sizes)
