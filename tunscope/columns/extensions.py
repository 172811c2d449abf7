"""IPv6 extension headers (RFC 8200, RFC 8754), and AH behind either IP."""

from __future__ import annotations

from typing import Final

import numpy as np

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Headers, Mask, Positions, header_type
from tunscope.columns.layout import Layer, Shim
from tunscope.columns.stack import HeaderStack

#: Extension headers in a row that are followed at most; tshark's limit of layers.
_ROUNDS: Final = 500
_EXTENSION: Final = header_type(
    8,
    following=("u1", 0),
    size=("u1", 1),
    type=("u1", 2),
    left=("u1", 3),
    fragment=(">u2", 2),
)
_ADDRESS: Final = header_type(16, address=("V16", 0))

_HOP_BY_HOP: Final = 0
_ROUTING: Final = 43
#: Types of routing header that end in another destination: source route, mobility, segments.
_SEGMENT_ROUTING: Final = 4
_ROUTES: Final = (0, 2, _SEGMENT_ROUTING)
_AH: Final = 51
_EXTENSIONS: Final = {
    _HOP_BY_HOP: Shim.HOP_BY_HOP,
    _ROUTING: Shim.ROUTING,
    44: Shim.FRAGMENT,
    _AH: Shim.AH,
    60: Shim.DESTINATION,
}
#: Bytes that tshark needs to show anything of some of them.
_SHOWN: Final = {_ROUTING: 3, 44: 8}
_IS_EXTENSION: Final = np.zeros(256, np.bool_)
_IS_EXTENSION[list(_EXTENSIONS)] = True


def walk_extensions(stack: HeaderStack, sixes: Rows) -> None:
    """Walk the extension headers of the rows `sixes`, and AH wherever it is."""
    authenticated = stack.protocol == _AH
    chained = sixes[_IS_EXTENSION.take(stack.protocol[sixes])]
    if not len(chained) and not authenticated.any():
        return
    starts = np.zeros(len(stack), np.bool_)
    starts[chained] = True
    rows = np.flatnonzero((starts | authenticated) & stack.transport)
    v6 = np.zeros(len(stack), np.bool_)
    v6[sixes] = True
    for _ in range(_ROUNDS):
        if not len(rows):
            return
        rows = _extension(stack, rows)
        protocol = stack.protocol[rows]
        rows = rows[_IS_EXTENSION[protocol] & v6[rows] | (protocol == _AH)]
    stack.transport[rows] = False
    stack.mark_rows(rows, Layer.MALFORMED)


def _extension(stack: HeaderStack, rows: Rows) -> Rows:
    """Decode one extension header of every row; return the rows that go on behind it."""
    at = stack.position[rows]
    left = stack.end[rows] - at
    kind = stack.protocol[rows]
    header = stack.window.take(_EXTENSION, at, stack.end[rows])
    stack.mark_rows(rows, Layer.EXTENSION)
    size = header["size"].astype(np.int32)
    # RFC 8200 counts 8 bytes beyond the first 8, RFC 4302 counts 4 bytes beyond the first 8.
    size = np.where(kind == 44, 8, np.where(kind == _AH, (size + 2) * 4, (size + 1) * 8))
    whole = (left >= 8) & (left >= size)
    value = header["following"].astype(np.uint32) << np.uint32(24)
    value |= np.where(kind == 44, header["fragment"], np.where(kind == _ROUTING, header["type"], 0))
    for number, shim in _EXTENSIONS.items():
        chosen = (kind == number) & (left >= _SHOWN.get(number, 1))
        if chosen.any():
            stack.add_shims(rows[chosen], shim, at[chosen], value[chosen])
    _route(stack, rows, at, header, whole & (kind == _ROUTING))
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


def _route(stack: HeaderStack, rows: Rows, at: Positions, header: Headers, where: Mask) -> None:
    """Note where a source route ends: to tshark, a conversation is with that address."""
    chosen = np.flatnonzero(where & (header["left"] > 0) & np.isin(header["type"], _ROUTES))
    if not len(chosen):
        return
    rows, at, header = rows[chosen], at[chosen], header[chosen]
    # Segment routing (RFC 8754) lists its segments backwards.
    last = at + 8 + 16 * np.maximum(header["size"].astype(np.int32) // 2 - 1, 0)
    last = np.where(header["type"] == _SEGMENT_ROUTING, at + 8, last)
    address, short = stack.window.take_whole(_ADDRESS, last, stack.end[rows])
    there = np.ones(len(rows), np.bool_)
    there[short] = False
    there &= header["size"] >= 2
    if stack.destinations is None:
        stack.destinations = np.zeros(len(stack), np.uint32)
    found = stack.addresses.number_ipv6(address["address"][there])
    stack.destinations[rows[there]] = found
