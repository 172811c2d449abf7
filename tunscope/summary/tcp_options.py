"""TCP options as an Info text shows them (IANA registry of TCP option kinds)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tunscope.summary.window import CaptureCut, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tunscope.summary.draft import Draft

_END: Final = 0
_NO_OPERATION: Final = 1
_WINDOW_SCALE: Final = 3
_MULTIPATH: Final = 30
#: The shift may not be more (RFC 7323, 2.3).
_MAX_SHIFT: Final = 14
_FAST_OPEN_ID: Final = 0xF989


def offered_scale(options: Window) -> int | None:
    """Return the shift of the Window Scale option, as far as the options are captured."""
    with suppress(CaptureCut):
        for kind, size, offset in _walk(options):
            if kind == _WINDOW_SCALE and size == 3:
                return min(options.u8(offset + 2), _MAX_SHIFT)
    return None


def show_options(options: Window, base: int, draft: Draft) -> None:
    """Add the options to the Info text; `base` is subtracted from selective acknowledgments."""
    for kind, size, offset in _walk(options):
        options.check(offset, size)
        if kind == _MULTIPATH:
            draft.name("MPTCP")
        text = _TEXTS.get(kind)
        if text is not None:
            draft.append(text(options, offset, size, base))


def _walk(options: Window) -> Iterator[tuple[int, int, int]]:
    """Yield kind, size and offset of each option but padding, up to the first senseless size."""
    offset = 0
    while offset < options.length:
        kind = options.u8(offset)
        if kind == _END:
            return
        if kind == _NO_OPERATION:
            offset += 1
            continue
        if offset + 1 >= options.length:
            return
        size = options.u8(offset + 1)
        if size < 2 or offset + size > options.length:
            return
        yield kind, size, offset
        offset += size


def _segment_size(options: Window, offset: int, size: int, base: int) -> str:
    return f" MSS={options.u16(offset + 2)}" if size == 4 else ""


def _scale(options: Window, offset: int, size: int, base: int) -> str:
    return f" WS={1 << min(options.u8(offset + 2), _MAX_SHIFT)}" if size == 3 else ""


def _sack(options: Window, offset: int, size: int, base: int) -> str:
    text = ""
    for place in range(offset + 2, offset + size, 8):
        left, right = options.u32(place) - base, options.u32(place + 4) - base
        text += f" SLE={left & 0xFFFFFFFF} SRE={right & 0xFFFFFFFF}"
    return text


def _timestamps(options: Window, offset: int, size: int, base: int) -> str:
    if size != 10:
        return ""
    return f" TSval={options.u32(offset + 2)} TSecr={options.u32(offset + 6)}"


def _fast_open(options: Window, offset: int, size: int, base: int) -> str:
    return " TFO=C" if size > 2 else " TFO=R"


def _experiment(options: Window, offset: int, size: int, base: int) -> str:
    if size < 4:
        return ""
    identifier = options.u16(offset + 2)
    if identifier == _FAST_OPEN_ID:
        return " TFO=C" if size > 4 else " TFO=R"
    return f" ExID={identifier:X}"


def _fixed(text: str) -> Callable[[Window, int, int, int], str]:
    return lambda options, offset, size, base: text


def _number(name: str) -> Callable[[Window, int, int, int], str]:
    return lambda options, offset, size, base: (
        f" {name}={options.u32(offset + 2)}" if size == 6 else ""
    )


def _user_timeout(options: Window, offset: int, size: int, base: int) -> str:
    return f" USER_TO={options.u16(offset + 2) & 0x7FFF}" if size == 4 else ""


_TEXTS: Final[dict[int, Callable[[Window, int, int, int], str]]] = {
    2: _segment_size,
    3: _scale,
    4: _fixed(" SACK_PERM"),
    5: _sack,
    6: _number("ECHO"),
    7: _number("ECHO"),
    8: _timestamps,
    11: _number("CC"),
    12: _number("CC"),
    13: _number("CC"),
    19: _fixed(" MD5"),
    28: _user_timeout,
    29: _fixed("TCP AO"),
    34: _fast_open,
    253: _experiment,
    254: _experiment,
}
