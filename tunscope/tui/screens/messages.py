"""The message log: what the toasts said, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tunscope.tui.messages import LoggedMessage, sign_of
from tunscope.tui.screens.pager import Pager, PagerLine
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLES = {Severity.INFORMATION: "text", Severity.WARNING: "warning", Severity.ERROR: "error"}


class MessagesScreen(Pager):
    """All messages since the start, the newest first."""

    def __init__(self, messages: Sequence[LoggedMessage]) -> None:
        lines = [message_line(message) for message in reversed(messages)]
        nothing = PagerLine(((" nothing has been said yet", "muted"),))
        super().__init__("Messages", lines or [nothing])


def message_line(message: LoggedMessage) -> PagerLine:
    """Return one line of the log; the severity has a sign, not a colour alone."""
    sign = f"{sign_of(message.severity):<2}"
    style = _STYLES[message.severity]
    clock = time.strftime("%H:%M:%S", time.localtime(message.at))
    return PagerLine(((f" {clock}  ", "muted"), (f"{sign}{message.text}", style)))
