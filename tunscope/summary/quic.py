"""QUIC (RFC 9000), as far as its headers are not protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import UDP_GUESSES, UDP_PORTS, application, entered, guessed

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_LONG: Final = 0x80
_FIXED: Final = 0x40
_TYPES: Final = ("Initial", "0-RTT", "Handshake", "Retry")
_VERSION_1: Final = 1
_DRAFTS: Final = range(0xFF00_0016, 0xFF00_0030)
_MAX_PACKETS: Final = 16
_KEY_PHASE: Final = 0x04


@entered(UDP_PORTS, 443)
@application("QUIC")
def read_quic(window: Window, draft: Draft) -> bool:
    """Read the packets of a datagram; decline what cannot be QUIC."""
    first = window.u8(0)
    if not first & _LONG:
        if not first & _FIXED or not draft.conversation.notes.get("quic"):
            return False
        draft.name("QUIC")
        draft.write("Protected Payload (KP0)")
        connection = draft.conversation.notes.get(f"quic {draft.dport}")
        if connection:
            draft.append(f", DCID={connection}")
        return True
    if window.captured < 7 or not _is_quic_version(window.u32(1)):
        return False
    draft.name("QUIC")
    draft.write("")
    offset = 0
    for step in range(_MAX_PACKETS):
        if offset >= window.length:
            break
        part = window.sub(offset)
        if step and not part.u8(0) & _LONG:
            draft.append_item("Protected Payload (KP0)")
            break
        size = _read_long(part, draft)
        if not size:
            break
        offset += size
    return True


@guessed(UDP_GUESSES)
def guess_quic(window: Window, draft: Draft) -> bool:
    """Recognise a long header of a known version on any port."""
    head = window.rest(0, 7)
    if len(head) < 7 or head[0] & (_LONG | _FIXED) != _LONG | _FIXED or window.length < 21:
        return False
    if not _is_quic_version(int.from_bytes(head[1:5], "big")) or head[5] > 20:
        return False
    draft.conversation.application = "QUIC"
    return read_quic(window, draft)


def _is_quic_version(version: int) -> bool:
    return version in {0, _VERSION_1, 0x6B3343CF} or version in _DRAFTS


def _read_long(part: Window, draft: Draft) -> int:
    """Read a long header packet; return its size, 0 if it takes the rest of the datagram."""
    first, version = part.u8(0), part.u32(1)
    size = part.u8(5)
    destination = part.take(6, size).hex()
    other = part.u8(6 + size)
    source = part.take(7 + size, other).hex()
    offset = 7 + size + other
    names = (
        f"{f', DCID={destination}' if destination else ''}{f', SCID={source}' if source else ''}"
    )
    if version == 0:
        draft.append_item(f"Version Negotiation{names}")
        return 0
    draft.conversation.notes["quic"] = 1
    if source:
        draft.conversation.notes[f"quic {draft.sport}"] = source
    kind = _TYPES[first >> 4 & 3]
    draft.append_item(f"{kind}{names}")
    if kind == "Retry":
        return 0
    if kind == "Initial":
        size, offset = _variable(part, offset)
        offset += size
    length, offset = _variable(part, offset)
    return offset + length


def _variable(part: Window, offset: int) -> tuple[int, int]:
    """Read a variable-length integer (RFC 9000, 16); return it and where it ends."""
    size = 1 << (part.u8(offset) >> 6)
    value = int.from_bytes(part.take(offset, size), "big")
    return value & ((1 << (8 * size - 2)) - 1), offset + size
