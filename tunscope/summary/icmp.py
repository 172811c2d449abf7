"""ICMP for IPv4 (RFC 792, 950, 1256)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tunscope.summary.draft import UNKNOWN_TTL, Draft
from tunscope.summary.memory import Memory
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, entered
from tunscope.summary.window import Malformed

if TYPE_CHECKING:
    from tunscope.summary.window import Window

_ECHO_REPLY: Final = 0
_ECHO_REQUEST: Final = 8
_ROUTER_ADVERTISEMENT: Final = 9
_TIMESTAMPS: Final = (13, 14)
#: Types that quote the packet they complain about, behind four bytes.
_QUOTING: Final = frozenset({3, 4, 5, 11, 12})
_MOBILE_AGENT: Final = (0, 16)
#: Types with an identifier and a sequence number.
_NUMBERED: Final = frozenset({0, 8, 13, 14, 15, 16, 17, 18})

_TYPES: Final = {
    0: "Echo (ping) reply",
    1: "Reserved",
    2: "Reserved",
    3: "Destination unreachable",
    4: "Source quench (flow control)",
    5: "Redirect",
    6: "Alternate host address",
    8: "Echo (ping) request",
    9: "Router advertisement",
    10: "Router solicitation",
    11: "Time-to-live exceeded",
    12: "Parameter problem",
    13: "Timestamp request",
    14: "Timestamp reply",
    15: "Information request",
    16: "Information reply",
    17: "Address mask request",
    18: "Address mask reply",
    19: "Reserved (for security)",
    30: "Traceroute",
    31: "Datagram Conversion Error",
    32: "Mobile Host Redirect",
    33: "IPv6 Where-Are-You",
    34: "IPv6 I-Am-Here",
    35: "Mobile Registration Request",
    36: "Mobile Registration Reply",
    37: "Domain Name Request",
    38: "Domain Name Reply",
    39: "SKIP",
    40: "Photuris",
    41: "Experimental mobility protocols",
    42: "Extended Echo request",
    43: "Extended Echo reply",
}

_CODES: Final[dict[int, dict[int, str]]] = {
    3: {
        0: "Network unreachable",
        1: "Host unreachable",
        2: "Protocol unreachable",
        3: "Port unreachable",
        4: "Fragmentation needed",
        5: "Source route failed",
        6: "Destination network unknown",
        7: "Destination host unknown",
        8: "Source host isolated",
        9: "Network administratively prohibited",
        10: "Host administratively prohibited",
        11: "Network unreachable for TOS",
        12: "Host unreachable for TOS",
        13: "Communication administratively filtered",
        14: "Host precedence violation",
        15: "Precedence cutoff in effect",
    },
    5: {
        0: "Redirect for network",
        1: "Redirect for host",
        2: "Redirect for TOS and network",
        3: "Redirect for TOS and host",
    },
    6: {0: "Alternate address for host"},
    9: {0: "Normal router advertisement", 16: "Does not route common traffic"},
    11: {
        0: "Time to live exceeded in transit",
        1: "Fragment reassembly time exceeded",
    },
    12: {0: "Pointer indicates the error", 1: "Required option missing", 2: "Bad length"},
    40: {
        0: "Bad SPI",
        1: "Authentication Failed",
        2: "Decompression Failed",
        3: "Decryption Failed",
        4: "Need Authentication",
        5: "Need Authorization",
    },
    42: {0: "No error"},
    43: {
        0: "No error",
        1: "Malformed Query",
        2: "No Such Interface",
        3: "No Such Table Entry",
        4: "Multiple Interfaces Satisfy Query",
    },
}


@entered(IP_PROTOCOLS, 1)
def read_icmp(window: Window, draft: Draft) -> None:
    """Read type and code, and identifier and sequence number where a type has them."""
    draft.name("ICMP")
    draft.write("")
    kind, code, _ = window.u8(0), window.u8(1), window.u16(4)
    text = _TYPES.get(kind, "Unknown ICMP (obsolete or malformed?)")
    if kind == _ROUTER_ADVERTISEMENT and code in _MOBILE_AGENT:
        text = "Mobile IP Advertisement"
    draft.write(f"{text:<20s}")
    codes = _CODES.get(kind)
    if codes is not None:
        draft.append(f" ({codes.get(code, f'Unknown code: {code}')})")
    if kind in _NUMBERED:
        identifier, sequence = window.u16(4), window.u16(6)
        swapped = (sequence & 0xFF) << 8 | sequence >> 8
        draft.append(f" id=0x{identifier:04x}, seq={sequence}/{swapped}")
        if draft.ttl != UNKNOWN_TTL:
            draft.append(f", ttl={draft.ttl}")
        if kind in {_ECHO_REQUEST, _ECHO_REPLY}:
            step = 0 if kind == _ECHO_REQUEST else _ECHO_REQUEST << 8
            match_echo("icmp", identifier << 16 | sequence, request_sum(window, step), draft)
        elif kind in _TIMESTAMPS:
            window.check(8, 12)
    elif kind in _QUOTING:
        window.u32(4)
        read_quoted(0x0800, window.sub(8), draft)


def read_quoted(ethertype: int, window: Window, draft: Draft) -> None:
    """Read a quoted packet without showing it; raise only where the capture cuts it short."""
    if draft.quoted or not window.length:
        return
    scratch = Draft(draft.record, Memory())
    scratch.quoted = True
    with suppress(Malformed):
        ETHERTYPES[ethertype](window, scratch)


def request_sum(window: Window, step: int) -> int:
    """Return the checksum that an echo reply's request had; requests have a `step` of 0.

    Only the type differs between the two, by `step` in its 16-bit word (RFC 1624).
    """
    total = (~window.u16(2) & 0xFFFF) + step
    return (total & 0xFFFF) + (total >> 16)


def match_echo(family: str, identity: int, checksum: int, draft: Draft) -> None:
    """Remember an echo request, or show the number of the one that a reply answers."""
    exchange = (family, *sorted(draft.network), identity, checksum)
    if draft.info.startswith("Echo (ping) request"):
        draft.memory.requested(exchange)
        return
    request = draft.memory.request_of(exchange)
    if request is not None:
        draft.append(f" (request in {request})")
