"""Network headers: IPv4, IPv6 with its extension headers, ARP; AH behind either."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Mask, header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.link import IPV4, IPV6
from tunscope.columns.stack import HeaderStack, offsets

#: Extension headers in a row that are followed at most.
_ROUNDS: Final = 32
_MIN_IPV4: Final = 20
_IPV6_SIZE: Final = 40
_ARP_TYPES: Final = (0x0806, 0x8035)
_ARP_SIZE: Final = 28

_IPV4: Final = header_type(
    20,
    first=("u1", 0),
    total=(">u2", 2),
    fragment=(">u2", 6),
    ttl=("u1", 8),
    protocol=("u1", 9),
    src=(">u4", 12),
    dst=(">u4", 16),
)
_IPV6: Final = header_type(
    40,
    first=("u1", 0),
    payload=(">u2", 4),
    following=("u1", 6),
    hops=("u1", 7),
    src=("V16", 8),
    dst=("V16", 24),
)
_ARP: Final = header_type(
    28, type=(">u2", 2), sizes=(">u2", 4), opcode=(">u2", 6), src=(">u4", 14), dst=(">u4", 24)
)
_EXTENSION: Final = header_type(
    8, following=("u1", 0), size=("u1", 1), type=("u1", 2), fragment=(">u2", 2)
)

_AH: Final = 51
_EXTENSIONS: Final = {
    0: Shim.HOP_BY_HOP,
    43: Shim.ROUTING,
    44: Shim.FRAGMENT,
    _AH: Shim.AH,
    60: Shim.DESTINATION,
}
_IS_EXTENSION: Final = np.zeros(256, np.bool_)
_IS_EXTENSION[list(_EXTENSIONS)] = True


def decode_network(stack: HeaderStack) -> None:
    """Decode the network header of every row that has one, up to the transport header."""
    following = stack.following
    v4, v6 = following == IPV4, following == IPV6
    any4, any6 = bool(v4.any()), bool(v6.any())
    if any4 or any6:
        start = stack.position
        stack.columns["l3_offset"] = np.where(v4 | v6, offsets(start, stack.base), np.uint16(0))
        if any4:
            # tshark's IPv4 dissector hands version 6 on to IPv6's, whatever the type field says.
            v6 = v6 | _ipv4(stack, v4)
            any6 = any6 or bool(v6.any())
        if any6:
            _ipv6(stack, v6)
        _extensions(stack, v6)
        stack.columns["ip_proto"] = stack.protocol
        stack.columns["l4_offset"] = np.where(
            stack.transport, offsets(stack.position, stack.base), np.uint16(0)
        )
    for kind in _ARP_TYPES:
        arp = following == kind
        if arp.any():
            _arp(stack, arp)


def _ipv4(stack: HeaderStack, where: Mask) -> Mask:
    """Decode IPv4; return the rows that turn out to be IPv6."""
    at = stack.position
    header = stack.window.take(_IPV4, at, stack.end, where)
    first = header["first"]
    version = first >> 4
    size = ((first & 15) << 2).astype(np.int64)
    total = header["total"].astype(np.int64)
    left = stack.end - at
    stack.mark(where, Layer.IPV4)
    good = where & (version == 4) & (size >= _MIN_IPV4) & (left >= _MIN_IPV4)
    # Length 0 is what segmentation offload leaves there: the rest of the packet.
    good &= (total >= size) | (total == 0)
    six = np.zeros(len(stack), np.bool_)
    if not good.all():
        bad = where & ~good
        six = bad & (version == 6) & (left > 0)
        cut = bad & ~six & (left < _MIN_IPV4)
        stack.mark(cut, Layer.CUT)
        stack.mark(bad & ~six & ~cut, Layer.MALFORMED)
    stack.mark(good, Layer.ADDRESSES)
    fragment = header["fragment"].astype(np.uint16)
    fragmented = good & (fragment & 0x3FFF != 0)
    later = fragmented & (fragment & 0x1FFF != 0)
    if fragmented.any():
        stack.mark(fragmented, Layer.FRAGMENT)
        stack.mark(later, Layer.LATER_FRAGMENT)
    stack.set("src", header["src"].astype(np.uint32), good)
    stack.set("dst", header["dst"].astype(np.uint32), good)
    stack.set("ttl", header["ttl"], good)
    stack.protocol = np.where(good, header["protocol"], stack.protocol)
    stop = np.where(good & (total != 0), at + total, stack.wire_end)
    stack.wire_end = np.minimum(stack.wire_end, stop)
    stack.end = np.minimum(stack.end, stack.wire_end)
    stack.position = np.where(good, at + size, at)
    stack.transport = stack.transport | (good & ~later)
    return six


def _ipv6(stack: HeaderStack, where: Mask) -> None:
    at = stack.position
    header = stack.window.take(_IPV6, at, stack.end, where)
    left = stack.end - at
    stack.mark(where, Layer.IPV6)
    good = where & (header["first"] >> 4 == 6) & (left >= _IPV6_SIZE)
    bad = where & ~good
    if bad.any():
        stack.mark(bad & (left < _IPV6_SIZE), Layer.CUT)
        stack.mark(bad & (left >= _IPV6_SIZE), Layer.MALFORMED)
    rows = np.flatnonzero(good)
    if not len(rows):
        return
    stack.mark(good, Layer.ADDRESSES)
    ends = np.stack([header["src"][rows], header["dst"][rows]], axis=1).reshape(-1)
    ids = stack.addresses.number_ipv6(ends)
    stack.column("src")[rows] = ids[0::2]
    stack.column("dst")[rows] = ids[1::2]
    stack.set("ttl", header["hops"], good)
    stack.protocol = np.where(good, header["following"], stack.protocol)
    payload = header["payload"].astype(np.int64)
    # Length 0 is a jumbogram or segmentation offload: the rest of the packet.
    stop = np.where(good & (payload != 0), at + _IPV6_SIZE + payload, stack.wire_end)
    stack.wire_end = np.minimum(stack.wire_end, stop)
    stack.end = np.minimum(stack.end, stack.wire_end)
    stack.position = np.where(good, at + _IPV6_SIZE, stack.position)
    stack.transport = stack.transport | good


def _extensions(stack: HeaderStack, v6: Mask) -> None:
    """Walk IPv6 extension headers, and AH behind IPv4."""
    chained = stack.transport & (_IS_EXTENSION[stack.protocol] & v6 | (stack.protocol == _AH))
    rows = np.flatnonzero(chained)
    for _ in range(_ROUNDS):
        if not len(rows):
            return
        rows = _extension(stack, rows)
        rows = rows[_IS_EXTENSION[stack.protocol[rows]] & v6[rows] | (stack.protocol[rows] == _AH)]
    stack.transport[rows] = False
    stack.mark_rows(rows, Layer.MALFORMED)


def _extension(stack: HeaderStack, rows: Rows) -> Rows:
    """Decode one extension header of every row; return the rows that go on behind it."""
    at = stack.position[rows]
    left = stack.end[rows] - at
    kind = stack.protocol[rows]
    header = stack.window.take(_EXTENSION, at, stack.end[rows])
    stack.mark_rows(rows, Layer.EXTENSION)
    size = header["size"].astype(np.int64)
    # RFC 8200 counts 8 bytes beyond the first 8, RFC 4302 counts 4 bytes beyond the first 8.
    size = np.where(kind == 44, 8, np.where(kind == _AH, (size + 2) * 4, (size + 1) * 8))
    whole = (left >= 8) & (left >= size)
    value = header["following"].astype(np.uint32) << np.uint32(24)
    value |= np.where(kind == 44, header["fragment"], np.where(kind == 43, header["type"], 0))
    for number, shim in _EXTENSIONS.items():
        chosen = kind == number
        if chosen.any():
            stack.add_shims(rows[chosen], shim, at[chosen], value[chosen])
    cut = rows[~whole]
    stack.mark_rows(cut, Layer.CUT)
    stack.transport[cut] = False
    fragment = kind == 44
    later = fragment & (header["fragment"] & 0xFFF8 != 0)
    stack.mark_rows(rows[fragment & (header["fragment"] & 0xFFF9 != 0)], Layer.FRAGMENT)
    stack.mark_rows(rows[later], Layer.LATER_FRAGMENT)
    stack.transport[rows[later]] = False
    stack.protocol[rows[whole]] = header["following"][whole]
    stack.position[rows[whole]] = (at + size)[whole]
    further: Rows = rows[whole & ~later]
    return further


def _arp(stack: HeaderStack, where: Mask) -> None:
    at = stack.position
    header = stack.window.take(_ARP, at, stack.end, where)
    stack.mark(where, Layer.ARP)
    left = stack.end - at
    stack.mark(where & (left < 8), Layer.CUT)
    stack.set("l3_offset", offsets(at, stack.base), where)
    stack.set("sport", header["opcode"].astype(np.uint16), where & (left >= 8))
    plain = where & (header["type"] == IPV4) & (header["sizes"] == 0x0604) & (left >= _ARP_SIZE)
    stack.set("src", header["src"].astype(np.uint32), plain)
    stack.set("dst", header["dst"].astype(np.uint32), plain)


def protocols(stack: HeaderStack) -> npt.NDArray[np.uint8]:
    """Return the transport protocol of every row, 255 where none is reached."""
    return np.where(stack.transport, stack.protocol, np.uint8(255))
