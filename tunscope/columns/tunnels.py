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
#: Destination unreachable, packet too big, time exceeded, parameter problem.
_ICMPV6_ERRORS: Final = (1, 2, 3, 4)

_VXLAN_PORT: Final = 4789
_GENEVE_PORT: Final = 6081

_TRANSPARENT_ETHERNET: Final = 0x6558
_ERSPAN: Final = 0x88BE
_ERSPAN_III: Final = 0x22EB
_PPP: Final = 0x880B

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
        quoted: bool = False,
    ) -> None:
        """Note a start in each of `rows`, unless nothing was captured there."""
        kinds = np.broadcast_to(np.asarray(kind, np.uint16), len(rows))
        types = np.broadcast_to(np.asarray(ethertype, np.uint16), len(rows))
        there = at < self._stack.end[rows]
        rows = rows[there]
        if len(rows):
            self.pieces.append(
                Starts(
                    rows,
                    at[there],
                    self._stack.end[rows],
                    self._stack.wire_end[rows],
                    kinds[there],
                    types[there],
                    np.full(len(rows), quoted),
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


def _icmp_error(types: tuple[int, ...], kind: LinkType) -> Finder:
    def find(stack: HeaderStack, rows: Rows, found: _Found) -> None:
        rows = rows[np.isin(stack.column("sport")[rows], types)]
        found.add(rows, stack.position[rows] + _ICMP_SIZE, kind, quoted=True)

    return find


def _gre(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    at = stack.position[rows]
    header = stack.window.take(_GRE_HEADER, at, stack.end[rows])
    stack.mark_rows(rows, Layer.GRE)
    whole = stack.end[rows] - at >= _GRE_HEADER.itemsize
    stack.mark_rows(rows[~whole], Layer.CUT)
    rows, at, header = rows[whole], at[whole], header[whole]
    stack.add_shims(rows, Shim.GRE, at, header["both"].astype(np.uint32))
    flags = header["flags"].astype(np.int64)
    checksum, routing = flags & 0x8000 != 0, flags & 0x4000 != 0
    key, sequence, acknowledged = (flags & bit != 0 for bit in (0x2000, 0x1000, 0x0080))
    # Source routes (RFC 1701) have no fixed length; nobody has sent them for decades.
    plain = ~routing & (flags & 7 <= 1)
    size = 4 + 4 * (checksum.astype(np.int64) + key + sequence + acknowledged)
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
    rows, at = _captured(stack, rows, at, 8, Layer.VXLAN)
    header = stack.window.take(_VXLAN_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.VXLAN, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    found.add(rows, at + 8, LinkType.ETHERNET)


def _geneve(stack: HeaderStack, rows: Rows, found: _Found) -> None:
    at = stack.position[rows] + _UDP_SIZE
    rows, at = _captured(stack, rows, at, 8, Layer.GENEVE)
    header = stack.window.take(_GENEVE_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.GENEVE, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    size = 8 + ((header["first"] & 0x3F).astype(np.int64) << 2)
    kind = header["type"].astype(np.uint16)
    ethernet = kind == _TRANSPARENT_ETHERNET
    links = np.where(ethernet, LinkType.ETHERNET, PseudoLink.PAYLOAD).astype(np.uint16)
    found.add(rows, at + size, links, np.where(ethernet, np.uint16(0), kind))


def _captured(
    stack: HeaderStack, rows: Rows, at: Positions, size: int, layer: Layer
) -> tuple[Rows, Positions]:
    """Mark the layer where any of it was captured; return the rows that have it whole."""
    left = stack.end[rows] - at
    stack.mark_rows(rows[left > 0], layer)
    stack.mark_rows(rows[(left > 0) & (left < size)], Layer.CUT)
    return rows[left >= size], at[left >= size]


_FINDERS: Final[dict[int, Finder]] = {
    ICMP: _icmp_error(_ICMP_ERRORS, LinkType.IPV4),
    _IPIP: _ip_in_ip(LinkType.IPV4),
    _6IN4: _ip_in_ip(LinkType.IPV6),
    _GRE: _gre,
    ICMPV6: _icmp_error(_ICMPV6_ERRORS, LinkType.IPV6),
    _MPLS_IN_IP: _payload(0x8847),
}
_IS_CARRIER: Final = np.zeros(256, np.bool_)
_IS_CARRIER[list(_FINDERS)] = True
_UDP_FINDERS: Final[dict[int, Finder]] = {_VXLAN_PORT: _vxlan, _GENEVE_PORT: _geneve}
