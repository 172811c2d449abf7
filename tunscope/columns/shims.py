"""Headers between the link and the network header: VLAN tags, MPLS labels, PPPoE, LLC."""

from __future__ import annotations

from typing import Final

import numpy as np

from tunscope.columns.batch import Column, Rows
from tunscope.columns.gather import Positions, header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.link import IPV4, IPV6, LLC, MAX_LENGTH, PPP_PROTOCOLS
from tunscope.columns.stack import HeaderStack

#: Shims in a row that are followed at most; tshark's limit of layers.
_ROUNDS: Final = 500

_VLAN_TYPES: Final = (0x8100, 0x9100)
_SERVICE_TYPE: Final = 0x88A8
_MPLS_TYPES: Final = (0x8847, 0x8848)
_PPPOE_DISCOVERY: Final = 0x8863
_PPPOE_SESSION: Final = 0x8864
#: LLC in frames too large for a length field.
_JUMBO_LLC: Final = 0x8870
_KINDS: Final = np.zeros(1 << 16, np.uint8)
_KINDS[list(_VLAN_TYPES)] = Shim.VLAN
_KINDS[_SERVICE_TYPE] = Shim.SERVICE_VLAN
_KINDS[list(_MPLS_TYPES)] = Shim.MPLS
_KINDS[[_PPPOE_DISCOVERY, _PPPOE_SESSION]] = Shim.PPPOE
_KINDS[[LLC, _JUMBO_LLC]] = Shim.LLC

_VLAN: Final = header_type(4, tag=(">u2", 0), type=(">u2", 2), both=(">u4", 0))
_MPLS: Final = header_type(5, entry=(">u4", 0), first=("u1", 4))
_PPPOE: Final = header_type(
    8, version=("u1", 0), code=("u1", 1), session=(">u2", 2), length=(">u2", 4), protocol=(">u2", 6)
)
_LLC: Final = header_type(
    8, both=(">u2", 0), control=("u1", 2), head=(">u4", 0), oui_low=(">u2", 4), type=(">u2", 6)
)
#: SNAP with OUI 00-00-00, whose protocol ids are EtherTypes (RFC 1042); the OUI's last two bytes
#: are checked apart.
_SNAP_HEAD: Final = 0xAAAA0300
_SAP_IP: Final = 0x06


def decode_shims(stack: HeaderStack) -> None:
    """Decode shims until something else follows, for every row."""
    following = stack.following
    if ((following == IPV4) | (following == IPV6)).all():
        return
    rows = np.flatnonzero(_KINDS.take(following))
    for _ in range(_ROUNDS):
        if not len(rows):
            return
        kinds = _KINDS[stack.following[rows]]
        for kind, decoder in _DECODERS.items():
            chosen = rows[kinds == kind]
            if len(chosen):
                decoder(stack, chosen)
        rows = rows[_KINDS[stack.following[rows]] != 0]
    stack.following[rows] = 0
    stack.mark_rows(rows, Layer.MALFORMED)


def _vlan(stack: HeaderStack, rows: Rows) -> None:
    first = stack.layers[rows] & np.uint32(Layer.VLAN) == 0
    stack.mark_rows(rows, Layer.VLAN)
    # To tshark, control information is a tag already, with nothing known behind it.
    rows, header, first = _tag(stack, rows, Shim.VLAN, 2, first)
    stack.column("vlan")[rows[first]] = header["tag"][first]


def _service_vlan(stack: HeaderStack, rows: Rows) -> None:
    _tag(stack, rows, Shim.SERVICE_VLAN, 4)


def _tag(
    stack: HeaderStack, rows: Rows, kind: Shim, least: int, *more: Column
) -> tuple[Column, ...]:
    at = stack.position[rows]
    header = stack.window.take(_VLAN, at, stack.end[rows])
    rows, at, header, *whole = _whole(stack, rows, at, header, least, *more)
    stack.add_shims(rows, kind, at, header["both"].astype(np.uint32))
    cut = rows[stack.end[rows] - at < _VLAN.itemsize]
    following = header["type"].astype(np.uint16)
    length = following <= MAX_LENGTH
    if length.any():
        _limit(stack, rows[length], at[length] + 4 + following[length])
    stack.following[rows] = np.where(length, np.uint16(LLC), following)
    stack.following[cut] = 0
    stack.mark_rows(cut, Layer.CUT)
    stack.position[rows] = at + 4
    return (rows, header, *whole)


