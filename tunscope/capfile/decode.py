"""Bodies of pcapng blocks to values, as strictly as Wireshark 4.0 takes them. Pure.

A body is a block without type, lengths and trailing length. What contradicts the format raises
BlockError; what is only odd is ignored: of an option that may stand once the first counts, and
one whose value has the wrong length does not count.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tunscope.capfile.blocks import (
    BYTE_ORDER_MAGIC,
    InterfaceDescription,
    InterfaceOption,
    InterfaceStatistics,
    PacketOption,
    SectionDescription,
    SectionOption,
    StatisticsOption,
)
from tunscope.capfile.errors import BlockError
from tunscope.capfile.options import (
    ByteOrder,
    Option,
    OptionCode,
    OptionError,
    decode_options,
    decode_text,
)
from tunscope.capfile.timestamps import Clock

#: `if_tsresol` where an interface does not give one: microseconds.
DEFAULT_TSRESOL: Final = 6

_BYTE_ORDERS: Final[dict[bytes, ByteOrder]] = {
    BYTE_ORDER_MAGIC.to_bytes(4, "little"): "<",
    BYTE_ORDER_MAGIC.to_bytes(4, "big"): ">",
}
_VERSIONS: Final = frozenset({(1, 0), (1, 2)})
#: Custom options in any block start with a private enterprise number.
_CUSTOM_OPTIONS: Final = frozenset({2988, 2989, 19372, 19373})
#: Packet options of a fixed length: flags, drop count, packet id, queue.
_LENGTHS: Final = {PacketOption.FLAGS: 4, 4: 8, PacketOption.PACKET_ID: 8, 6: 4}
_VERDICT: Final = 7
_EBPF_VERDICTS: Final = frozenset({1, 2})
_IPV4_RECORD: Final = 1
_IPV6_RECORD: Final = 2


@dataclass(frozen=True, slots=True)
class PacketOptions:
    """What the options of a packet block say."""

    flags: int = 0
    comments: tuple[str, ...] = ()
    packet_id: int | None = None
    zero_flags: bool = False


def section_byte_order(magic: bytes) -> ByteOrder:
    """Return the byte order that the magic of a section header gives."""
    order = _BYTE_ORDERS.get(magic)
    if order is None:
        raise BlockError(f"a section header has the byte-order magic {magic.hex()}")
    return order


def decode_section(body: bytes | memoryview, order: ByteOrder) -> SectionDescription:
    """Check a section header's version and options; return what it says."""
    if len(body) < 16:
        raise BlockError(f"a section header has {len(body)} bytes of 16")
    version = struct.unpack_from(f"{order}HH", body, 4)
    if version not in _VERSIONS:
        raise BlockError(f"pcapng version {version[0]}.{version[1]} is not known")
    options = _options(body[16:], order)
    once = _first_values(options)
    return SectionDescription(
        application=decode_text(once.get(SectionOption.APPLICATION, b"")),
        os=decode_text(once.get(SectionOption.OS, b"")),
        hardware=decode_text(once.get(SectionOption.HARDWARE, b"")),
        comments=_comments(options),
    )


def decode_interface(body: bytes | memoryview, order: ByteOrder) -> InterfaceDescription:
    """Return what an interface description block says."""
    if len(body) < 8:
        raise BlockError(f"an interface description has {len(body)} bytes of 8")
    linktype, snaplen = struct.unpack_from(f"{order}HxxI", body)
    options = _options(body[8:], order)
    code = InterfaceOption
    filters = [value for option, value in options if option == code.FILTER]
    if b"" in filters:
        raise BlockError("an interface description has a filter of no length")
    once = _first_values(options)
    mac = once.get(code.MAC)
    tsresol = _number(options, code.TSRESOL, f"{order}B")
    return InterfaceDescription(
        linktype=linktype,
        snaplen=snaplen,
        name=decode_text(once.get(code.NAME, b"")),
        description=decode_text(once.get(code.DESCRIPTION, b"")),
        # A first byte of 0 says that text follows; a BPF program (1) has none to show.
        filter=decode_text(filters[0][1:]) if filters and filters[0][0] == 0 else "",
        os=decode_text(once.get(code.OS, b"")),
        hardware=decode_text(once.get(code.HARDWARE, b"")),
        mac=mac if mac is not None and len(mac) == 6 else None,
        tsresol=DEFAULT_TSRESOL if tsresol is None else tsresol,
        tsoffset=_number(options, code.TSOFFSET, f"{order}q") or 0,
        ipv4=tuple(_ipv4_addresses(options)),
        ipv6=tuple(_ipv6_addresses(options)),
        speed=_number(options, code.SPEED, f"{order}Q"),
        fcs_length=_number(options, code.FCS_LENGTH, f"{order}B"),
        comments=_comments(options),
    )


