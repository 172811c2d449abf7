"""ARP requests and neighbour solicitations as frames, and what their answers tell. Pure.

RFC 826 with RFC 5227 (a sender without an address asks from 0.0.0.0), and RFC 4861, section 4.3.
"""

from __future__ import annotations

import struct

from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import with_checksums

_BROADCAST = b"\xff" * 6
_ARP_HEAD = struct.pack(">HHBB", 1, 0x0800, 6, 4)
_SOLICITED = bytes.fromhex("ff020000000000000000 0001ff")
_ICMPV6 = 58


def neighbour_request(mac: bytes, source: bytes, target: bytes) -> bytes:
    """Return a frame from `mac` that asks who has the IPv4 or IPv6 address `target`.

    `source` is an address of the same family.
    """
    if len(target) == 4:
        question = _ARP_HEAD + b"\0\1" + mac + source + bytes(6) + target
        return (_BROADCAST + mac + b"\x08\x06" + question).ljust(60, b"\0")
    group = _SOLICITED + target[13:]
    message = b"\x87\0\0\0" + bytes(4) + target + b"\1\1" + mac
    header = struct.pack(">IHBB", 6 << 28, len(message), _ICMPV6, 255) + source + group
    frame = b"\x33\x33" + group[12:] + mac + b"\x86\xdd" + header + message
    return with_checksums(frame, LinkType.ETHERNET)


def neighbour_answer(frame: bytes) -> tuple[bytes, bytes] | None:
    """Return the address and the MAC address that a frame tells of its sender, None if none."""
    if frame[12:14] == b"\x08\x06" and frame[14:22] == _ARP_HEAD + b"\0\2" and len(frame) >= 42:
        return frame[28:32], frame[22:28]
    advertises = frame[12:14] == b"\x86\xdd" and frame[20:21] == bytes([_ICMPV6])
    if advertises and frame[54:55] == b"\x88" and len(frame) >= 78:
        options, at = frame[78:], 0
        while at + 8 <= len(options) and options[at + 1]:
            if options[at] == 2:
                return frame[62:78], options[at + 2 : at + 8]
            at += 8 * options[at + 1]
        return frame[62:78], frame[6:12]
    return None


def multicast_mac(address: bytes) -> bytes | None:
    """Return where an IP address that is no single host's is sent to, None for a host's.

    RFC 1112, section 6.4; RFC 2464, section 7.
    """
    if address == b"\xff" * 4:
        return _BROADCAST
    if len(address) == 4 and 224 <= address[0] < 240:
        return b"\x01\x00\x5e" + bytes([address[1] & 0x7F]) + address[2:]
    return b"\x33\x33" + address[12:] if len(address) == 16 and address[0] == 0xFF else None
