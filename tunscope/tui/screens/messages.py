"""The message log: what the toasts said, and when."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.tui.screens.pager import Pager, PagerLine
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNS = {
    Severity.INFORMATION: ("  ", "text"),
    Severity.WARNING: ("▲ ", "warning"),
    Severity.ERROR: ("✖ ", "error"),
}


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """A message with the time it was shown, in seconds since 1970; `text` is printable."""

    at: float
    severity: Severity
    text: str


class MessagesScreen(Pager):
    """All messages since the start, the newest first."""

    def __init__(self, messages: Sequence[LoggedMessage]) -> None:
        lines = [message_line(message) for message in reversed(messages)]
        nothing = PagerLine(((" nothing has been said yet", "muted"),))
        super().__init__("Messages", lines or [nothing])


def message_line(message: LoggedMessage) -> PagerLine:
    """Return one line of the log; the severity has a sign, not a colour alone."""
    sign, style = _SIGNS[message.severity]
    clock = time.strftime("%H:%M:%S", time.localtime(message.at))
    return PagerLine(((f" {clock}  ", "muted"), (f"{sign}{message.text}", style)))
