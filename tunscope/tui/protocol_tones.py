"""Which tone of the palette a protocol's name is shown in. Pure."""

from __future__ import annotations

from typing import Final

_TONES: Final = {
    "TCP": "primary",
    "UDP": "secondary",
    "QUIC": "secondary",
    "DNS": "accent",
    "MDNS": "accent",
    "DHCP": "accent",
    "DHCPv6": "accent",
    "HTTP": "success",
    "SSH": "success",
    "ICMP": "warning",
    "ICMPv6": "warning",
    "ARP": "secondary",
}

_BAD_SIGNS: Final = ("[RST", ", RST", "unreachable", "exceeded", "[Malformed", "[packet ")


def tone_of(protocol: str, info: str) -> str:
    """Return the name of a `Palette` style; what went wrong is in the error tone."""
    if any(sign in info for sign in _BAD_SIGNS):
        return "error"
    if protocol.startswith(("TLS", "SSL")):
        return "success"
    return _TONES.get(protocol, "text")
