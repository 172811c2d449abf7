"""Syslog (RFC 3164, RFC 5424)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_FACILITIES: Final = (
    "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON",
    "AUTHPRIV", "FTP", "NTP", "LOGAUDIT", "LOGALERT", "CRON", "LOCAL0", "LOCAL1", "LOCAL2",
    "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7",
)  # fmt: skip
_SEVERITIES: Final = ("EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG")


@entered(UDP_PORTS, 514)
def read_syslog(window: Window, draft: Draft) -> bool:
    """Read priority and message."""
    draft.name("Syslog")
    data = window.rest()
    head, mark, message = data[1:5].partition(b">")
    if data[:1] == b"<" and mark and head.isdigit():
        priority = int(head)
        facility = priority >> 3
        name = _FACILITIES[facility] if facility < len(_FACILITIES) else "UNKNOWN"
        message = data[len(head) + 2 :]
        draft.write(f"{name}.{_SEVERITIES[priority & 7]}: {_escaped(message)}")
    else:
        draft.write(_escaped(data))
    return True


def _escaped(message: bytes) -> str:
    """Return text with the line ends and tabs that Wireshark spells out."""
    text = message.decode("utf-8", "replace")
    return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("\0", "")
