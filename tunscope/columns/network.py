"""Network headers: IPv4, IPv6, ARP."""

from __future__ import annotations

from typing import Final

import numpy as np

from tunscope.columns.batch import Rows
from tunscope.columns.extensions import walk_extensions
from tunscope.columns.gather import Mask, Positions, header_type
from tunscope.columns.layout import Layer
from tunscope.columns.link import IPV4, IPV6
from tunscope.columns.stack import HeaderStack, offsets

_IPV6_SIZE: Final = 40
#: Where the source address ends.
_IPV4_SOURCE: Final = 16
#: Where the total length ends.
_IPV4_TOTAL: Final = 4
_IPV6_SOURCE: Final = 24
_ARP_TYPES: Final = (0x0806, 0x8035)
#: Bytes of ARP up to the addresses; Ethernet's 6 and IPv4's 4 bytes as ARP gives address sizes.
_ARP_FIXED: Final = 8
_ARP_SIZES: Final = 0x0604
#: Further than any packet reaches.
_NO_LIMIT: Final = np.int32(1 << 30)

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
    ends=("V32", 8),
)
_VERSION: Final = header_type(1, first=("u1", 0))
_ARP: Final = header_type(
    28, type=(">u2", 2), sizes=(">u2", 4), opcode=(">u2", 6), src=(">u4", 14), dst=(">u4", 24)
)
_HOP_BY_HOP: Final = 0


def decode_network(stack: HeaderStack) -> None:
    """Decode the network header of every row that has one, up to the transport header."""
    following = stack.following
    v4, v6 = following == IPV4, following == IPV6
    ip = v4 | v6
    if not ip.all():
        for kind in _ARP_TYPES:
            arp = following == kind
            if arp.any():
                _arp(stack, arp)
    if not ip.any():
        return
    start = stack.position
    # Length of the header, and of the packet from there: 0 where there is none.
    sizes = np.zeros(len(stack), np.int32)
    totals = np.zeros(len(stack), np.int32)
    later = np.zeros(len(stack), np.bool_)
    if v4.any():
        # tshark's IPv4 dissector hands version 6 on to IPv6's, whatever the type field says.
        v6 = v6 | _ipv4(stack, v4, sizes, totals, later)
    sixes = np.flatnonzero(v6)
    if len(sixes):
        _ipv6(stack, sixes, sizes, totals)
    # Length 0 is a jumbogram, or what segmentation offload leaves there: the rest of the packet.
    limit = start + totals + (totals == 0) * _NO_LIMIT
    stack.wire_end = np.minimum(stack.wire_end, limit)
    stack.end = np.minimum(stack.end, stack.wire_end)
    stack.position = start + sizes
    stack.transport = (sizes != 0) & ~later
    walk_extensions(stack, sixes)
    stack.columns["ip_proto"] = stack.protocol
    stack.put("l3_offset", offsets(start, stack.base) * ip)
    stack.columns["l4_offset"] = offsets(stack.position, stack.base) * stack.transport


def _ipv4(
    stack: HeaderStack, where: Mask, sizes: Positions, totals: Positions, later: Mask
) -> Mask:
    """Decode IPv4; return the rows that turn out to be IPv6."""
    at, end = stack.position, stack.end
    header, short = stack.window.take_whole(_IPV4, at, end, where)
    first = header["first"].copy()
    total = header["total"].astype(np.int32)
    size = ((first & 15) << 2).astype(np.int32)
    plausible = (first >= 0x45) & (first < 0x50) & ((total >= size) | (total == 0))
    good = plausible & (end - at >= size)
    six = np.zeros(len(stack), np.bool_)
    if len(short) or not np.array_equal(good, where):
        bad = where & ~good
        stack.mark(bad, Layer.IPV4)
        six = bad & (stack.window.take(_VERSION, at, end, where)["first"] >> 4 == 6)
        cut = _cut_ipv4(stack, np.append(short, np.flatnonzero(plausible & bad)))
        malformed = bad & ~six
        malformed[cut] = False
        stack.mark(malformed, Layer.MALFORMED)
        header[bad] = np.zeros((), header.dtype)
        size *= good
        total *= good
    sizes += size
    totals += total
    stack.mark(good, Layer.IPV4 | Layer.ADDRESSES)
    fragment = header["fragment"].astype(np.uint16)
    fragmented = fragment & 0x3FFF != 0
    if fragmented.any():
        stack.mark(fragmented, Layer.FRAGMENT)
        later |= fragment & 0x1FFF != 0
        stack.mark(later, Layer.LATER_FRAGMENT)
    stack.put("src", header["src"])
    stack.put("dst", header["dst"])
    stack.put("ttl", header["ttl"])
    stack.protocol = header["protocol"].copy()
    return six


