"""A form for a replay: which packets, on which device, toward whom, how fast, and what else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical
from textual.widgets import Input, Static

from tunscope.tui.dialog_keys import REPLAY_FORM_KEYS
from tunscope.tui.replay_choice import CHOICES
from tunscope.tui.replaying import SIDES, SPEEDS, ReplayWish
from tunscope.tui.screens.form import FormField, FormScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ReplayAnswer:
    """What was typed: the packets, and the rest of it."""

    packets: str
    wish: ReplayWish


class ReplayScreen(FormScreen[ReplayAnswer]):
    """Ends with what was typed."""

    FIELDS = (
        FormField("packets", "Packets", f"{', '.join(CHOICES)}, or numbers as in 1-100, 205"),
        FormField(
            "device",
            "Device",
            "where they are sent; another one than now is captured on from then on",
        ),
        FormField(
            "side", "Side", "who receives: kernel, wire, as-recorded; default: as tunscope replay"
        ),
        FormField("speed", "Speed", "as recorded, 2 x, 100 pps, 10 mbps, top, step (one a key)"),
        FormField(
            "options",
            "Options",
            "of tunscope replay, as in --map 10.0.0.0/8=192.168.0.0/16 --loop 2",
        ),
    )
    NAMESPACES = frozenset({"form", "replay_form"})
    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_FORM_KEYS]
    DEFAULT_CSS = """
    ReplayScreen > Vertical { width: 76; }
    ReplayScreen Horizontal > Static { width: 10; }
    ReplayScreen #hint { height: auto; margin-top: 1; color: $text-muted; }
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
            yield from self.lines(self._initial)
            yield Static("", id="hint", markup=False)
            yield Static("", id="mistake", markup=False)
            yield self.key_line(
                "form.send", "replay_form.other", "form.next", "form.close",
                labels={"form.send": "Replay", "form.next": "Next field"},
            )  # fmt: skip

    def on_mount(self) -> None:
        """Look again and again: a filter may have come to its end."""
        self.set_interval(_LOOK_SECONDS, self.show_mistake)
        self.show_mistake()

    @property
    def answer(self) -> ReplayAnswer:
        """What is typed now."""
        typed = self.typed
        packets = typed.pop("packets")
        return ReplayAnswer(packets, ReplayWish(**typed))

    def mistake(self) -> str:
        """Say what is wrong with it."""
        return self._mistake_of(self.answer)

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
