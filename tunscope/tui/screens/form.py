"""A form in a box: a line a field, what is wrong so far, fields that the arrows lead through."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from textual.containers import Horizontal
from textual.widgets import Input, Static

from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import FORM_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

_ResultT = TypeVar("_ResultT")


class FormField(NamedTuple):
    """A line of a form: the id of its input, its label, and what is to be typed there."""

    id: str
    label: str
    hint: str


class FormScreen(PanelScreen[_ResultT]):
    """Ends with `answer`, None after Esc; what is wrong (`mistake`) is said as it is typed.

    A subclass composes `lines()` of its `FIELDS`, `#mistake`, and if it likes `#hint`, which
    explains the field with the focus. Where `REPLACES`, typing replaces what stands in a field.
    """

    FIELDS: ClassVar[tuple[FormField, ...]]
    REPLACES: ClassVar[bool] = True
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

    @property
    def answer(self) -> _ResultT:
        """What the form is filled in with now; UsageError if that is nothing."""
        raise NotImplementedError

    def mistake(self) -> str:
        """Return what is wrong with what is typed, "" if nothing is."""
        raise NotImplementedError

    def lines(self, initial: Mapping[str, str]) -> ComposeResult:
        """Compose a line a field, with what stands there at first."""
        for name, label, hint in self.FIELDS:
            with Horizontal():
                yield Static(label, markup=False)
                yield Input(
                    initial.get(name, ""),
                    placeholder=hint,
                    id=name,
                    compact=True,
                    select_on_focus=self.REPLACES,
                )

    def on_mount(self) -> None:
        """Begin with the first field."""
        self.input(self.FIELDS[0].id).focus()

    def input(self, name: str) -> Input:
        """Return the input of a field."""
        return self.query_one(f"#{name}", Input)

    @property
    def typed(self) -> dict[str, str]:
        """What stands in the fields, by their ids."""
        return {name: self.input(name).value.strip() for name, *_ in self.FIELDS}

    def show_mistake(self) -> str:
        """Say what is wrong so far, and return it."""
        mistake = self.mistake()
        self.query_one("#mistake", Static).update(printable(mistake))
        return mistake

    def on_descendant_focus(self) -> None:
        """Explain the field."""
        focused = self.focused
        for name, _, hint in self.FIELDS:
            if focused is not None and focused.id == name:
                for line in self.query("#hint").results(Static):
                    line.update(hint)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong so far."""
        event.stop()
        self.show_mistake()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, if it can be done."""
        event.stop()
        self.action_send()

    def action_next_field(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    def action_send(self) -> None:
        """End with what was typed, if nothing is wrong with it."""
        if not self.show_mistake():
            self.dismiss(self.answer)

    def action_close(self) -> None:
        """End with nothing."""
        self.dismiss(None)
