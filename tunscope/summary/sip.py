"""SIP (RFC 3261)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.http import line_text, split_line
from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_METHODS: Final = (
    "ACK", "BYE", "CANCEL", "DO", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK",
    "PUBLISH", "QAUTH", "REFER", "REGISTER", "SPRACK", "SUBSCRIBE", "UPDATE",
)  # fmt: skip
_SIP: Final = "SIP/2.0"


@entered(UDP_PORTS, 5060)
@entered(TCP_PORTS, 5060)
def read_sip(window: Window, draft: Draft) -> bool:
    """Read a SIP request or status line; decline what is neither."""
    data = window.rest()
    first, size = split_line(data)
    if first is None:
        return False
    line = line_text(first)
    words = line.split(" ")
    headers = _headers(data[size:])
    if line.startswith(f"{_SIP} "):
        method = headers.get("cseq", "").rpartition(" ")[2]
        status = line[len(_SIP) + 1 :]
        text = f"Status: {status}"
        if status.startswith("2") and method:
            text += f" ({method})"
    elif len(words) >= 3 and words[0] in _METHODS and words[-1] == _SIP:
        text = f"Request: {words[0]} {words[1]}"
        if words[0] == "REGISTER":
            text += "  (1 binding)" if headers.keys() & {"contact", "m"} else "  (fetch bindings)"
    else:
        return False
    session = headers.get("content-type", "").startswith("application/sdp")
    draft.name("SIP/SDP" if session else "SIP")
    draft.write(f"{text} | ")
    return True


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(64):
        line, size = split_line(data)
        if not line:
            break
        name, _, value = line_text(line).partition(":")
        found.setdefault(name.strip().lower(), value.strip())
        data = data[size:]
    return found
