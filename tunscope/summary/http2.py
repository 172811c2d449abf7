"""HTTP/2 without TLS (RFC 9113): frame types and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_GUESSES, application, guessed
from tunscope.summary.stream import read_units

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADER: Final = 9
_TYPES: Final = {
    0: "DATA",
    1: "HEADERS",
    2: "PRIORITY",
    3: "RST_STREAM",
    4: "SETTINGS",
    5: "PUSH_PROMISE",
    6: "PING",
    7: "GOAWAY",
    8: "WINDOW_UPDATE",
    9: "CONTINUATION",
    10: "ALTSVC",
    12: "ORIGIN",
    16: "PRIORITY_UPDATE",
}


@guessed(TCP_GUESSES)
def guess_http2(window: Window, draft: Draft) -> bool:
    """Recognise the client's connection preface on any port."""
    if window.rest(0, len(_PREFACE)) != _PREFACE:
        return False
    draft.conversation.application = "h2c"
    return read_http2(window, draft)


@application("h2c")
def read_http2(window: Window, draft: Draft) -> bool:
    """Read the frames of a segment, behind the preface if there is one."""
    draft.name("HTTP2")
    draft.write("")
    if window.rest(0, len(_PREFACE)) == _PREFACE:
        draft.append_item("Magic")
        window = window.sub(len(_PREFACE))
    read_units(window, draft, _HEADER, lambda unit: unit.u24(0) + _HEADER, _read_frame)
    return True


def _read_frame(unit: Window, draft: Draft) -> None:
    kind, stream = unit.u8(3), unit.u32(5) & 0x7FFF_FFFF
    draft.append_item(f"{_TYPES.get(kind, f'Unknown type ({kind})')}[{stream}]")
    unit.check(0, unit.length)
