"""A form for a replay: which packets, on which device, toward whom, how fast, and what else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import REPLAY_FORM_KEYS
from tunscope.tui.replay_choice import CHOICES
from tunscope.tui.replaying import SIDES, SPEEDS, ReplayWish
from tunscope.tui.screens.form import FormScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

_FIELDS: Final = (
    ("packets", "Packets", f"{', '.join(CHOICES)}, or numbers as in 1-100, 205"),
    ("device", "Device", "where they are sent; another one than now is captured on from then on"),
    ("side", "Side", "who receives: kernel, wire, as-recorded; default: as tunscope replay"),
    ("speed", "Speed", "as recorded, 2 x, 100 pps, 10 mbps, top, step (one a key)"),
    ("options", "Options", "of tunscope replay, as in --map 10.0.0.0/8=192.168.0.0/16 --loop 2"),
)
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ReplayAnswer:
    """What was typed: the packets, and the rest of it."""

    packets: str
    wish: ReplayWish


class ReplayScreen(FormScreen[ReplayAnswer]):
    """Ends with what was typed, None after Esc; `mistake` says what is wrong with it so far."""

    NAMESPACES = frozenset({"form", "replay_form"})
    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_FORM_KEYS]
    DEFAULT_CSS = """
    ReplayScreen { align: center middle; background: $background 60%; }
    ReplayScreen > Vertical {
        width: 76; max-width: 96%; height: auto; padding: 1 2 0 2; background: $panel;
        border-left: thick $primary;
    }
    ReplayScreen Horizontal { height: 1; background: $panel; }
    ReplayScreen Static { background: $panel; color: $foreground; height: 1; }
    ReplayScreen Horizontal > Static { width: 10; }
    ReplayScreen Input {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface; color: $foreground;
    }
    ReplayScreen #hint { height: auto; margin-top: 1; color: $text-muted; }
    ReplayScreen #mistake { height: auto; min-height: 1; color: $text-error; }
    ReplayScreen KeyLine { margin: 1 0; }
    """

    def __init__(
        self,
        initial: ReplayAnswer,
        devices: Callable[[], Sequence[str]],
        mistake: Callable[[ReplayAnswer], str],
    ) -> None:
        """`devices` are the names that Tab offers, the first of them first."""
        super().__init__()
        wish = initial.wish
        self._initial = {
            "packets": initial.packets, "device": wish.device, "side": wish.side,
            "speed": wish.speed, "options": wish.options,
        }  # fmt: skip
        self._devices = devices
        self._mistake_of = mistake

    def compose(self) -> ComposeResult:
        """A line a field, what it is, what is wrong, the keys."""
        with Vertical():
            yield Static("Replay packets", markup=False)
            for name, label, hint in _FIELDS:
                with Horizontal():
                    yield Static(label, markup=False)
                    yield Input(
                        self._initial[name], placeholder=hint, id=name, compact=True,
                        select_on_focus=True,
                    )  # fmt: skip
            yield Static("", id="hint", markup=False)
            yield Static("", id="mistake", markup=False)
            yield self.key_line(
                "form.send", "replay_form.other", "form.next", "form.close",
                labels={"form.send": "Replay", "form.next": "Next field"},
            )  # fmt: skip

    def on_mount(self) -> None:
        """Begin with the packets."""
        self.query_one("#packets", Input).focus()
        self.set_interval(_LOOK_SECONDS, self._show_mistake)  # a filter may have come to its end
        self._show_mistake()

    @property
    def answer(self) -> ReplayAnswer:
        """What is typed now."""
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name, *_ in _FIELDS}
        packets = typed.pop("packets")
        return ReplayAnswer(packets, ReplayWish(**typed))

    def _show_mistake(self) -> str:
        mistake = self._mistake_of(self.answer)
        self.query_one("#mistake", Static).update(printable(mistake))
        return mistake

    def on_descendant_focus(self) -> None:
        """Explain the field."""
        focused = self.focused
        for name, _, hint in _FIELDS:
            if focused is not None and focused.id == name:
                self.query_one("#hint", Static).update(hint)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong so far."""
        event.stop()
        self._show_mistake()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, if it can be done."""
        event.stop()
        self.action_send()

    def action_tab(self, step: int) -> None:
        """Take the next of the values there are; among the options, go on to the next field."""
        focused = self.focused
        values: Sequence[str] = ()
        match focused.id if focused is not None else None:
            case "packets":
                values = CHOICES
            case "device":
                values = self._devices()
            case "side":
                values = SIDES
            case "speed":
                values = SPEEDS
        if not isinstance(focused, Input) or not values:
            (self.focus_next if step > 0 else self.focus_previous)()
            return
        now = focused.value.strip()
        place = (values.index(now) + step) % len(values) if now in values else 0
        focused.value = values[place]
        focused.cursor_position = len(focused.value)

    def action_send(self) -> None:
        """End with what was typed."""
        if not self._show_mistake():
            self.dismiss(self.answer)

    def action_close(self) -> None:
        """Replay nothing."""
        self.dismiss(None)
