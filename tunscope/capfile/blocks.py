"""pcapng blocks as tunscope writes them: little endian, integer nanoseconds. Pure.

Field layouts follow draft-ietf-opsawg-pcapng, section 4. The encoders of packets are on the hot
path: one `struct` call, one join.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tunscope.capfile.options import (
    MAX_VALUE,
    Option,
    OptionCode,
    encode_options,
    encode_text,
)

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
#: What `if_tsresol` says for nanoseconds: ten to the power of minus nine.
NANOSECONDS: Final = 9
#: Enhanced packet block up to the packet data: block type, total length, interface, timestamp
#: high and low word, captured length, original length.
ENHANCED_PACKET_HEADER: Final = struct.Struct("<7I")

_BLOCK_FRAME: Final = 12  # type, total length, and the length again at the end
_FLAGS_OPTION: Final = struct.Struct("<HHII")  # the option and the end mark in one
_U32: Final = struct.Struct("<I")
_PADDING: Final = (b"", b"\0", b"\0\0", b"\0\0\0")
_MAX_TIMESTAMP: Final = (1 << 64) - 1
_SECOND_NS: Final = 1_000_000_000


class BlockType(IntEnum):
    """Block types that tunscope reads or writes."""

    SECTION_HEADER = 0x0A0D0D0A
    INTERFACE_DESCRIPTION = 1
    PACKET = 2  # obsolete, still read
    SIMPLE_PACKET = 3
    NAME_RESOLUTION = 4
    INTERFACE_STATISTICS = 5
    ENHANCED_PACKET = 6
    CUSTOM = 0x00000BAD
    CUSTOM_NOT_COPIED = 0x40000BAD


class SectionOption(IntEnum):
    """Options of a section header block."""

    HARDWARE = 2
    OS = 3
    APPLICATION = 4


class InterfaceOption(IntEnum):
    """Options of an interface description block."""

    NAME = 2
    DESCRIPTION = 3
    IPV4 = 4
    IPV6 = 5
    MAC = 6
    SPEED = 8
    TSRESOL = 9
    FILTER = 11
    OS = 12
    FCS_LENGTH = 13
    TSOFFSET = 14
    HARDWARE = 15


class PacketOption(IntEnum):
    """Options of an enhanced packet block."""

    FLAGS = 2
    PACKET_ID = 5


class StatisticsOption(IntEnum):
    """Options of an interface statistics block."""

    STARTTIME = 2
    ENDTIME = 3
    IFRECV = 4
    IFDROP = 5
    FILTERACCEPT = 6
    OSDROP = 7
    USRDELIV = 8


@dataclass(frozen=True, slots=True)
class SectionDescription:
    """What a section header says of the program and machine that captured; "" where it does not."""

    application: str = ""
    os: str = ""
    hardware: str = ""
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceDescription:
    """What a capture says about one of its interfaces.

    `snaplen` counts bytes, 0 for no limit. `tsresol` is the option's byte: a negative power of
    ten, or of two if the top bit is set; `tsoffset` counts seconds added to every timestamp.
    `ipv4` and `ipv6` are addresses with a prefix length ("10.9.0.1/24"); `speed` is in bits a
    second, `fcs_length` in bits. Empty or None means the capture does not say. `number` is the
    interface's place in the section that describes it, None if the file describes none (pcap);
    `section` counts the file's sections, from 1.
    """

    linktype: int
    snaplen: int = 262144
    name: str = ""
    description: str = ""
    filter: str = ""
    os: str = ""
    hardware: str = ""
    mac: bytes | None = None
    tsresol: int = NANOSECONDS
    tsoffset: int = 0
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    speed: int | None = None
    fcs_length: int | None = None
    comments: tuple[str, ...] = ()
    number: int | None = field(default=None, compare=False)
    section: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class InterfaceStatistics:
    """Counters of one interface; None where the capture does not say.

    Times are nanoseconds since 1970: `ts_ns` when the counters were taken, `starttime_ns` and
    `endtime_ns` when the capture began and ended. `ifrecv` and `ifdrop` are the interface's
    packets, `filteraccept` those the capture filter passed, `osdrop` those the operating system
    lost, `usrdeliv` those written.
    """

    interface: int
    ts_ns: int
    starttime_ns: int | None = None
    endtime_ns: int | None = None
    ifrecv: int | None = None
    ifdrop: int | None = None
    filteraccept: int | None = None
    osdrop: int | None = None
    usrdeliv: int | None = None
    comment: str = ""


def section_header(
    application: str, *, comment: str = "", os_name: str = "", hardware: str = ""
) -> bytes:
    """Return a section header block of unknown section length."""
    options = _texts(
        (
            (OptionCode.COMMENT, comment),
            (SectionOption.HARDWARE, hardware),
            (SectionOption.OS, os_name),
            (SectionOption.APPLICATION, application),
        )
    )
    fixed = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
    return _block(BlockType.SECTION_HEADER, fixed, encode_options(options))


def interface_description(interface: InterfaceDescription) -> bytes:
    """Return an interface description block, with `if_tsresol` always present.

    Addresses that do not parse raise ValueError.
    """
    options = [
        *_texts((OptionCode.COMMENT, comment) for comment in interface.comments),
        *_texts(
            (
                (InterfaceOption.NAME, interface.name),
                (InterfaceOption.DESCRIPTION, interface.description),
            )
        ),
    ]
    for text in interface.ipv4:
        v4 = ipaddress.IPv4Interface(text)
        options.append((InterfaceOption.IPV4, v4.packed + v4.netmask.packed))
    for text in interface.ipv6:
        v6 = ipaddress.IPv6Interface(text)
        options.append((InterfaceOption.IPV6, v6.packed + bytes([v6.network.prefixlen])))
    if interface.mac is not None:
        options.append((InterfaceOption.MAC, interface.mac))
    if interface.speed is not None:
        options.append((InterfaceOption.SPEED, struct.pack("<Q", interface.speed)))
    options.append((InterfaceOption.TSRESOL, bytes([interface.tsresol])))
    if interface.filter:
        # The leading zero says that text follows, and not a BPF program.
        options.append((InterfaceOption.FILTER, encode_text("\0" + interface.filter)))
    options += _texts(((InterfaceOption.OS, interface.os),))
    if interface.fcs_length is not None:
        options.append((InterfaceOption.FCS_LENGTH, bytes([interface.fcs_length])))
    if interface.tsoffset:
        options.append((InterfaceOption.TSOFFSET, struct.pack("<q", interface.tsoffset)))
    options += _texts(((InterfaceOption.HARDWARE, interface.hardware),))
    fixed = struct.pack("<HHI", interface.linktype, 0, interface.snaplen)
    return _block(BlockType.INTERFACE_DESCRIPTION, fixed, encode_options(options))


def enhanced_packet(record: PacketRecord, tsoffset: int = 0) -> bytes:
    """Return an enhanced packet block with flags, packet id and comments as the record has them.

    The timestamp is written in nanoseconds less `tsoffset` seconds, as the interface's own
    description says it; a time that the 64 bits cannot hold becomes the nearest one they can.
    """
    data = record.data
    caplen = len(data)
    padding = -caplen & 3
    flags = record.flags
    if record.comments or record.packet_id is not None:
        options = _packet_options(record)
    elif flags or record.zero_flags:
        options = _FLAGS_OPTION.pack(PacketOption.FLAGS, 4, flags, 0)
    else:
        options = b""
    ticks = record.ts_ns - tsoffset * _SECOND_NS
    if not 0 <= ticks <= _MAX_TIMESTAMP:
        ticks = 0 if ticks < 0 else _MAX_TIMESTAMP
    total = 32 + caplen + padding + len(options)
    header = ENHANCED_PACKET_HEADER.pack(
        BlockType.ENHANCED_PACKET,
        total,
        record.interface,
        ticks >> 32,
        ticks & 0xFFFFFFFF,
        caplen,
        record.origlen,
    )
    return b"".join((header, data, _PADDING[padding], options, _U32.pack(total)))


def simple_packet(record: PacketRecord) -> bytes:
    """Return a simple packet block: no time, no options, and the section's first interface.

    Readers take its captured length from the original length and the interface's snaplen.
    """
    data = record.data
    padding = _PADDING[-len(data) & 3]
    return _block(BlockType.SIMPLE_PACKET, _U32.pack(record.origlen) + data + padding, b"")


def custom_block(record: PacketRecord) -> bytes:
    """Return a custom block; ValueError if the record is none.

    What follows the enterprise number is written as it was read, padded: only its owner knows
    whether there are numbers in it that would have to change their byte order.
    """
    custom = record.custom
    if custom is None:
        raise ValueError("a packet is no custom block")
    kind = BlockType.CUSTOM if custom.copied else BlockType.CUSTOM_NOT_COPIED
    data = record.data
    return _block(kind, _U32.pack(custom.pen), data + _PADDING[-len(data) & 3])


def interface_statistics(statistics: InterfaceStatistics) -> bytes:
    """Return an interface statistics block; the interface's timestamps must be nanoseconds."""
    options: list[Option] = _texts(((OptionCode.COMMENT, statistics.comment),))
    for code, time in (
        (StatisticsOption.STARTTIME, statistics.starttime_ns),
        (StatisticsOption.ENDTIME, statistics.endtime_ns),
    ):
        if time is not None:
            options.append((code, _timestamp(time)))
    for code, count in (
        (StatisticsOption.IFRECV, statistics.ifrecv),
        (StatisticsOption.IFDROP, statistics.ifdrop),
        (StatisticsOption.FILTERACCEPT, statistics.filteraccept),
        (StatisticsOption.OSDROP, statistics.osdrop),
        (StatisticsOption.USRDELIV, statistics.usrdeliv),
    ):
        if count is not None:
            options.append((code, struct.pack("<Q", count)))
    fixed = _U32.pack(statistics.interface) + _timestamp(statistics.ts_ns)
    return _block(BlockType.INTERFACE_STATISTICS, fixed, encode_options(options))


