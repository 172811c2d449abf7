"""ICMP for IPv4 (RFC 792, 950, 1256)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_ECHO_REPLY: Final = 0
_ECHO_REQUEST: Final = 8

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
    9: {0: "Normal router advertisement", 16: "Does not route common traffic"},
    11: {
        0: "Time to live exceeded in transit",
        1: "Fragment reassembly time exceeded",
    },
    12: {0: "Pointer indicates the error", 1: "Required option missing", 2: "Bad length"},
}


@entered(IP_PROTOCOLS, 1)
def read_icmp(window: Window, draft: Draft) -> None:
    """Read type and code, and identifier and sequence number of an echo."""
    draft.name("ICMP")
    draft.write("")
    kind, code = window.u8(0), window.u8(1)
    text = _TYPES.get(kind, "Unknown ICMP (obsolete or malformed?)")
    codes = _CODES.get(kind)
    if codes is not None:
        text = f"{text} ({codes.get(code, 'Unknown code: ' + str(code))})"
    draft.write(text)
    if kind in {_ECHO_REPLY, _ECHO_REQUEST}:
        draft.write(f"{text:<20s}")
        identifier, sequence = window.u16(4), window.u16(6)
        swapped = (sequence & 0xFF) << 8 | sequence >> 8
        draft.append(f" id=0x{identifier:04x}, seq={sequence}/{swapped}, ttl={draft.ttl}")
        if draft.flow.request is not None and kind == _ECHO_REPLY:
            draft.append(f" (request in {draft.flow.request})")
