"""What packets carry inside: where the header stacks of the next level start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.columns.batch import Rows
from tunscope.columns.gather import header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.link import PseudoLink
from tunscope.columns.stack import HeaderStack
from tunscope.columns.starts import StartList, Starts
from tunscope.columns.transport import ICMP, ICMPV6
from tunscope.columns.udp_tunnels import find_in_udp
from tunscope.packet.linktype import LinkType

_IPIP: Final = 4
_6IN4: Final = 41
_GRE: Final = 47
_VERSION_6: Final = 6
_MPLS_IN_IP: Final = 137

_ICMP_SIZE: Final = 8
#: Destination unreachable, source quench, redirect, time exceeded, parameter problem.
_ICMP_ERRORS: Final = (3, 4, 5, 11, 12)
_REDIRECT: Final = 5
#: Bytes behind the IP header that an ICMP error quotes at least (RFC 792).
_QUOTED: Final = 8
#: Destination unreachable, packet too big, time exceeded, parameter problem.
_ICMPV6_ERRORS: Final = (1, 2, 3, 4)

_TRANSPARENT_ETHERNET: Final = 0x6558
_ERSPAN: Final = 0x88BE
_ERSPAN_III: Final = 0x22EB
_PPP: Final = 0x880B

_IP_SIZE: Final = header_type(1, first=("u1", 0))
_GRE_HEADER: Final = header_type(4, flags=(">u2", 0), type=(">u2", 2), both=(">u4", 0))

Finder = Callable[[HeaderStack, Rows, StartList], None]


def find_inner(stack: HeaderStack) -> Starts | None:
    """Return where the next level's header stacks start, None if no row has any."""
    found = StartList(stack)
    protocol = stack.protocol * stack.transport
    carriers = _IS_CARRIER.take(protocol)
    if carriers.any():
        for number in sorted(set(protocol[carriers].tolist())):
            _FINDERS[number](stack, np.flatnonzero(protocol == number), found)
    if "dport" in stack.columns:
        find_in_udp(stack, found)
    return found.joined()


def _ip_in_ip(kind: LinkType) -> Finder:
    def find(stack: HeaderStack, rows: Rows, found: StartList) -> None:
        found.add(rows, stack.position[rows], kind)

    return find


def _payload(ethertype: int) -> Finder:
    def find(stack: HeaderStack, rows: Rows, found: StartList) -> None:
        found.add(rows, stack.position[rows], PseudoLink.PAYLOAD, ethertype)

    return find


def _icmp(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    kind = stack.column("sport")[rows]
    rows = rows[np.isin(kind, _ICMP_ERRORS)]
    at = stack.position[rows] + _ICMP_SIZE
    # Of what a redirect quotes, tshark reads as much as RFC 792 says there is.
    header = stack.window.take(_IP_SIZE, at, stack.end[rows])
    quoted = at + ((header["first"] & 15) << 2) + _QUOTED
    redirect = stack.column("sport")[rows] == _REDIRECT
    end = np.where(redirect, quoted, stack.end[rows])
    found.add(rows, at, LinkType.IPV4, layers=Layer.QUOTED | Layer.ICMP_QUOTE, end=end)


def _icmpv6(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    rows = rows[np.isin(stack.column("sport")[rows], _ICMPV6_ERRORS)]
    at = stack.position[rows] + _ICMP_SIZE
    # What is no IPv6 packet is only data to tshark.
    version = stack.window.take(_IP_SIZE, at, stack.end[rows])["first"] >> 4
    rows, at = rows[version == _VERSION_6], at[version == _VERSION_6]
    found.add(rows, at, LinkType.IPV6, layers=Layer.QUOTED)


def _gre(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    at = stack.position[rows]
    header = stack.window.take(_GRE_HEADER, at, stack.end[rows])
    stack.mark_rows(rows, Layer.GRE)
    whole = stack.end[rows] - at >= _GRE_HEADER.itemsize
    stack.mark_rows(rows[~whole], Layer.CUT)
    rows, at, header = rows[whole], at[whole], header[whole]
    stack.add_shims(rows, Shim.GRE, at, header["both"].astype(np.uint32))
    flags = header["flags"].astype(np.int32)
    checksum, routing = flags & 0x8000 != 0, flags & 0x4000 != 0
    key, sequence, acknowledged = (flags & bit != 0 for bit in (0x2000, 0x1000, 0x0080))
    # Only PPTP, which has a version of its own, acknowledges.
    acknowledged &= (header["type"] == _PPP) & (flags & 7 != 0)
    # Source routes (RFC 1701) have no fixed length; nobody has sent them for decades.
    plain = ~routing & (flags & 7 <= 1)
    stack.mark_rows(rows[~plain], Layer.MALFORMED)
    size = 4 + 4 * (checksum.astype(np.int32) + key + sequence + acknowledged)
    kind = header["type"].astype(np.uint16)
    links = np.full(len(rows), PseudoLink.PAYLOAD, np.uint16)
    links[kind == _TRANSPARENT_ETHERNET] = LinkType.ETHERNET
    links[kind == _PPP] = PseudoLink.PPP
    erspan = (kind == _ERSPAN) | (kind == _ERSPAN_III)
    links[erspan] = LinkType.ETHERNET
    # ERSPAN type I has no header of its own; only types II and III count their packets.
    size += np.where((kind == _ERSPAN) & sequence, 8, np.where(kind == _ERSPAN_III, 12, 0))
    ethertype = np.where(links == PseudoLink.PAYLOAD, kind, np.uint16(0))
    found.add(rows[plain], (at + size)[plain], links[plain], ethertype[plain])


_FINDERS: Final[dict[int, Finder]] = {
    ICMP: _icmp,
    _IPIP: _ip_in_ip(LinkType.IPV4),
    _6IN4: _ip_in_ip(LinkType.IPV6),
    _GRE: _gre,
    ICMPV6: _icmpv6,
    _MPLS_IN_IP: _payload(0x8847),
}
_IS_CARRIER: Final = np.zeros(256, np.bool_)
_IS_CARRIER[list(_FINDERS)] = True
