"""How applications look that are known by their bytes: never too strict, and cheap to ask."""

from __future__ import annotations

from typing import Final

_LONG: Final = 0x80
_LONGEST_HEAD: Final = 1 << 16


def looks_like_http(data: bytes) -> bool:
    """Whether a payload's first line may be a request or a status line."""
    if data[:7].upper() == b"HTTP/1.":
        return True
    stop = data.find(b"\n", 0, _LONGEST_HEAD)
    stop = min(len(data), _LONGEST_HEAD) if stop < 0 else stop
    return b"HTTP/1." in data[max(0, stop - 10) : stop].upper()


def looks_like_tls(data: bytes) -> bool:
    """Whether a payload may begin with the header of a record."""
    return len(data) >= 5 and 20 <= data[0] <= 24 and data[1] == 3


def looks_like_ssh(data: bytes) -> bool:
    """Whether a payload begins with a greeting."""
    return data.startswith(b"SSH-")


def looks_like_quic(data: bytes) -> bool:
    """Whether a payload may begin with a long header."""
    return len(data) >= 13 and data[0] & _LONG != 0


def looks_like_wireguard(data: bytes) -> bool:
    """Whether a payload may begin with a message's type."""
    return 1 <= data[0] <= 4 and data[1:4] == b"\0\0\0" if data else False