def _mpls(stack: HeaderStack, rows: Rows) -> None:
    at = stack.position[rows]
    header = stack.window.take(_MPLS, at, stack.end[rows])
    rows, at, header = _whole(stack, rows, at, header, 4)
    stack.mark_rows(rows, Layer.MPLS)
    entry = header["entry"].astype(np.uint32)
    stack.add_shims(rows, Shim.MPLS, at, entry)
    # Nothing in the stack says what it carries: the first nibble does (RFC 4928).
    version = header["first"] >> 4
    below = np.where(version == 4, np.uint16(IPV4), np.where(version == 6, np.uint16(IPV6), 0))
    bottom = entry & np.uint32(0x100) != 0
    stack.following[rows] = np.where(bottom, below, stack.following[rows])
    stack.position[rows] = at + 4


def _pppoe(stack: HeaderStack, rows: Rows) -> None:
    at = stack.position[rows]
    header = stack.window.take(_PPPOE, at, stack.end[rows])
    stack.mark_rows(rows, Layer.PPPOE)
    session = stack.following[rows] == _PPPOE_SESSION
    rows, at, header, session = _whole(stack, rows, at, header, 6, session)
    low = np.where(session, header["protocol"], header["code"]).astype(np.uint32)
    value = header["session"].astype(np.uint32) << np.uint32(16) | low
    stack.add_shims(rows, Shim.PPPOE, at, value)
    _limit(stack, rows, at + 6 + header["length"])
    # An odd first byte is a protocol number compressed to it (RFC 1661, 6.5).
    short = session & (header["protocol"] >> 8 & 1 != 0)
    number = np.where(short, header["protocol"] >> 8, header["protocol"])
    kind = np.zeros(len(rows), np.uint16)
    for protocol, ethertype in PPP_PROTOCOLS.items():
        kind[session & (number == protocol)] = ethertype
    stack.following[rows] = kind
    stack.position[rows] = at + 8 - short


def _llc(stack: HeaderStack, rows: Rows) -> None:
    at = stack.position[rows]
    header = stack.window.take(_LLC, at, stack.end[rows])
    # Novell put IPX right behind the length; its checksum field is always all ones.
    llc = header["both"] != 0xFFFF
    stack.following[rows[~llc]] = 0
    rows, at, header = rows[llc], at[llc], header[llc]
    stack.mark_rows(rows, Layer.LLC)
    rows, at, header = _whole(stack, rows, at, header, 3)
    value = header["both"].astype(np.uint32) << np.uint32(16) | header["control"]
    stack.add_shims(rows, Shim.LLC, at, value)
    snap = (header["head"] == _SNAP_HEAD) & (header["oui_low"] == 0)
    ip = header["both"] >> 8 == _SAP_IP
    kind = np.where(snap, header["type"], np.where(ip, IPV4, 0)).astype(np.uint16)
    # A SNAP header cannot hold a length: what is no EtherType is nothing we know.
    stack.following[rows] = np.where(kind <= MAX_LENGTH, np.uint16(0), kind)
    stack.position[rows] = at + np.where(snap, 8, 3)


def _whole(
    stack: HeaderStack, rows: Rows, at: Column, header: Column, size: int, *more: Column
) -> tuple[Column, ...]:
    """Give up rows whose header was not captured whole; return the arrays of the others."""
    cut = stack.end[rows] - at < size
    if not cut.any():
        return (rows, at, header, *more)
    stack.mark_rows(rows[cut], Layer.CUT)
    stack.following[rows[cut]] = 0
    return tuple(array[~cut] for array in (rows, at, header, *more))


def _limit(stack: HeaderStack, rows: Rows, stop: Positions) -> None:
    """Take what lies behind `stop` for padding."""
    stack.wire_end[rows] = np.minimum(stack.wire_end[rows], stop)
    stack.end[rows] = np.minimum(stack.end[rows], stop)


_DECODERS: Final = {
    Shim.VLAN: _vlan,
    Shim.SERVICE_VLAN: _service_vlan,
    Shim.MPLS: _mpls,
    Shim.PPPOE: _pppoe,
    Shim.LLC: _llc,
}
