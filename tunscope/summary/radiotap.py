"""What capturing hosts put before wireless frames: radiotap headers, and CACE's PPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import LINK_TYPES, entered
from tunscope.summary.window import Malformed
from tunscope.summary.wlan import read_wlan

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_LEAST_RADIOTAP: Final = 8
_MORE_PRESENT: Final = 1 << 31
_TIMESTAMP: Final = 1 << 0
_FLAGS: Final = 1 << 1
_FLAG_CHECK_SEQUENCE: Final = 0x10
_FLAG_PADDED: Final = 0x20

_WLAN: Final = 105
_PPI_HEADER: Final = 8
_PPI_COMMON: Final = 2
_PPI_CHECK_SEQUENCE: Final = 0x1


@entered(LINK_TYPES, 127)
def read_radiotap(window: Window, draft: Draft) -> None:
    """Read from the header (radiotap.org) only what the frame behind it depends on."""
    draft.name("WLAN")
    draft.write("")
    version, size, present = window.u8(0), window.le16(2), window.le32(4)
    draft.write(f"Radiotap Capture v{version}, Length {size}")
    if size < _LEAST_RADIOTAP:
        return
    window.check(0, size)
    place, word = 8, present
    while word & _MORE_PRESENT and place < size:
        word = window.le32(place)
        place += 4
    if present & _TIMESTAMP:
        place += -place % 8 + 8
    if present & _FLAGS and place >= size:
        raise Malformed
    flags = window.u8(place) if present & _FLAGS else 0
    read_wlan(
        window.sub(size),
        draft,
        check_sequence=bool(flags & _FLAG_CHECK_SEQUENCE),
        padded=bool(flags & _FLAG_PADDED),
    )


@entered(LINK_TYPES, 192)
def read_ppi(window: Window, draft: Draft) -> None:
    """Read a per-packet information header and the packet of any link type behind it."""
    draft.name("PPI")
    draft.write("")
    version, size, linktype = window.u8(0), window.le16(2), window.le32(4)
    draft.write(f"PPI version {version}, {size} bytes")
    window.check(0, size)
    draft.descend()
    if linktype == _WLAN:
        read_wlan(window.sub(size), draft, check_sequence=_has_check_sequence(window, size))
        return
    reader = LINK_TYPES.get(linktype)
    if reader is not None:
        reader(window.sub(size), draft)


def _has_check_sequence(window: Window, stop: int) -> bool:
    place = _PPI_HEADER
    while place + 4 <= stop:
        kind, size = window.le16(place), window.le16(place + 2)
        if kind == _PPI_COMMON:
            return bool(window.le16(place + 12) & _PPI_CHECK_SEQUENCE)
        place += 4 + size
    return False
