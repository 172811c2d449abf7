"""The file header of pcap and its many relatives, and how their packet records differ.

Sources: draft-ietf-opsawg-pcap; libpcap's savefile.c for old versions; Wireshark's libpcap.c for
the patched libpcaps of 1999, Nokia, AIX and Ixia.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.errors import BlockError
from tunscope.capfile.options import ByteOrder
from tunscope.capfile.packet_limits import max_caplen

#: Length of the file header, the magic included.
HEADER_SIZE: Final = 24
#: Fields every packet record starts with: seconds, fraction, captured and original length.
RECORD_FIELDS: Final = 16

#: The record header of the patched libpcaps of 1999-04-17 and 1999-10-29.
PATCHED_RECORD: Final = 24

MICROSECONDS: Final = 0xA1B2C3D4
NANOSECONDS: Final = 0xA1B23C4D
#: Alexey Kuznetzov's patched libpcap, with more fields in every packet record.
MODIFIED: Final = 0xA1B2CD34
IXIA_HARDWARE: Final = 0x1C0001AC
IXIA_SOFTWARE: Final = 0x1C0001AB

_FRACTION_DIGITS: Final = {
    MICROSECONDS: 6,
    NANOSECONDS: 9,
    MODIFIED: 6,
    IXIA_HARDWARE: 9,
    IXIA_SOFTWARE: 6,
}
_IXIA: Final = frozenset({IXIA_HARDWARE, IXIA_SOFTWARE})
_ORDERS: Final[tuple[ByteOrder, ByteOrder]] = ("<", ">")
_MAGICS: Final = {
    struct.pack(f"{order}I", magic): (magic, order)
    for magic in _FRACTION_DIGITS
    for order in _ORDERS
}
#: AIX writes version 2.2, nanoseconds, and interface types of RFC 1573: Ethernet, token ring,
#: FDDI (with three bytes of padding before each frame), loopback.
_AIX_LINKTYPES: Final = {6: 1, 9: 6, 15: 10, 24: 0}
_AIX_FDDI: Final = 15
_FDDI_PADDING: Final = 3

_RESERVED: Final = 0x03FF0000
FCS_PRESENT: Final = 0x04000000


@dataclass(frozen=True, slots=True)
class PcapFormat:
    """How to read one pcap file.

    `size` is the length of the header, `record_size` that of a packet record's header, of which
    `padding` bytes of packet data follow that are no packet. `lengths` says which length comes
    first in a record: "caplen", "origlen", or "smaller" where writers disagree.
    """

    magic: int
    order: ByteOrder
    interface: InterfaceDescription
    size: int = HEADER_SIZE
    record_size: int = RECORD_FIELDS
    lengths: str = "caplen"
    padding: int = 0
    certain: bool = True

    @property
    def max_caplen(self) -> int:
        """More captured bytes than this are no packet."""
        return max_caplen(self.interface.linktype)

    @property
    def fraction_ns(self) -> int:
        """Nanoseconds of one unit of the fraction field."""
        return int(10 ** (9 - self.interface.tsresol))


def known_magic(data: bytes) -> bool:
    """Whether `data` starts as a pcap file does."""
    return data[:4] in _MAGICS


def decode_header(data: bytes) -> PcapFormat:
    """Return how to read the file that starts with `data`, at least HEADER_SIZE bytes of it.

    `certain` is False if only the packet records can tell whether their layout is another one.
    BlockError: a version or link type field that no reader knows.
    """
    magic, order = _MAGICS[data[:4]]
    version = struct.unpack_from(f"{order}HH", data, 4)
    snaplen, network = struct.unpack_from(f"{order}II", data, 16)
    if version[0] < 2:
        raise BlockError(f"pcap version {version[0]}.{version[1]} is not known")
    digits, padding = _FRACTION_DIGITS[magic], 0
    if magic == MICROSECONDS and version == (2, 2) and network in _AIX_LINKTYPES:
        padding = _FDDI_PADDING if network == _AIX_FDDI else 0
        digits, network = 9, _AIX_LINKTYPES[network]
    if network & _RESERVED:
        raise BlockError(f"the link type {network:#010x} has reserved bits set")
    old = version == (543, 0) or version < (2, 4)
    return PcapFormat(
        magic=magic,
        order=order,
        interface=InterfaceDescription(
            linktype=network & 0xFFFF,
            snaplen=snaplen,
            tsresol=digits,
            fcs_length=(network >> 28) * 16 if network & FCS_PRESENT else None,
        ),
        size=HEADER_SIZE + (4 if magic in _IXIA else 0),
        record_size=PATCHED_RECORD if magic == MODIFIED else RECORD_FIELDS,
        lengths=_length_order(version),
        padding=padding,
        certain=old or magic not in (MICROSECONDS, MODIFIED),
    )


def _length_order(version: tuple[int, ...]) -> str:
    """Before 2.3 the original length came first; some writers of 2.3 had not heard of it."""
    if version[0] == 543 or version < (2, 3):
        return "origlen"
    return "smaller" if version == (2, 3) else "caplen"
