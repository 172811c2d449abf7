"""What packets carry inside: where the header stacks of the next level start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Positions, header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.link import PseudoLink
from tunscope.columns.stack import HeaderStack, Starts
from tunscope.columns.transport import ICMP, ICMPV6
from tunscope.packet.linktype import LinkType

_IPIP: Final = 4
_6IN4: Final = 41
_GRE: Final = 47
_MPLS_IN_IP: Final = 137

_ICMP_SIZE: Final = 8
_UDP_SIZE: Final = 8
#: Destination unreachable, source quench, redirect, time exceeded, parameter problem.
_ICMP_ERRORS: Final = (3, 4, 5, 11, 12)
_REDIRECT: Final = 5
#: Bytes behind the IP header that an ICMP error quotes at least (RFC 792).
_QUOTED: Final = 8
#: Destination unreachable, packet too big, time exceeded, parameter problem.
_ICMPV6_ERRORS: Final = (1, 2, 3, 4)

_VXLAN_PORT: Final = 4789
_GENEVE_PORT: Final = 6081
_GTP_PORT: Final = 2152
_TEREDO_PORT: Final = 3544

#: Where the VNI ends in the header of VXLAN and GENEVE, and the header of the former.
_VNI_END: Final = 7
_VNI_HEADER: Final = 8
_GTP_USER_DATA: Final = 255
#: Extension headers of GTP that are followed at most.
_GTP_ROUNDS: Final = 32
_TEREDO_AUTHENTICATION: Final = 1
_TEREDO_ORIGIN: Final = 0

_TRANSPARENT_ETHERNET: Final = 0x6558
_ERSPAN: Final = 0x88BE
_ERSPAN_III: Final = 0x22EB
_PPP: Final = 0x880B

_NO_LAYER: Final = Layer(0)
_IP_SIZE: Final = header_type(1, first=("u1", 0))
_GTP_HEADER: Final = header_type(12, flags=("u1", 0), type=("u1", 1), extension=("u1", 11))
_GTP_EXTENSION: Final = header_type(1, size=("u1", 0))
_TEREDO_HEADER: Final = header_type(4, kind=(">u2", 0), client=("u1", 2), value=("u1", 3))
_GRE_HEADER: Final = header_type(4, flags=(">u2", 0), type=(">u2", 2), both=(">u4", 0))
_VXLAN_HEADER: Final = header_type(8, flags=("u1", 0), vni=(">u4", 4))
_GENEVE_HEADER: Final = header_type(
    8, first=("u1", 0), flags=("u1", 1), type=(">u2", 2), vni=(">u4", 4)
)


Finder = Callable[[HeaderStack, Rows, "_Found"], None]


class _Found:
    """Starts found so far."""

    def __init__(self, stack: HeaderStack) -> None:
        self._stack: Final = stack
        self.pieces: Final[list[Starts]] = []

    def add(
        self,
        rows: Rows,
        at: Positions,
        kind: int | npt.NDArray[np.uint16],
        ethertype: int | npt.NDArray[np.uint16] = 0,
        *,
        layers: Layer = _NO_LAYER,
        end: Positions | None = None,
    ) -> None:
        """Note a start in each of `rows`, unless nothing was captured there.

        The new level begins with the bits `layers` and ends where its outer one does, or at
        `end`.
        """
        limit = self._stack.end[rows]
        if end is not None:
            limit = np.minimum(limit, end)
        kinds = np.broadcast_to(np.asarray(kind, np.uint16), len(rows))
        types = np.broadcast_to(np.asarray(ethertype, np.uint16), len(rows))
        there = at < limit
        rows = rows[there]
        if len(rows):
            self.pieces.append(
                Starts(
                    rows,
                    at[there],
                    limit[there],
                    self._stack.wire_end[rows],
                    kinds[there],
                    types[there],
                    np.full(len(rows), layers, np.uint32),
                )
            )

    def joined(self) -> Starts | None:
        """Return all starts in the order of their rows."""
        if not self.pieces:
            return None
        columns = [
            np.concatenate([getattr(piece, name) for piece in self.pieces])
            for name in Starts.__slots__
        ]
        order = np.argsort(columns[0], kind="stable")
        return Starts(*(column[order] for column in columns))


def find_inner(stack: HeaderStack) -> Starts | None:
    """Return where the next level's header stacks start, None if no row has any."""
    found = _Found(stack)
    protocol = stack.protocol * stack.transport
    carriers = _IS_CARRIER.take(protocol)
    if carriers.any():
        for number in np.unique(protocol[carriers]).tolist():
            _FINDERS[number](stack, np.flatnonzero(protocol == number), found)
    if "dport" in stack.columns:
        _udp(stack, found)
    return found.joined()


def _ip_in_ip(kind: LinkType) -> Finder:
    def find(stack: HeaderStack, rows: Rows, found: _Found) -> None:
        found.add(rows, stack.position[rows], kind)

    return find


def _payload(ethertype: int) -> Finder:
    def find(stack: HeaderStack, rows: Rows, found: _Found) -> None:
        found.add(rows, stack.position[rows], PseudoLink.PAYLOAD, ethertype)

    return find


