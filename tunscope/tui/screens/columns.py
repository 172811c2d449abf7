"""The column chooser: which columns the packet list has, in what order and how wide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical

from tunscope.packet.printable import printable
from tunscope.tui.column_editing import ColumnList, turned, wider
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.keymap import COLUMN_KEYS
from tunscope.tui.screens.keyed import BoxScreen
from tunscope.tui.settings.model import ColumnChoice
from tunscope.tui.table_columns import BUILT_IN, FIELD_PREFIX, Column, chosen_columns, is_field
from tunscope.tui.text import fit
from tunscope.tui.widgets.prompt_line import PromptLine
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.text import LineBuilder

_NAME_CELLS = 34
_SHOWN_KEYS = (
    "columns.toggle", "columns.add", "columns.up", "columns.down", "columns.wider",
    "columns.reset", "columns.close",
)  # fmt: skip


class ColumnRows(VirtualList):
    """The lines of the chooser."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, usual: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._usual = usual
        self.columns = ColumnList(())

    @property
    def row_count(self) -> int:
        """Columns shown and offered."""
        return len(self.columns.rows)

    def show(self, columns: ColumnList, row: int) -> None:
        """Show other columns with the cursor on `row`."""
        self.columns = columns
        self.forget_painted()
        self.move_to(row)

    def row_key(self, row: int) -> Hashable:
        """Rows depend on their column and on whether it is shown."""
        return (row, self.columns.rows[row], row < len(self.columns.shown))

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the headings."""
        del y
        heads = f"   {'Column':<{_NAME_CELLS}}{'Title':<20}{'Width':>6}  Align"
        line.add(heads, self.palette.head_active)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one column."""
        styles = self.palette
        choice = self.columns.rows[row]
        shown = row < len(self.columns.shown)
        base = self.row_style(selected=True) if selected else None
        text = base or (styles.text if shown else styles.muted)
        (column,) = chosen_columns([choice], self._usual)
        line.add("▌" if selected else " ", text)
        line.add("✔ " if shown else "  ", base or styles.success)
        line.add(fit(printable(choice.column), _NAME_CELLS - 1) + " ", text)
        line.add(fit(printable(column.title), 19) + " ", text)
        line.add(f"{choice.width or 'auto':>6}", text)
        line.add("  right" if column.right else "  left", text)


class ColumnsScreen(BoxScreen[None]):
    """Changes columns at once: `apply` is called with each new list, with None for a reset."""

    NAMESPACES = frozenset({"columns"})
    BINDINGS: ClassVar[list[BindingType]] = [*COLUMN_KEYS]
    DEFAULT_CSS = """
    ColumnsScreen { align: center middle; background: $background 60%; }
    ColumnsScreen > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 90%; background: $background;
    }
    ColumnsScreen ColumnRows { height: 18; max-height: 70vh; }
    """

    def __init__(
        self,
        shown: Sequence[ColumnChoice],
        usual: Sequence[Column],
        widths: Mapping[str, int],
        apply: Callable[[Sequence[ColumnChoice] | None], Sequence[ColumnChoice]],
    ) -> None:
        super().__init__()
        self._usual = usual
        self._widths = widths
        self._apply = apply
        self._rows = ColumnRows(usual, id="column-rows")
        self._rows.columns = ColumnList(tuple(shown))
        self._prompt = PromptLine(id="columns-prompt")

    def compose(self) -> ComposeResult:
        """The list, its keys, a line to type into."""
        with Vertical():
            yield self._rows
            yield self.key_line(*_SHOWN_KEYS)
            yield self._prompt

    def on_mount(self) -> None:
        """Make the list obey the keys."""
        self._rows.focus()

    @property
    def _column(self) -> Column:
        (column,) = chosen_columns([self._choice], self._usual)
        return column

    @property
    def _choice(self) -> ColumnChoice:
        return self._rows.columns.rows[self._rows.cursor]

    @property
    def _is_shown(self) -> bool:
        return self._rows.cursor < len(self._rows.columns.shown)

    def _change(self, columns: ColumnList, row: int | None = None) -> None:
        if columns == self._rows.columns:
            return
        self._apply(columns.shown)
        self._rows.show(columns, self._rows.cursor if row is None else row)

    # --- actions

    def action_toggle_column(self) -> None:
        """Show or hide the column."""
        self._change(self._rows.columns.toggled(self._rows.cursor))

    def on_virtual_list_row_chosen(self) -> None:
        """Enter shows or hides, too."""
        self.action_toggle_column()

    def action_shift(self, step: int) -> None:
        """Move the column to the left (-1) or right (1)."""
        row = self._rows.cursor
        self._change(self._rows.columns.moved(row, step), row + step)

    def action_widen(self, cells: int) -> None:
        """Make the column wider or narrower."""
        if self._is_shown:
            now = self._widths.get(self._choice.column, self._column.minimum)
            self._put(wider(self._choice, cells, now))

    def action_fit(self) -> None:
        """Let the column find its width."""
        self._put(replace(self._choice, width=0))

    def action_align(self) -> None:
        """Align the column to the other side."""
        self._put(turned(self._choice, self._column.right))

    def _put(self, choice: ColumnChoice) -> None:
        self._change(self._rows.columns.changed(self._rows.cursor, choice))

    def action_reset(self) -> None:
        """Go back to the columns of the configuration."""
        self._rows.show(ColumnList(tuple(self._apply(None))), 0)

    def action_add(self) -> None:
        """Ask for a field that becomes a column."""
        completer = DisplayFilters().completions
        self._prompt.ask("field", "Field", completer=lambda text: completer(text) if text else ())

    def action_title(self) -> None:
        """Ask for another heading."""
        if self._is_shown:
            self._prompt.ask("title", "Title", self._column.title)

    def on_prompt_line_answered(self, event: PromptLine.Answered) -> None:
        """Add the field, or give the column its heading."""
        event.stop()
        self._rows.focus()
        text = event.text.strip()
        if event.topic == "title":
            if self._is_shown and text.isprintable():
                self._put(replace(self._choice, title=text))
        elif text:
            self._add(text)

    def _add(self, name: str) -> None:
        from tunscope.filter.table import lookup, suggest

        column = name if name in BUILT_IN else FIELD_PREFIX + name.removeprefix(FIELD_PREFIX)
        if is_field(column) and lookup(column.removeprefix(FIELD_PREFIX)) is None:
            meant = suggest(name)
            hint = f": did you mean {meant}?" if meant else ""
            self.tell(f"{name}: no such field{hint}")
            return
        columns = self._rows.columns.added(ColumnChoice(column))
        place = [choice.column for choice in columns.shown].index(column)
        self._change(columns, place)

    def on_prompt_line_cancelled(self, event: PromptLine.Cancelled) -> None:
        """Go back to the list."""
        event.stop()
        self._rows.focus()

    def action_close(self) -> None:
        """Close the question, or the chooser."""
        if self._prompt.asking:
            self._prompt.cancel()
        else:
            self.dismiss(None)