def name_resolution(names: Mapping[str, str]) -> bytes:
    """Return a name resolution block for IPv4 and IPv6 address texts and their names.

    A name that a record cannot hold is cut; an address that does not parse raises ValueError.
    """
    parts: list[bytes] = []
    for address, name in names.items():
        packed = ipaddress.ip_address(address).packed
        kind = 1 if len(packed) == 4 else 2
        text = encode_text(name.replace("\0", ""), MAX_VALUE - len(packed) - 1)
        value = packed + text + b"\0"
        parts += (struct.pack("<HH", kind, len(value)), value, bytes(-len(value) % 4))
    parts.append(struct.pack("<HH", 0, 0))
    return _block(BlockType.NAME_RESOLUTION, b"".join(parts), b"")


def _block(kind: BlockType, fixed: bytes, options: bytes) -> bytes:
    total = _BLOCK_FRAME + len(fixed) + len(options)
    return b"".join((struct.pack("<II", kind, total), fixed, options, _U32.pack(total)))


def _packet_options(record: PacketRecord) -> bytes:
    options = _texts((OptionCode.COMMENT, comment) for comment in record.comments)
    if record.flags or record.zero_flags:
        options.append((PacketOption.FLAGS, _U32.pack(record.flags)))
    if record.packet_id is not None:
        options.append((PacketOption.PACKET_ID, struct.pack("<Q", record.packet_id)))
    return encode_options(options)


def _texts(pairs: Iterable[tuple[int, str]]) -> list[Option]:
    return [(code, encode_text(text)) for code, text in pairs if text]


def _timestamp(time_ns: int) -> bytes:
    """Return a pcapng timestamp: high word, then low word."""
    return struct.pack("<II", time_ns >> 32 & 0xFFFFFFFF, time_ns & 0xFFFFFFFF)
