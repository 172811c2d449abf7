"""How long packets may be before a capture file counts as damaged: Wireshark's limits."""

from __future__ import annotations

from typing import Final

#: Captured bytes of a packet, on all link types but these few.
MAX_CAPLEN: Final = 262_144
_MIB: Final = 1 << 20
_EXCEPTIONS: Final = {
    231: 128 * _MIB,  # LINKTYPE_DBUS
    249: 128 * _MIB,  # LINKTYPE_USBPCAP
    279: 8 * _MIB,  # LINKTYPE_EBHSCR
}


def max_caplen(linktype: int) -> int:
    """Return how many bytes of a packet of this link type a capture may hold."""
    return _EXCEPTIONS.get(linktype, MAX_CAPLEN)
