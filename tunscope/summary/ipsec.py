"""IPsec: ESP, AH, IPComp (RFC 4303, 4302, 3173), IKE (RFC 2409, 7296), NAT traversal."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from tunscope.summary.draft import UNKNOWN_TTL
from tunscope.summary.ip import read_ip_protocol
from tunscope.summary.registry import IP_PROTOCOLS, UDP_PORTS, entered
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_EXCHANGES_1: Final = {
    0: "NONE",
    1: "Base",
    2: "Identity Protection (Main Mode)",
    3: "Authentication Only",
    4: "Aggressive",
    5: "Informational",
    6: "Transaction (Config Mode)",
    32: "Quick Mode",
    33: "New Group Mode",
}
_EXCHANGES_2: Final = {
    34: "IKE_SA_INIT",
    35: "IKE_AUTH",
    36: "CREATE_CHILD_SA",
    37: "INFORMATIONAL",
    38: "IKE_SESSION_RESUME",
}
#: The largest IP packet.
_MAX_PLAIN: Final = 65_535
_INITIATOR: Final = 0x08
_RESPONSE: Final = 0x20


@entered(IP_PROTOCOLS, 50)
def read_esp(window: Window, draft: Draft) -> None:
    """Read the security parameters index; the rest is encrypted."""
    draft.name("ESP")
    draft.write("")
    draft.write(f"ESP (SPI=0x{window.u32(0):08x})")


@entered(IP_PROTOCOLS, 51)
def read_ah(window: Window, draft: Draft) -> None:
    """Read the header and the packet it authenticates."""
    draft.name("AH")
    draft.write("")
    following, size = window.u8(0), (window.u8(1) + 2) * 4
    draft.write(f"AH (SPI=0x{window.u32(4):08x})")
    window.check(0, size)
    draft.ttl = UNKNOWN_TTL
    read_ip_protocol(following, window.sub(size), draft)


@entered(IP_PROTOCOLS, 108)
def read_ipcomp(window: Window, draft: Draft) -> None:
    """Read the compression parameter index, and the packet inside if it can be inflated."""
    draft.name("IPComp")
    draft.write("")
    following, cpi = window.u8(0), window.u16(2)
    name = {1: "OUI", 2: "DEFLATE", 3: "LZS", 4: "LZJH"}.get(cpi)
    draft.write(f"IPComp (CPI={name or f'0x{cpi:04x}'})")
    if window.captured < window.length:
        return
    try:
        plain = zlib.decompressobj(-15).decompress(window.rest(4), _MAX_PLAIN)
    except zlib.error:
        return
    read_ip_protocol(following, Window(plain, 0, len(plain), len(plain)), draft)


@entered(UDP_PORTS, 500)
def read_ike(window: Window, draft: Draft) -> bool:
    """Read exchange type, and for IKEv2 message id and who asks."""
    if window.length < 28:
        return False
    draft.name("ISAKMP")
    draft.write("")
    version, exchange, flags = window.u8(17) >> 4, window.u8(18), window.u8(19)
    if version == 1:
        draft.write(_EXCHANGES_1.get(exchange, f"Unknown {exchange}"))
    elif version == 2:
        who = "Initiator" if flags & _INITIATOR else "Responder"
        what = "Response" if flags & _RESPONSE else "Request"
        name = _EXCHANGES_2.get(exchange, f"Unknown {exchange}")
        draft.write(f"{name} MID={window.u32(20):02d} {who} {what}")
    length = window.u32(24)
    if length > window.length:
        raise Malformed
    window.check(0, length)
    return True


@entered(UDP_PORTS, 4500)
def read_nat_traversal(window: Window, draft: Draft) -> bool:
    """Read what shares port 4500: keep-alives, IKE behind a zero marker, ESP (RFC 3948)."""
    draft.name("UDPENCAP")
    draft.write("")
    if window.u8(0) == 0xFF and window.length == 1:
        draft.write("NAT-keepalive")
    elif window.u32(0) == 0:
        read_ike(window.sub(4), draft)
    else:
        read_esp(window, draft)
    return True
