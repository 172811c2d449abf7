"""DNS over UDP and TCP, multicast DNS, LLMNR (RFC 1035, 6762, 4795)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, ipv6_text
from tunscope.summary.dns_names import read_name, type_name
from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered

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
    """Read the first message of a segment (RFC 1035, 4.2.2)."""
    draft.name("DNS")
    length = window.u16(0)
    read_message(window.sub(2, length), draft)
    return True


def read_message(message: Window, draft: Draft) -> None:
    """Read a DNS message: opcode, id, question, and every record in short."""
    draft.write("")
    identifier, flags = message.u16(0), message.u16(2)
    counts = [message.u16(place) for place in (4, 6, 8, 10)]
    opcode, response = flags >> 11 & 15, flags & 0x8000
    text = _OPCODES.get(opcode, f"Unknown operation ({opcode})")
    draft.write(f"{text}{' response' if response else ''} 0x{identifier:04x}")
    rcode = flags & 15
    if response and rcode:
        draft.append(f" {_RCODES.get(rcode, 'Unknown error')}")
    multicast = draft.protocol == "MDNS"
    offset = _HEADER
    for _ in range(counts[0]):
        name, offset = read_name(message, offset)
        kind, group = message.u16(offset), message.u16(offset + 2)
        offset += 4
        draft.append(f" {type_name(kind)} {name_text(name)}")
        if multicast and group & 0x8000:
            draft.append(', "QU" question')
    for count in counts[1:]:
        for _ in range(count):
            offset = _read_record(message, offset, draft)


def name_text(name: bytes) -> str:
    """Return a domain name as text."""
    return name.decode("utf-8", "backslashreplace")


def _read_record(message: Window, offset: int, draft: Draft) -> int:
    _, offset = read_name(message, offset)
    kind = message.u16(offset)
    size = message.u16(offset + 8)
    body = offset + 10
    draft.append(f" {type_name(kind)}")
    show = _RECORDS.get(kind)
    if show is not None and size:
        draft.append(show(message, body, size))
    return body + size


def _address(message: Window, place: int, size: int) -> str:
    return f" {ipv4_text(message.take(place, 4))}"


def _address6(message: Window, place: int, size: int) -> str:
    return f" {ipv6_text(message.take(place, 16))}"


def _domain(message: Window, place: int, size: int) -> str:
    return f" {name_text(read_name(message, place)[0])}"


def _exchange(message: Window, place: int, size: int) -> str:
    return f" {message.u16(place)} {name_text(read_name(message, place + 2)[0])}"


def _service(message: Window, place: int, size: int) -> str:
    priority, weight, port = (message.u16(place + step) for step in (0, 2, 4))
    return f" {priority} {weight} {port} {name_text(read_name(message, place + 6)[0])}"


_RECORDS: Final[dict[int, Callable[[Window, int, int], str]]] = {
    1: _address,
    2: _domain,
    5: _domain,
    6: _domain,
    12: _domain,
    15: _exchange,
    28: _address6,
    33: _service,
    39: _domain,
}
