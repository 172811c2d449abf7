"""WebSocket (RFC 6455)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import application
from tunscope.summary.stream import read_units

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_OPCODES: Final = {
    0: "Continuation",
    1: "Text",
    2: "Binary",
    8: "Connection Close",
    9: "Ping",
    10: "Pong",
}
_FINAL: Final = 0x80
_MASKED: Final = 0x80


@application("websocket")
def read_websocket(window: Window, draft: Draft) -> bool:
    """Read the frames of a segment."""
    read_units(window, draft, 2, _length, _read_frame)
    return True


def _length(unit: Window) -> int:
    second = unit.u8(1)
    size = second & 0x7F
    header = 2 + (4 if second & _MASKED else 0)
    if size == 126:
        return header + 2 + unit.u16(2)
    if size == 127:
        return header + 8 + unit.u64(2)
    return header + size


def _read_frame(unit: Window, draft: Draft) -> None:
    first, second = unit.u8(0), unit.u8(1)
    draft.name("WebSocket")
    name = _OPCODES.get(first & 15, "Unknown Opcode")
    final = " [FIN]" if first & _FINAL else "[FRAGMENT] "
    draft.write(f"WebSocket {name}{final} {'[MASKED]' if second & _MASKED else ''}")
    unit.check(0, unit.length)