def decode_packet_options(data: bytes | memoryview, order: ByteOrder) -> PacketOptions:
    """Return what the options of an enhanced or obsolete packet block say."""
    options = _options(data, order)
    for code, value in options:
        length = _LENGTHS.get(code)
        if length is not None and len(value) != length:
            raise BlockError(f"packet option {code} has {len(value)} bytes, not {length}")
        if code == _VERDICT and (not value or (value[0] in _EBPF_VERDICTS and len(value) != 9)):
            raise BlockError(f"a packet's verdict has {len(value)} bytes")
    flags = _number(options, PacketOption.FLAGS, f"{order}I")
    return PacketOptions(
        flags=flags or 0,
        comments=_comments(options),
        packet_id=_number(options, PacketOption.PACKET_ID, f"{order}Q"),
        zero_flags=flags == 0,
    )


def decode_statistics(
    body: bytes | memoryview, order: ByteOrder, interfaces: list[InterfaceDescription], base: int
) -> InterfaceStatistics | None:
    """Return what an interface statistics block says; None if its interface is not described.

    `base` is the place in `interfaces` of the first one of the block's section.
    """
    if len(body) < 12:
        raise BlockError(f"interface statistics have {len(body)} bytes of 12")
    number, high, low = struct.unpack_from(f"{order}III", body)
    options = _options(body[12:], order)
    if base + number >= len(interfaces):
        return None
    description = interfaces[base + number]
    clock = Clock(description.tsresol, description.tsoffset)
    code = StatisticsOption
    once = _first_values(options)
    times: dict[StatisticsOption, int] = {}
    for option in (code.STARTTIME, code.ENDTIME):
        value = once.get(option, b"")
        if len(value) == 8:
            upper, lower = struct.unpack(f"{order}II", value)
            times[option] = clock.nanoseconds(upper << 32 | lower)
    return InterfaceStatistics(
        interface=base + number,
        ts_ns=clock.nanoseconds(high << 32 | low),
        starttime_ns=times.get(code.STARTTIME),
        endtime_ns=times.get(code.ENDTIME),
        ifrecv=_number(options, code.IFRECV, f"{order}Q"),
        ifdrop=_number(options, code.IFDROP, f"{order}Q"),
        filteraccept=_number(options, code.FILTERACCEPT, f"{order}Q"),
        osdrop=_number(options, code.OSDROP, f"{order}Q"),
        usrdeliv=_number(options, code.USRDELIV, f"{order}Q"),
        comment=next(iter(_comments(options)), ""),
    )


def decode_names(body: bytes | memoryview, order: ByteOrder) -> list[tuple[str, str]]:
    """Return the addresses and names of a name resolution block, in their order."""
    view = memoryview(body)
    if len(view) < 4:
        raise BlockError("a name resolution block has no record")
    names: list[tuple[str, str]] = []
    position = 0
    while position < len(view):
        if len(view) - position < 4:
            raise BlockError("a name resolution block ends within a record's header")
        kind, length = struct.unpack_from(f"{order}HH", view, position)
        position += 4
        if length + -length % 4 > len(view) - position:
            raise BlockError(f"a name record claims {length} bytes, {len(view) - position} left")
        if kind == 0:
            _options(view[position:], order)
            break
        value = bytes(view[position : position + length])
        position += length + -length % 4
        if kind in (_IPV4_RECORD, _IPV6_RECORD):
            names += _names(value, 4 if kind == _IPV4_RECORD else 16)
    return names


def _names(value: bytes, address_length: int) -> Iterator[tuple[str, str]]:
    if len(value) < address_length:
        raise BlockError(f"a name record of {len(value)} bytes has no address")
    address = str(ipaddress.ip_address(value[:address_length]))
    rest = value[address_length:]
    if rest and not rest.endswith(b"\0"):
        raise BlockError(f"the name of {address} has no end")
    for name in rest.split(b"\0")[:-1]:
        yield address, name.decode("utf-8", "replace")


def _options(data: bytes | memoryview, order: ByteOrder) -> list[Option]:
    try:
        options = decode_options(data, order)
    except OptionError as error:
        raise BlockError(str(error)) from error
    for code, value in options:
        if code in _CUSTOM_OPTIONS and len(value) < 4:
            raise BlockError(f"custom option {code} has {len(value)} bytes of 4")
    return options


def _first_values(options: list[Option]) -> dict[int, bytes]:
    return dict(reversed(options))


def _number(options: list[Option], code: int, layout: str) -> int | None:
    """Return the first value of option `code` whose length fits the `struct` layout."""
    size = struct.calcsize(layout)
    for option, value in options:
        if option == code and len(value) == size:
            number: int = struct.unpack(layout, value)[0]
            return number
    return None


def _comments(options: list[Option]) -> tuple[str, ...]:
    return tuple(decode_text(value) for code, value in options if code == OptionCode.COMMENT)


def _ipv4_addresses(options: list[Option]) -> Iterator[str]:
    for code, value in options:
        if code != InterfaceOption.IPV4 or len(value) != 8:
            continue
        address, mask = ipaddress.IPv4Address(value[:4]), ipaddress.IPv4Address(value[4:])
        bits = f"{int(mask):032b}"
        if "01" not in bits:  # the netmask of no prefix length cannot be written as one
            yield f"{address}/{bits.count('1')}"


def _ipv6_addresses(options: list[Option]) -> Iterator[str]:
    for code, value in options:
        if code == InterfaceOption.IPV6 and len(value) == 17 and value[16] <= 128:
            yield f"{ipaddress.IPv6Address(value[:16])}/{value[16]}"
