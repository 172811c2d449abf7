"""NTP version 1 to 4, the client and server modes (RFC 5905)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.ntp_control import add_control, add_private
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import Dissection, Payload, take, u16, u32, u64

#: Seconds from 1900 to 1970, and from 1970 to where NTP's second era begins.
_TO_1970: Final = 2_208_988_800
_SECOND_ERA: Final = 0x80000000
_CONTROL, _PRIVATE = 6, 7
_HEADER: Final = 48


@decodes("udp", "ntp")
def decode_ntp(dissection: Dissection, payload: Payload) -> bool:
    """Decode an NTP packet."""
    octets = payload.octets
    data = octets.data
    if not dissection.begin("ntp", octets):
        return True
    add = dissection.add
    flags = data[0]
    mode = flags & 7
    add("ntp.flags", flags)
    if mode == _PRIVATE:
        add("ntp.priv.flags.r", flags >> 7)
        add("ntp.priv.flags.more", flags >> 6 & 1)
    else:
        add("ntp.flags.li", flags >> 6)
    add("ntp.flags.vn", flags >> 3 & 7)
    add("ntp.flags.mode", mode)
    if mode == _CONTROL:
        add_control(dissection, data)
        return True
    if mode == _PRIVATE:
        add_private(dissection, data)
        return True
    add("ntp.stratum", data[1])
    add("ntp.ppoll", data[2])
    add("ntp.precision", data[3])
    add("ntp.rootdelay", u32(data, 4))
    add("ntp.rootdispersion", u32(data, 8))
    add("ntp.refid", take(data, 12, 4))
    for name, offset in (("reftime", 16), ("org", 24), ("rec", 32), ("xmt", 40)):
        add(f"ntp.{name}", _time(u64(data, offset)))
    _add_rest(dissection, data)
    return True


def _time(stamp: int) -> int:
    """Return nanoseconds since 1970; stamps below half of the range are of the second era."""
    seconds, fraction = stamp >> 32, stamp & 0xFFFFFFFF
    if not stamp:
        return 0
    epoch = seconds - _TO_1970 if seconds & _SECOND_ERA else seconds + (1 << 32) - _TO_1970
    return epoch * 10**9 + fraction * 10**9 // (1 << 32)


def _add_rest(dissection: Dissection, data: bytes) -> None:
    """Extension fields and the message authentication code behind the header."""
    add = dissection.add
    offset = _HEADER
    while len(data) - offset > 24:
        kind, length = u16(data, offset), u16(data, offset + 2)
        if length < 16 or offset + length > len(data):
            break
        add("ntp.ext", None)
        add("ntp.ext.type", kind)
        add("ntp.ext.length", length)
        add("ntp.ext.value", data[offset + 4 : offset + length])
        offset += length
    left = len(data) - offset
    if left >= 4:
        add("ntp.keyid", data[offset : offset + 4])
        if left > 4:
            add("ntp.mac", data[offset + 4 :])
