"""Link layer headers: what every link type of `packet.linktype` puts before the network header."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Headers, Mask, header_type
from tunscope.columns.layout import Layer
from tunscope.columns.stack import HeaderStack
from tunscope.packet.linktype import LinkType

#: Type fields up to this are a length: an LLC header follows (IEEE 802.3, clause 3.2.6).
MAX_LENGTH: Final = 1500
#: What `following` says for an LLC header; as a type field it would be a length.
LLC: Final = 4
IPV4: Final = 0x0800
IPV6: Final = 0x86DD


class PseudoLink(IntEnum):
    """Ways a header stack starts inside another one; numbers no link type has."""

    #: What stands there is known by an EtherType.
    PAYLOAD = 0xFFFF
    #: A PPP protocol field, with or without address and control bytes.
    PPP = 9


_ETHERNET: Final = header_type(14, high=(">u8", 0), low=(">u4", 8), type=(">u2", 12))
_SLL: Final = header_type(
    16, hardware=(">u2", 2), size=(">u2", 4), address=(">u8", 6), type=(">u2", 14)
)
_SLL2: Final = header_type(
    20, type=(">u2", 0), hardware=(">u2", 8), size=("u1", 11), address=(">u8", 12)
)
_FAMILY: Final = header_type(4, big=(">u4", 0), little=("<u4", 0))
_NIBBLE: Final = header_type(1, first=("u1", 0))
_MAC_SIZE: Final = 6
#: Address and control field of PPP in HDLC-like framing (RFC 1662).
_PPP_FRAMING: Final = 0xFF03
_PPP: Final = header_type(4, first=(">u2", 0), second=(">u2", 2))

#: AF_INET is 2 everywhere, AF_INET6 differs by system (NetBSD, FreeBSD, Darwin, Linux).
_FAMILIES: Final = {2: IPV4, 24: IPV6, 28: IPV6, 30: IPV6, 10: IPV6}
#: PPP protocol fields (IANA) and the EtherType of the same thing.
PPP_PROTOCOLS: Final = {0x0021: IPV4, 0x0057: IPV6, 0x0281: 0x8847, 0x0283: 0x8848}
_VERSIONS: Final = np.zeros(16, np.uint16)
_VERSIONS[4] = IPV4
_VERSIONS[6] = IPV6

LinkDecoder = Callable[[HeaderStack, Mask], None]


def decode_links(stack: HeaderStack, kinds: npt.NDArray[np.uint16]) -> None:
    """Decode the link header of every row, `kinds` being LinkType or PseudoLink numbers.

    Rows of an unknown kind keep `following` 0; those of PAYLOAD keep what it is.
    """
    if not len(kinds):
        return
    same = bool((kinds == kinds[0]).all())
    for kind in [int(kinds[0])] if same else sorted(set(kinds.tolist())):
        decoder = _DECODERS.get(kind)
        if decoder is not None:
            decoder(stack, kinds == kind)


def _follow(stack: HeaderStack, where: Mask, following: npt.NDArray[np.uint16], size: int) -> None:
    """Say what stands behind a link header of `size` bytes; `following` is 0 outside `where`."""
    if where.all():
        # A copy: what follows changes with every shim, a column made of this does not.
        stack.following, stack.position = following.copy(), stack.position + size
    else:
        stack.following |= following
        stack.position = stack.position + where * np.int32(size)


def _ethernet(stack: HeaderStack, where: Mask) -> None:
    everywhere = bool(where.all())
    header, short = stack.window.take_whole(
        _ETHERNET, stack.position, stack.end, None if everywhere else where
    )
    stack.mark(where, Layer.ETHERNET)
    addressed = where
    if len(short):
        stack.mark_rows(short, Layer.CUT)
        # tshark takes the 14 bytes in one go.
        addressed = where & (stack.end - stack.position >= _ETHERNET.itemsize)
    _mac_pairs(stack, header, slice(None) if addressed.all() else np.flatnonzero(addressed))
    kind = header["type"].astype(np.uint16)
    length = kind <= MAX_LENGTH
    if length.any():
        length &= where
        length[short] = False
        stack.put("ethertype", kind * ~length)
        _trim(stack, np.flatnonzero(length), kind)
        kind = np.where(length, np.uint16(LLC), kind)
    else:
        stack.put("ethertype", kind)
    _follow(stack, where, kind, _ETHERNET.itemsize)


def _trim(stack: HeaderStack, rows: Rows, length: npt.NDArray[np.uint16]) -> None:
    """The length of an 802.3 frame tells payload from padding."""
    stop = stack.position[rows] + _ETHERNET.itemsize + length[rows]
    stack.wire_end[rows] = np.minimum(stack.wire_end[rows], stop)
    stack.end = np.minimum(stack.end, stack.wire_end)


def _mac_pairs(stack: HeaderStack, header: Headers, rows: Rows | slice) -> None:
    high, low = header["high"].astype(np.uint64), header["low"].astype(np.uint64)
    if isinstance(rows, slice):
        destination, source = stack.addresses.number_mac_pairs(high, low)
        stack.columns["mac_dst"], stack.columns["mac_src"] = destination, source
    elif len(rows):
        destination, source = stack.addresses.number_mac_pairs(high[rows], low[rows])
        stack.column("mac_dst")[rows] = destination
        stack.column("mac_src")[rows] = source


def _cooked(stack: HeaderStack, where: Mask, header_of: np.dtype[np.void]) -> None:
    header, short = stack.window.take_whole(header_of, stack.position, stack.end, where)
    stack.mark(where, Layer.COOKED)
    stack.mark_rows(short, Layer.CUT)
    rows = np.flatnonzero(header["size"] == _MAC_SIZE)
    if len(rows):
        macs = header["address"][rows].astype(np.uint64) >> np.uint64(16)
        stack.column("mac_src")[rows] = stack.addresses.number_macs(macs)
    kind = header["type"].astype(np.uint16)
    stack.put("ethertype", kind)
    _follow(stack, where, kind, header_of.itemsize)


def _sll(stack: HeaderStack, where: Mask) -> None:
    _cooked(stack, where, _SLL)


def _sll2(stack: HeaderStack, where: Mask) -> None:
    _cooked(stack, where, _SLL2)


def _loopback(stack: HeaderStack, where: Mask) -> None:
    """DLT_NULL and DLT_LOOP: an address family in the byte order of whoever captured."""
    header, short = stack.window.take_whole(_FAMILY, stack.position, stack.end, where)
    stack.mark(where, Layer.LOOPBACK)
    stack.mark_rows(short, Layer.CUT)
    kind = np.zeros(len(stack), np.uint16)
    for family, ethertype in _FAMILIES.items():
        kind[(header["big"] == family) | (header["little"] == family)] = ethertype
    _follow(stack, where, kind, _FAMILY.itemsize)


def _raw(stack: HeaderStack, where: Mask) -> None:
    header, _ = stack.window.take_whole(_NIBBLE, stack.position, stack.end, where)
    stack.following |= _VERSIONS.take(header["first"] >> 4)


def _ipv4(stack: HeaderStack, where: Mask) -> None:
    stack.following |= where * np.uint16(IPV4)


def _ipv6(stack: HeaderStack, where: Mask) -> None:
    stack.following |= where * np.uint16(IPV6)


def _ppp(stack: HeaderStack, where: Mask) -> None:
    header = stack.window.take(_PPP, stack.position, stack.end, where)
    framed = where & (header["first"] == _PPP_FRAMING)
    protocol = np.where(framed, header["second"], header["first"])
    kind = np.zeros(len(stack), np.uint16)
    for number, ethertype in PPP_PROTOCOLS.items():
        kind[protocol == number] = ethertype
    _follow(stack, where, kind, 2)
    stack.position = stack.position + framed * np.int32(2)


_DECODERS: Final[dict[int, LinkDecoder]] = {
    LinkType.NULL: _loopback,
    LinkType.LOOP: _loopback,
    LinkType.ETHERNET: _ethernet,
    LinkType.RAW_BSD: _raw,
    LinkType.RAW_OPENBSD: _raw,
    LinkType.RAW: _raw,
    LinkType.LINUX_SLL: _sll,
    LinkType.IPV4: _ipv4,
    LinkType.IPV6: _ipv6,
    LinkType.LINUX_SLL2: _sll2,
    PseudoLink.PPP: _ppp,
}