def _icmp(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    kind = stack.column("sport")[rows]
    rows = rows[np.isin(kind, _ICMP_ERRORS)]
    at = stack.position[rows] + _ICMP_SIZE
    # Of what a redirect quotes, tshark reads as much as RFC 792 says there is.
    header = stack.window.take(_IP_SIZE, at, stack.end[rows])
    quoted = at + ((header["first"] & 15) << 2) + _QUOTED
    redirect = stack.column("sport")[rows] == _REDIRECT
    end = np.where(redirect, quoted, stack.end[rows])
    found.add(rows, at, LinkType.IPV4, layers=Layer.QUOTED | Layer.ICMP_QUOTE, end=end)


def _icmpv6(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    rows = rows[np.isin(stack.column("sport")[rows], _ICMPV6_ERRORS)]
    found.add(rows, stack.position[rows] + _ICMP_SIZE, LinkType.IPV6, layers=Layer.QUOTED)


def _gre(stack: HeaderStack, rows: Rows, found: _Found) -> None:
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
    # Source routes (RFC 1701) have no fixed length; nobody has sent them for decades.
    plain = ~routing & (flags & 7 <= 1)
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


def _udp(stack: HeaderStack, found: _Found) -> None:
    sport, dport = stack.columns["sport"], stack.columns["dport"]
    for port, find in _UDP_FINDERS.items():
        chosen = (sport == port) | (dport == port)
        if chosen.any():
            rows = np.flatnonzero(chosen & (stack.layers & np.uint32(Layer.UDP) != 0))
            find(stack, rows, found)


def _vxlan(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    at = stack.position[rows] + _UDP_SIZE
    rows, at = _captured(stack, rows, at, Layer.VXLAN)
    header = stack.window.take(_VXLAN_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.VXLAN, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    found.add(rows, at + 8, LinkType.ETHERNET)


def _geneve(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    at = stack.position[rows] + _UDP_SIZE
    rows, at = _captured(stack, rows, at, Layer.GENEVE)
    header = stack.window.take(_GENEVE_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.GENEVE, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    size = 8 + ((header["first"] & 0x3F).astype(np.int32) << 2)
    kind = header["type"].astype(np.uint16)
    ethernet = kind == _TRANSPARENT_ETHERNET
    links = np.where(ethernet, LinkType.ETHERNET, PseudoLink.PAYLOAD).astype(np.uint16)
    found.add(rows, at + size, links, np.where(ethernet, np.uint16(0), kind))


def _gtp_user(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    """User plane of GTP version 1 (3GPP TS 29.281): IP behind the header and its extensions."""
    at = stack.position[rows] + _UDP_SIZE
    header = stack.window.take(_GTP_HEADER, at, stack.end[rows])
    flags = header["flags"]
    user = (flags >> 5 == 1) & (flags & 0x10 != 0) & (header["type"] == _GTP_USER_DATA)
    longer = flags & 0x07 != 0
    extended = user & (flags & 0x04 != 0) & (header["extension"] != 0)
    at = at + np.where(longer, 12, 8)
    chained = np.flatnonzero(extended)
    for _ in range(_GTP_ROUNDS):
        if not len(chained):
            break
        end = stack.end[rows[chained]]
        units = stack.window.take(_GTP_EXTENSION, at[chained], end)["size"].astype(np.int32)
        user[chained[units == 0]] = False
        at[chained] += units * 4
        last = stack.window.take(_GTP_EXTENSION, at[chained] - 1, end)["size"]
        chained = chained[(units != 0) & (last != 0)]
    user[chained] = False
    found.add(rows[user], at[user], LinkType.RAW)


def _teredo(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    """Teredo (RFC 4380): IPv6 behind an authentication and an origin indication, if any."""
    at = stack.position[rows] + _UDP_SIZE
    end = stack.end[rows]
    header = stack.window.take(_TEREDO_HEADER, at, end)
    size = 13 + header["client"].astype(np.int32) + header["value"]
    at = at + size * (header["kind"] == _TEREDO_AUTHENTICATION)
    header = stack.window.take(_TEREDO_HEADER, at, end)
    at = at + 8 * (header["kind"] == _TEREDO_ORIGIN)
    first = stack.window.take(_IP_SIZE, at, end)["first"]
    six = first >> 4 == 6
    found.add(rows[six], at[six], LinkType.IPV6)


def _captured(
    stack: HeaderStack, rows: Rows, at: Positions, layer: Layer
) -> tuple[Rows, Positions]:
    """Mark the layer where any of it was captured; return the rows that have it with its VNI."""
    left = stack.end[rows] - at
    stack.mark_rows(rows[left > 0], layer)
    stack.mark_rows(rows[(left > 0) & (left < _VNI_HEADER)], Layer.CUT)
    return rows[left >= _VNI_END], at[left >= _VNI_END]


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
_UDP_FINDERS: Final[dict[int, Finder]] = {
    _VXLAN_PORT: _vxlan,
    _GENEVE_PORT: _geneve,
    _GTP_PORT: _gtp_user,
    _TEREDO_PORT: _teredo,
}
