"""A form for an injection: toward whom, how many, how fast, what counts up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import INJECT_KEYS
from tunscope.tui.injection import SIDES, InjectOrder, InjectWish
from tunscope.tui.screens.form import FormField, FormScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class InjectScreen(FormScreen[InjectOrder]):
    """Ends with the order."""

    FIELDS = (
        FormField(
            "side", "Side", "kernel: this machine receives it; wire: what the device leads to"
        ),
        FormField("count", "Count", "how many packets"),
        FormField("interval", "Interval", "seconds between them"),
        FormField(
            "increments", "Count up", "fields that grow by one each time, as in ip.id icmp.seq"
        ),
    )
    NAMESPACES = frozenset({"form", "inject"})
    BINDINGS: ClassVar[list[BindingType]] = [*INJECT_KEYS]
    DEFAULT_CSS = """
    InjectScreen > Vertical { width: 76; }
    InjectScreen Horizontal > Static { width: 10; }
    InjectScreen #hint { height: auto; margin-top: 1; color: $text-muted; }
    """

    def __init__(
        self,
        device: str,
        side: str,
        packet: tuple[bytes, int, tuple[str, ...], int | None],
    ) -> None:
        """`packet` is its bytes, link type, notes for the capture file, and packet id."""
        super().__init__()
        self._title = f"Inject {len(packet[0])} bytes on {printable(device)}"
        self._packet = packet
        self._initial = {"side": side, "count": "1", "interval": "1"}

    def compose(self) -> ComposeResult:
        """A line a field, what it is, what is wrong, the keys."""
        with Vertical():
            yield Static(self._title, markup=False)
            yield from self.lines(self._initial)
            yield Static("", id="hint", markup=False)
            yield Static("", id="mistake", markup=False)
            yield self.key_line(
                "form.send", "inject.side", "form.next", "form.close",
                labels={"form.send": "Inject", "form.next": "Next field"},
            )  # fmt: skip

    @property
    def answer(self) -> InjectOrder:
        """The order."""
        return InjectWish(**self.typed).order(*self._packet)

    def mistake(self) -> str:
        """Say what is wrong with the order."""
        try:
            _ = self.answer
        except UsageError as error:
            return str(error)
        return ""

    def action_tab(self) -> None:
        """Take the other side, or in another field go on to the next one."""
        if self.focused is not None and self.focused.id == "side":
            self._other_side()
        else:
            self.focus_next()

    def _other_side(self) -> None:
        side = self.input("side")
        side.value = SIDES[side.value.strip() == SIDES[0]]
