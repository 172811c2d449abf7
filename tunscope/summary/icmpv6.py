"""ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), multicast listeners (RFC 2710, 3810)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv6_text, mac_text
from tunscope.summary.registry import IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_ECHO_REQUEST: Final = 128
_ECHO_REPLY: Final = 129
_NEIGHBOR_SOLICITATION: Final = 135
_NEIGHBOR_ADVERTISEMENT: Final = 136

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
    },
}


@entered(IP_PROTOCOLS, 58)
def read_icmpv6(window: Window, draft: Draft) -> None:
    """Read type, code, and what identifies the message."""
    draft.name("ICMPv6")
    draft.write("")
    kind, code = window.u8(0), window.u8(1)
    text = _TYPES.get(kind, f"Unknown ({kind})")
    codes = _CODES.get(kind)
    if codes is not None:
        text = f"{text} ({codes.get(code, 'Unknown (' + str(code) + ')')})"
    draft.write(text)
    if kind in {_ECHO_REPLY, _ECHO_REQUEST}:
        identifier, sequence = window.u16(4), window.u16(6)
        draft.append(f" id=0x{identifier:04x}, seq={sequence}, hop limit={draft.ttl}")
        if draft.flow.request is not None and kind == _ECHO_REPLY:
            draft.append(f" (request in {draft.flow.request})")
    elif kind == _NEIGHBOR_SOLICITATION:
        draft.append(f" for {ipv6_text(window.take(8, 16))}")
        _read_options(window.sub(24), draft)
    elif kind == _NEIGHBOR_ADVERTISEMENT:
        flags = window.u8(4) >> 5
        names = [name for bit, name in ((4, "rtr"), (2, "sol"), (1, "ovr")) if flags & bit]
        draft.append(f" {ipv6_text(window.take(8, 16))}")
        if names:
            draft.append(f" ({', '.join(names)})")
        _read_options(window.sub(24), draft)
    elif kind == 133:
        _read_options(window.sub(8), draft)
    elif kind == 134:
        _read_options(window.sub(16), draft)


def _read_options(options: Window, draft: Draft) -> None:
    """Show link-layer addresses (RFC 4861, 4.6.1)."""
    while options.length > 0:
        kind, size = options.u8(0), options.u8(1) * 8
        if not size:
            return
        if kind == 1:
            draft.append(f" from {mac_text(options.take(2, min(size - 2, 6)))}")
        elif kind == 2:
            draft.append(f" is at {mac_text(options.take(2, min(size - 2, 6)))}")
        options = options.sub(min(size, options.length))
