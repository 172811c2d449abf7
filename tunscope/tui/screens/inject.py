"""A form for an injection: toward whom, how many, how fast, what counts up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import INJECT_KEYS
from tunscope.tui.injection import SIDES, InjectOrder, InjectWish
from tunscope.tui.screens.form import FormScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_FIELDS = (
    ("side", "Side", "kernel: this machine receives it; wire: what the device leads to"),
    ("count", "Count", "how many packets"),
    ("interval", "Interval", "seconds between them"),
    ("increments", "Count up", "fields that grow by one each time, as in ip.id icmp.seq"),
)


class InjectScreen(FormScreen[InjectOrder]):
    """Ends with the order, None after Esc; what is wrong is said as it is typed."""

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
            for name, label, hint in _FIELDS:
                with Horizontal():
                    yield Static(label, markup=False)
                    value = self._initial.get(name, "")
                    yield Input(
                        value, placeholder=hint, id=name, compact=True, select_on_focus=True
                    )
            yield Static("", id="hint", markup=False)
            yield Static("", id="mistake", markup=False)
            yield self.key_line(
                "form.send", "inject.side", "form.next", "form.close",
                labels={"form.send": "Inject", "form.next": "Next field"},
            )  # fmt: skip

    def on_mount(self) -> None:
        """Begin with the side."""
        self.query_one("#side", Input).focus()

    def _order(self) -> InjectOrder:
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name, *_ in _FIELDS}
        return InjectWish(**typed).order(*self._packet)

    def _mistake(self) -> str:
        try:
            self._order()
        except UsageError as error:
            return str(error)
        return ""

    def on_descendant_focus(self) -> None:
        """Explain the field."""
        focused = self.focused
        for name, _, hint in _FIELDS:
            if focused is not None and focused.id == name:
                self.query_one("#hint", Static).update(hint)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong so far."""
        event.stop()
        self.query_one("#mistake", Static).update(printable(self._mistake()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, if it can be done."""
        event.stop()
        self.action_send()

    def action_tab(self) -> None:
        """Take the other side, or in another field go on to the next one."""
        if self.focused is not None and self.focused.id == "side":
            self._other_side()
        else:
            self.focus_next()

    def _other_side(self) -> None:
        side = self.query_one("#side", Input)
        side.value = SIDES[side.value.strip() == SIDES[0]]

    def action_send(self) -> None:
        """End with the order."""
        mistake = self._mistake()
        if mistake:
            self.query_one("#mistake", Static).update(printable(mistake))
        else:
            self.dismiss(self._order())

    def action_close(self) -> None:
        """Inject nothing."""
        self.dismiss(None)