def _cut_ipv4(stack: HeaderStack, rows: Rows) -> Rows:
    """Take what was captured of IPv4 headers cut short; return those with nothing wrong so far."""
    at, left = stack.position[rows], stack.end[rows] - stack.position[rows]
    header = stack.window.take(_IPV4, at, stack.end[rows])
    first, total = header["first"], header["total"]
    wrong = (left >= 1) & ((first < 0x45) | (first >= 0x50))
    wrong |= (left >= _IPV4_TOTAL) & (total < (first & 15) << 2) & (total != 0)
    rows, header, left = rows[~wrong], header[~wrong], left[~wrong]
    stack.mark_rows(rows, Layer.CUT)
    stack.column("ttl")[rows] = header["ttl"]
    stack.column("src")[rows] = header["src"] * (left >= _IPV4_SOURCE)
    return rows


def _ipv6(stack: HeaderStack, rows: Rows, sizes: Positions, totals: Positions) -> None:
    header, short = stack.window.take_whole(_IPV6, stack.position[rows], stack.end[rows])
    good = header["first"] >> 4 == 6
    if not good.all():
        stack.mark_rows(rows[~good], Layer.IPV6)
        cut = _cut_ipv6(stack, rows[short])
        stack.mark_rows(np.setdiff1d(rows[~good], cut), Layer.MALFORMED)
        rows, header = rows[good], header[good]
    if not len(rows):
        return
    stack.mark_rows(rows, Layer.IPV6 | Layer.ADDRESSES)
    # Interleaved, so that ids come in the order of the bytes on the wire.
    ends = header["ends"].copy().view("V16")
    ids = stack.addresses.number_ipv6(ends)
    stack.column("src")[rows] = ids[0::2]
    stack.column("dst")[rows] = ids[1::2]
    stack.column("ttl")[rows] = header["hops"]
    stack.protocol[rows] = header["following"]
    payload = header["payload"].astype(np.int32)
    sizes[rows] = _IPV6_SIZE
    jumbo = (payload == 0) & (header["following"] == _HOP_BY_HOP)
    totals[rows] = (payload + _IPV6_SIZE) * ~jumbo


def _cut_ipv6(stack: HeaderStack, rows: Rows) -> Rows:
    """Take what was captured of IPv6 headers cut short; return those with nothing wrong so far."""
    at, left = stack.position[rows], stack.end[rows] - stack.position[rows]
    header = stack.window.take(_IPV6, at, stack.end[rows])
    right = (left < 1) | (header["first"] >> 4 == 6)
    rows, header, left = rows[right], header[right], left[right]
    stack.mark_rows(rows, Layer.CUT)
    stack.column("ttl")[rows] = header["hops"]
    addressed = left >= _IPV6_SOURCE
    ends = header["ends"][addressed].copy().view("V16")[0::2]
    stack.column("src")[rows[addressed]] = stack.addresses.number_ipv6(ends)
    return rows


def _arp(stack: HeaderStack, where: Mask) -> None:
    at = stack.position
    header = stack.window.take(_ARP, at, stack.end, where)
    left = stack.end - at
    stack.mark(where, Layer.ARP)
    stack.mark(where & (left < _ARP_FIXED), Layer.CUT)
    stack.put("l3_offset", offsets(at, stack.base) * where)
    stack.put("sport", header["opcode"] * (left >= _ARP_FIXED))
    plain = (header["type"] == IPV4) & (header["sizes"] == _ARP_SIZES) & (left >= _ARP.itemsize)
    stack.put("src", header["src"] * plain)
    stack.put("dst", header["dst"] * plain)
