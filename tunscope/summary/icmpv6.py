"""ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), multicast listeners (RFC 2710, 3810)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv6_text, mac_text
from tunscope.summary.icmp import match_echo, read_quoted, request_sum
from tunscope.summary.registry import IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_UNREACHABLE: Final = 1
#: Types that quote the packet they complain about.
_QUOTING: Final = (1, 2, 3, 4)
_ECHO_REQUEST: Final = 128
_ECHO_REPLY: Final = 129
_NEIGHBOR_SOLICITATION: Final = 135
_NEIGHBOR_ADVERTISEMENT: Final = 136
_LISTENER_QUERY: Final = 130
_LISTENER_REPORT: Final = 143
_LINK_ADDRESSES: Final = {1: "from", 2: "is at"}

_TYPES: Final = {
    1: "Destination Unreachable",
    2: "Packet Too Big",
    3: "Time Exceeded",
    4: "Parameter Problem",
    100: "Private experimentation",
    101: "Private experimentation",
    127: "Reserved for expansion of ICMPv6 error messages",
    128: "Echo (ping) request",
    129: "Echo (ping) reply",
    130: "Multicast Listener Query",
    131: "Multicast Listener Report",
    132: "Multicast Listener Done",
    133: "Router Solicitation",
    134: "Router Advertisement",
    135: "Neighbor Solicitation",
    136: "Neighbor Advertisement",
    137: "Redirect",
    138: "Router Renumbering",
    139: "Node Information Query",
    140: "Node Information Reply",
    141: "Inverse Neighbor Discovery Solicitation",
    142: "Inverse Neighbor Discovery Advertisement",
    143: "Multicast Listener Report Message v2",
    144: "Home Agent Address Discovery Request",
    145: "Home Agent Address Discovery Reply",
    146: "Mobile Prefix Solicitation",
    147: "Mobile Prefix Advertisement",
    148: "Certification Path Solicitation",
    149: "Certification Path Advertisement",
    150: "Experimental Mobility",
    151: "Multicast Router Advertisement",
    152: "Multicast Router Solicitation",
    153: "Multicast Router Termination",
    154: "FMIPv6",
    155: "RPL Control",
    156: "Locator Update",
    157: "Duplicate Address Request",
    158: "Duplicate Address Confirmation",
    159: "MPL Control Message",
    160: "Extended Echo request",
    161: "Extended Echo reply",
    200: "Private experimentation",
    201: "Private experimentation",
    255: "Reserved for expansion of ICMPv6 informational messages",
}

_CODES: Final[dict[int, dict[int, str]]] = {
    1: {
        0: "no route to destination",
        1: "Administratively prohibited",
        2: "Beyond scope of source address",
        3: "Address unreachable",
        4: "Port unreachable",
        5: "Source address failed ingress/egress policy",
        6: "Reject route to destination",
        7: "Error in Source Routing Header",
    },
    3: {0: "hop limit exceeded in transit", 1: "fragment reassembly time exceeded"},
    4: {
        0: "erroneous header field encountered",
        1: "unrecognized Next Header type encountered",
        2: "unrecognized IPv6 option encountered",
        3: "IPv6 First Fragment has incomplete IPv6 Header Chain",
    },
    138: {0: "Command", 1: "Result", 255: "Sequence number reset"},
    139: {
        0: "Query subject = IPv6 addresses",
        1: "Query subject = DNS name or empty",
        2: "Query subject = IPv4 addresses",
    },
    140: {0: "Successful", 1: "Refused", 2: "Unknown query type"},
    155: {
        0: "DODAG Information Solicitation",
        1: "DODAG Information Object",
        2: "Destination Advertisement Object",
        3: "Destination Advertisement Object Acknowledgment",
        4: "P2P Discovery Reply Object",
        5: "P2P Discovery Reply Object Acknowledgement",
        128: "Secure DODAG Information Solicitation",
        129: "Secure DODAG Information Object",
        130: "Secure Destination Advertisement Object",
        131: "Secure Destination Advertisement Object Acknowledgment",
        132: "P2P Secure Discovery Reply Object",
        133: "P2P Secure Discovery Reply Object Acknowledgement",
        138: "Consistency Check",
    },
    160: {0: "No error"},
    161: {
        0: "No error",
        1: "Malformed Query",
        2: "No Such Interface",
        3: "No Such Table Entry",
        4: "Multiple Interfaces Satisfy Query",
    },
}

#: Where the neighbour discovery options begin (RFC 4861, 4; RFC 3122; RFC 6275; RFC 3971).
_OPTIONS_AT: Final = {133: 8, 134: 16, 135: 24, 136: 24, 137: 40, 141: 8, 142: 8, 147: 8}
#: Types with a body that is not shown, and its least size.
_LEAST_SIZES: Final = {
    131: 24,
    132: 24,
    138: 16,
    139: 16,
    140: 16,
    144: 8,
    145: 24,
    146: 8,
    157: 32,
    158: 32,
}


@entered(IP_PROTOCOLS, 58)
def read_icmpv6(window: Window, draft: Draft) -> None:
    """Read type, code, and what identifies the message."""
    draft.name("ICMPv6")
    draft.write("")
    kind, code = window.u8(0), window.u8(1)
    draft.write(_TYPES.get(kind, f"Unknown ({kind})"))
    codes = _CODES.get(kind)
    if codes is not None:
        unknown = "Unknown" if kind == _UNREACHABLE else f"Unknown ({code})"
        draft.append(f" ({codes.get(code, unknown)})")
    window.u16(2)
    if kind in {_ECHO_REPLY, _ECHO_REQUEST}:
        identifier, sequence = window.u16(4), window.u16(6)
        draft.append(f" id=0x{identifier:04x}, seq={sequence}, hop limit={draft.ttl}")
        step = 0 if kind == _ECHO_REQUEST else -0x0100
        match_echo("icmpv6", identifier << 16 | sequence, request_sum(window, step), draft)
    elif kind == _NEIGHBOR_SOLICITATION:
        draft.append(f" for {ipv6_text(window.take(8, 16))}")
    elif kind == _NEIGHBOR_ADVERTISEMENT:
        flags = window.u8(4) >> 5
        names = [name for bit, name in ((4, "rtr"), (2, "sol"), (1, "ovr")) if flags & bit]
        draft.append(f" {ipv6_text(window.take(8, 16))} ({', '.join(names) or 'none'})")
    elif kind == _LISTENER_QUERY:
        window.check(0, 24)
        if window.length > 24:
            window.check(28, window.u16(26) * 16)
    elif kind == _LISTENER_REPORT:
        _walk_listener_records(window)
    if kind < 128:
        window.u32(4)
        if kind in _QUOTING:
            read_quoted(0x86DD, window.sub(8), draft)
    elif kind in _OPTIONS_AT:
        window.check(0, _OPTIONS_AT[kind])
        _read_options(window.sub(_OPTIONS_AT[kind]), draft)
    elif kind in _LEAST_SIZES:
        window.check(0, _LEAST_SIZES[kind])


def _walk_listener_records(window: Window) -> None:
    """Step over the records of an MLDv2 report; raise if they reach past its end."""
    offset = 8
    for _ in range(window.u16(6)):
        size = 20 + window.u16(offset + 2) * 16 + window.u8(offset + 1) * 4
        window.check(offset, size)
        offset += size


def _read_options(options: Window, draft: Draft) -> None:
    """Show link-layer addresses (RFC 4861, 4.6.1)."""
    offset = 0
    while offset < options.length:
        kind, size = options.u8(offset), options.u8(offset + 1) * 8
        if not size:
            return
        if kind in _LINK_ADDRESSES:
            draft.append(f" {_LINK_ADDRESSES[kind]} {mac_text(options.take(offset + 2, 6))}")
        offset += size
