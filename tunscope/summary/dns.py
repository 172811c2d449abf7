"""DNS over UDP and TCP, multicast DNS, LLMNR (RFC 1035, 6762, 4795)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, ipv6_text
from tunscope.summary.dns_names import read_name, type_name
from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.stream import read_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_OPCODES: Final = {
    0: "Standard query",
    1: "Inverse query",
    2: "Server status request",
    4: "Zone change notification",
    5: "Dynamic update",
    6: "DNS Stateful operations (DSO)",
}
_RCODES: Final = {
    1: "Format error",
    2: "Server failure",
    3: "No such name",
    4: "Not implemented",
    5: "Refused",
    6: "Name exists",
    7: "RRset exists",
    8: "RRset does not exist",
    9: "Not authoritative",
    10: "Name out of zone",
    11: "DSO-Type not implemented",
}
_UPDATE: Final = 5
_HEADER: Final = 12
#: Data of record types below this number is read, and must be there.
_LAST_CHECKED: Final = 258
_MDNS_PORT: Final = 5353
_LLMNR_PORT: Final = 5355


@entered(UDP_PORTS, 53)
def read_dns(window: Window, draft: Draft) -> bool:
    """Read a message over UDP."""
    draft.name("DNS")
    read_message(window, draft)
    return True


@entered(UDP_PORTS, _MDNS_PORT)
def read_mdns(window: Window, draft: Draft) -> bool:
    """Read a multicast DNS message."""
    draft.name("MDNS")
    read_message(window, draft)
    return True


@entered(UDP_PORTS, _LLMNR_PORT)
def read_llmnr(window: Window, draft: Draft) -> bool:
    """Read a link-local multicast name resolution message."""
    draft.name("LLMNR")
    read_message(window, draft)
    return True


@entered(TCP_PORTS, 53)
def read_dns_stream(window: Window, draft: Draft) -> bool:
    """Read the messages of a segment (RFC 1035, 4.2.2)."""
    read_units(window, draft, 2, lambda unit: unit.u16(0) + 2, _read_stream_message)
    return True


def _read_stream_message(unit: Window, draft: Draft) -> None:
    draft.name("DNS")
    read_message(unit.sub(2), draft)


def read_message(message: Window, draft: Draft) -> None:
    """Read a DNS message: opcode, id, question, and every record in short."""
    draft.write("")
    identifier, flags = message.u16(0), message.u16(2)
    opcode, response = flags >> 11 & 15, flags & 0x8000
    text = _OPCODES.get(opcode, f"Unknown operation ({opcode})")
    draft.write(f"{text}{' response' if response else ''} 0x{identifier:04x}")
    rcode = flags & 15
    if response and rcode:
        draft.append(f" {_RCODES.get(rcode, f'Unknown error ({rcode})')}")
    counts = [message.u16(place) for place in (4, 6, 8, 10)]
    multicast = draft.protocol == "MDNS"
    offset = _HEADER
    for _ in range(counts[0]):
        name, offset = read_name(message, offset)
        kind, group = message.u16(offset), message.u16(offset + 2)
        offset += 4
        draft.append(f" {type_name(kind)} {name_text(name)}")
        if multicast:
            draft.append(f', "Q{"U" if group & 0x8000 else "M"}" question')
    for count in counts[1:]:
        for _ in range(count):
            offset = _read_record(message, offset, draft, multicast)


def name_text(name: bytes) -> str:
    """Return a domain name as text."""
    return name.decode("utf-8", "backslashreplace")


def _read_record(message: Window, offset: int, draft: Draft, multicast: bool) -> int:
    owner, offset = read_name(message, offset)
    kind = message.u16(offset)
    size = message.u16(offset + 8)
    body = offset + 10
    draft.append(f" {type_name(kind)}")
    if multicast and message.u16(offset + 2) & 0x8000:
        draft.append(", cache flush")
    if size:
        if kind in _OWNER_SHOWN:
            draft.append(f" {name_text(owner)}")
        elif kind in _RECORDS:
            draft.append(_RECORDS[kind](message, body, size))
        if kind < _LAST_CHECKED:
            message.check(body, size)
    return body + size


def _address(message: Window, place: int, size: int) -> str:
    return f" {ipv4_text(message.take(place, 4))}"


def _address6(message: Window, place: int, size: int) -> str:
    return f" {ipv6_text(message.take(place, 16))}"


def _domain(message: Window, place: int, size: int) -> str:
    return f" {name_text(read_name(message, place)[0])}"


def _numbers_and_domain(count: int) -> Callable[[Window, int, int], str]:
    """Return the reader of `count` 16-bit numbers and a domain name."""

    def read(message: Window, place: int, size: int) -> str:
        numbers = "".join(f" {message.u16(place + 2 * step)}" for step in range(count))
        return f"{numbers} {name_text(read_name(message, place + 2 * count)[0])}"

    return read


def _host_information(message: Window, place: int, size: int) -> str:
    first, following = _string(message, place)
    second, _ = _string(message, following)
    return f" {first} {second}"


def _naming_authority(message: Window, place: int, size: int) -> str:
    flags, _ = _string(message, place + 4)
    return f" {message.u16(place)} {message.u16(place + 2)} {flags}"


def _prefixed_address(message: Window, place: int, size: int) -> str:
    """Read an A6 record (RFC 2874, 3.1)."""
    prefix = message.u8(place)
    count = 16 - prefix // 8
    suffix = message.take(place + 1, max(count, 0))
    text = f" {prefix} {ipv6_text(suffix.rjust(16, bytes(1))[:16])}"
    if prefix:
        text += f" {name_text(read_name(message, place + 1 + count)[0])}"
    return text


def _string(message: Window, place: int) -> tuple[str, int]:
    """Read a character string (RFC 1035, 3.3)."""
    size = message.u8(place)
    return name_text(message.take(place + 1, size)), place + 1 + size


#: Types whose data is not shown; the name they belong to is.
_OWNER_SHOWN: Final = frozenset(
    {3, 4, 7, 8, 9, 10, 14, 17, 18, 19, 20, 21, 22, 26, 27, 42, 49, 51, 52, 55}
)
_RECORDS: Final[dict[int, Callable[[Window, int, int], str]]] = {
    1: _address,
    2: _domain,
    5: _domain,
    6: _domain,
    12: _domain,
    11: _address,
    13: _host_information,
    15: _numbers_and_domain(1),
    28: _address6,
    30: _domain,
    33: _numbers_and_domain(3),
    35: _naming_authority,
    36: _numbers_and_domain(1),
    38: _prefixed_address,
    39: _domain,
    47: _domain,
}
