"""What UDP datagrams carry inside: VXLAN, GENEVE, GTP-U, Teredo, known by their ports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Positions, header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.link import PseudoLink
from tunscope.columns.stack import HeaderStack
from tunscope.columns.starts import StartList
from tunscope.packet.linktype import LinkType

_UDP_SIZE: Final = 8
_VXLAN_PORT: Final = 4789
_GENEVE_PORT: Final = 6081
_GTP_PORT: Final = 2152
_TEREDO_PORT: Final = 3544

#: Where the VNI ends in the header of VXLAN and GENEVE, and the header of the former.
_VNI_END: Final = 7
_VNI_HEADER: Final = 8
_TRANSPARENT_ETHERNET: Final = 0x6558
_GTP_USER_DATA: Final = 255
#: Extension headers of GTP that are followed at most.
_GTP_ROUNDS: Final = 32
_TEREDO_AUTHENTICATION: Final = 1
_TEREDO_ORIGIN: Final = 0

_VXLAN_HEADER: Final = header_type(8, flags=("u1", 0), vni=(">u4", 4))
_GENEVE_HEADER: Final = header_type(
    8, first=("u1", 0), flags=("u1", 1), type=(">u2", 2), vni=(">u4", 4)
)
_GTP_HEADER: Final = header_type(12, flags=("u1", 0), type=("u1", 1), extension=("u1", 11))
_GTP_EXTENSION: Final = header_type(1, size=("u1", 0))
_TEREDO_HEADER: Final = header_type(4, kind=(">u2", 0), client=("u1", 2), value=("u1", 3))
_VERSION: Final = header_type(1, first=("u1", 0))


def find_in_udp(stack: HeaderStack, found: StartList) -> None:
    """Add the starts in datagrams from or to the ports of tunnels."""
    sport, dport = stack.columns["sport"], stack.columns["dport"]
    for port, find in _UDP_FINDERS.items():
        chosen = (sport == port) | (dport == port)
        if chosen.any():
            rows = np.flatnonzero(chosen & (stack.layers & np.uint32(Layer.UDP) != 0))
            find(stack, rows, found)


def _vxlan(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    at = stack.position[rows] + _UDP_SIZE
    rows, at = _captured(stack, rows, at, Layer.VXLAN)
    header = stack.window.take(_VXLAN_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.VXLAN, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    found.add(rows, at + 8, LinkType.ETHERNET)


def _geneve(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    at = stack.position[rows] + _UDP_SIZE
    rows, at = _captured(stack, rows, at, Layer.GENEVE)
    header = stack.window.take(_GENEVE_HEADER, at, stack.end[rows])
    stack.add_shims(rows, Shim.GENEVE, at, header["vni"].astype(np.uint32) >> np.uint32(8))
    size = 8 + ((header["first"] & 0x3F).astype(np.int32) << 2)
    kind = header["type"].astype(np.uint16)
    ethernet = kind == _TRANSPARENT_ETHERNET
    links = np.where(ethernet, LinkType.ETHERNET, PseudoLink.PAYLOAD).astype(np.uint16)
    found.add(rows, at + size, links, np.where(ethernet, np.uint16(0), kind))


def _gtp_user(stack: HeaderStack, rows: Rows, found: StartList) -> None:
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


def _teredo(stack: HeaderStack, rows: Rows, found: StartList) -> None:
    """Teredo (RFC 4380): IPv6 behind an authentication and an origin indication, if any."""
    at = stack.position[rows] + _UDP_SIZE
    end = stack.end[rows]
    header = stack.window.take(_TEREDO_HEADER, at, end)
    size = 13 + header["client"].astype(np.int32) + header["value"]
    at = at + size * (header["kind"] == _TEREDO_AUTHENTICATION)
    header = stack.window.take(_TEREDO_HEADER, at, end)
    at = at + 8 * (header["kind"] == _TEREDO_ORIGIN)
    first = stack.window.take(_VERSION, at, end)["first"]
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


#: Ports that a datagram from or to may be a tunnel's.
TUNNEL_PORTS: Final = (_VXLAN_PORT, _GENEVE_PORT, _GTP_PORT, _TEREDO_PORT)
_UDP_FINDERS: Final[dict[int, Callable[[HeaderStack, Rows, StartList], None]]] = {
    _VXLAN_PORT: _vxlan,
    _GENEVE_PORT: _geneve,
    _GTP_PORT: _gtp_user,
    _TEREDO_PORT: _teredo,
}
