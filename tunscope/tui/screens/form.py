"""A form in a box: fields that the arrows lead through."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from tunscope.tui.dialog_keys import FORM_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from textual.binding import BindingType

_ResultT = TypeVar("_ResultT")


class FormScreen(PanelScreen[_ResultT]):
    """A subclass says what `send` and `close` do."""

    NAMESPACES = frozenset({"form"})
    BINDINGS: ClassVar[list[BindingType]] = [*FORM_KEYS]
    DEFAULT_CSS = """
    FormScreen Horizontal { height: 1; background: $panel; }
    FormScreen Static { height: 1; }
    FormScreen Input {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface; color: $foreground;
    }
    FormScreen #mistake { height: auto; min-height: 1; color: $text-error; }
    """

    def action_next_field(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """Go to the field before."""
        self.focus_previous()
