"""Which addresses a DNS or mDNS answer gives which names (RFC 1035, 3596, 6762)."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from typing import Final

from tunscope.summary.dns_names import read_name
from tunscope.summary.window import CaptureCut, Malformed, Window

_A: Final = 1
_PTR: Final = 12
_AAAA: Final = 28
_INTERNET: Final = 1
_RESPONSE: Final = 0x8000
_CLASS: Final = 0x7FFF  # mDNS says "cache flush" in the top bit
_HEADER: Final = 12
#: More records than this are read of no message.
_MOST: Final = 200


def address_names(message: bytes) -> list[tuple[str, str]]:
    """Return address texts and their names, of A, AAAA and PTR answers; of a cut message those
    that are there."""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(CaptureCut, Malformed):
        found.extend(_pairs(Window(message, 0, len(message), len(message))))
    return found


def _pairs(message: Window) -> Iterator[tuple[str, str]]:
    if not message.u16(2) & _RESPONSE or message.u16(2) & 0xF:
        return
    questions, *others = (message.u16(place) for place in (4, 6, 8, 10))
    offset = _HEADER
    for _ in range(min(questions, _MOST)):
        _, offset = read_name(message, offset)
        offset += 4
    for _ in range(min(sum(others), _MOST)):
        owner, offset = read_name(message, offset)
        kind, group, size = message.u16(offset), message.u16(offset + 2), message.u16(offset + 8)
        offset += 10
        if group & _CLASS == _INTERNET:
            yield from _pair(message, owner, kind, offset, size)
        offset += size


def _pair(
    message: Window, owner: bytes, kind: int, offset: int, size: int
) -> Iterator[tuple[str, str]]:
    if kind == _A and size == 4:
        yield str(ipaddress.IPv4Address(message.take(offset, 4))), _text(owner)
    elif kind == _AAAA and size == 16:
        yield str(ipaddress.IPv6Address(message.take(offset, 16))), _text(owner)
    elif kind == _PTR:
        address = _reverse(_text(owner))
        if address:
            yield address, _text(read_name(message, offset)[0])


def _reverse(name: str) -> str:
    """Return the address whose reverse name this is, "" if it is none."""
    labels = name.lower().rstrip(".").split(".")
    try:
        if labels[-2:] == ["in-addr", "arpa"] and len(labels) == 6:
            return str(ipaddress.IPv4Address(".".join(reversed(labels[:4]))))
        if labels[-2:] == ["ip6", "arpa"] and len(labels) == 34:
            return str(ipaddress.IPv6Address(int("".join(reversed(labels[:32])), 16)))
    except ValueError:
        pass
    return ""


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
