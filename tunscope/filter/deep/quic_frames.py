"""The frames of QUIC's Initial packets (RFC 9000, 19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tunscope.filter.deep.numbers import read_number
from tunscope.filter.layers.dissection import Dissection, take

_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE, _CLOSE_APPLICATION = 0, 1, 2, 3, 6, 0x1C, 0x1D
_MOST_FRAMES: Final = 1000


def add_frames(
    dissection: Dissection, data: bytes, add_handshake: Callable[[int, bytes], None]
) -> None:
    """Note the frames in `data`; `add_handshake` gets the offset and bytes of CRYPTO frames."""
    add = dissection.add
    offset = 0
    for _ in range(_MOST_FRAMES):
        if offset >= len(data):
            return
        kind = data[offset]
        add("quic.frame", None)
        add("quic.frame_type", kind)
        offset += 1
        if kind == _PADDING:
            rest = data[offset - 1 :]
            padding = len(rest) - len(rest.lstrip(b"\0"))
            add("quic.padding_length", padding)
            offset += padding - 1
        elif kind in (_ACK, _ACK_ECN):
            offset = _add_acknowledgement(dissection, data, offset, kind)
        elif kind == _CRYPTO:
            place, offset = read_number(data, offset)
            size, offset = read_number(data, offset)
            add("quic.crypto.offset", place)
            add("quic.crypto.length", size)
            add("quic.crypto.crypto_data", None)
            add_handshake(place, take(data, offset, size))
            offset += size
        elif kind in (_CLOSE, _CLOSE_APPLICATION):
            offset = _add_close(dissection, data, offset, kind)
        elif kind != _PING:
            return


def _add_acknowledgement(dissection: Dissection, data: bytes, offset: int, kind: int) -> int:
    prefix = "quic.ack"
    values = []
    for name in ("largest_acknowledged", "ack_delay", "ack_range_count", "first_ack_range"):
        value, offset = read_number(data, offset)
        dissection.add(f"{prefix}.{name}", value)
        values.append(value)
    names = ["gap", "ack_range"] * min(values[2], len(data))
    if kind == _ACK_ECN:
        names += ["ect0_count", "ect1_count", "ecn_ce_count"]
    for name in names:
        value, offset = read_number(data, offset)
        dissection.add(f"{prefix}.{name}", value)
    return offset


def _add_close(dissection: Dissection, data: bytes, offset: int, kind: int) -> int:
    application = kind == _CLOSE_APPLICATION
    code, offset = read_number(data, offset)
    dissection.add(f"quic.cc.error_code{'.app' if application else ''}", code)
    if not application:
        if code >> 8 == 1:
            dissection.add("quic.cc.error_code.tls_alert", code & 0xFF)
        frame, offset = read_number(data, offset)
        dissection.add("quic.cc.frame_type", frame)
    size, offset = read_number(data, offset)
    dissection.add("quic.cc.reason_phrase.length", size)
    phrase = take(data, offset, size).decode("utf-8", "replace")
    dissection.add("quic.cc.reason_phrase", phrase)
    return offset + size
