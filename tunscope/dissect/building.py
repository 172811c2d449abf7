"""New packets: from scapy expressions and from templates, with the device's own addresses.

Scapy would ask the routing table and the neighbours for what a packet leaves open; here the
device's ends are filled in instead, so that nothing leaves the machine while a packet is built.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Final

from tunscope.dissect.expression import first_line, layer_class, packet_of
from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable

TEMPLATES: Final = ("ping", "tcp-syn", "udp", "arp", "dns")
_EPHEMERAL: Final = 49152
_PING_ID: Final = 0x7453
_SOMEBODY: Final = "02:00:00:00:00:01"


@dataclass(frozen=True, slots=True)
class Ends:
    """Who a packet is from and for, where it does not say: addresses as text, "" for none."""

    source4: str = "192.0.2.1"
    destination4: str = "192.0.2.2"
    source6: str = ""
    destination6: str = ""
    source_mac: str = _SOMEBODY
    destination_mac: str = "ff:ff:ff:ff:ff:ff"

    def reversed(self) -> Ends:
        """Return the ends of a packet that goes the other way, from somebody's MAC address."""
        return Ends(
            self.destination4, self.source4, self.destination6, self.source6,
            _SOMEBODY, self.source_mac,
        )  # fmt: skip


def ends_of(addresses: tuple[str, ...], mac: str | None) -> Ends:
    """Return the ends of a packet from a device to its neighbour: the first other host there."""
    found: dict[int, tuple[str, str]] = {}
    for text in addresses:
        interface = ipaddress.ip_interface(text)
        if interface.version not in found and not interface.is_link_local:
            found[interface.version] = str(interface.ip), str(_neighbour(interface))
    source4, destination4 = found.get(4, ("192.0.2.1", "192.0.2.2"))
    source6, destination6 = found.get(6, ("", ""))
    if 6 in found and 4 not in found:
        source4 = destination4 = ""
    return Ends(source4, destination4, source6, destination6, mac or _SOMEBODY)


def build_expression(text: str, ends: Ends) -> tuple[bytes, LinkType]:
    """Return the packet that a scapy expression writes, and what its first header is."""
    return _built(packet_of(text), ends, "--scapy")


def build_template(name: str, ends: Ends) -> tuple[bytes, LinkType]:
    """Return one of `TEMPLATES`: an echo request, a SYN, a datagram, an ARP or a DNS question."""
    if name not in TEMPLATES:
        raise UsageError(
            f"--template {printable(name)}", "no such template", f"one of {', '.join(TEMPLATES)}"
        )
    make = layer_class
    if name == "arp":
        return _built(make("ARP")(), ends, "--template")
    network = make("IP")(id=1) if ends.source4 else make("IPv6")()
    match name:
        case "ping" if ends.source4:
            upper = make("ICMP")(id=_PING_ID, seq=1) / b"tunscope ping"
        case "ping":
            upper = make("ICMPv6EchoRequest")(id=_PING_ID, seq=1, data=b"tunscope ping")
        case "tcp-syn":
            upper = make("TCP")(
                sport=_EPHEMERAL, dport=80, flags="S", seq=1000, options=[("MSS", 1460)]
            )
        case "udp":
            upper = make("UDP")(sport=_EPHEMERAL, dport=7) / b"tunscope"
        case _:
            question = make("DNSQR")(qname="www.example.com", qtype="A")
            upper = make("UDP")(sport=_EPHEMERAL, dport=53) / make("DNS")(id=1, rd=1, qd=[question])
    return _built(network / upper, ends, "--template")


def _built(packet: Any, ends: Ends, what: str) -> tuple[bytes, LinkType]:
    packet = packet.copy()
    if type(packet).__name__ == "ARP":
        packet = layer_class("Ether")() / packet
    first = type(packet).__name__
    if first not in {"Ether", "Dot3", "IP", "IPv6"}:
        raise UsageError(what, f"begins with {first}", "begin with Ether(), IP(), IPv6() or ARP()")
    layer, depth = packet, 0
    while layer.name != "NoPayload" and depth < 100:
        fill_ends(layer, ends)
        layer, depth = layer.payload, depth + 1
    try:
        data = bytes(packet)
    # Each of scapy's fields encodes values in a way of its own and raises what it likes.
    except Exception as error:  # noqa: BLE001
        why = printable(first_line(error))
        raise UsageError(what, f"cannot be encoded: {why}") from None
    if len(data) > 65_535 + 18:
        raise UsageError(what, f"{len(data)} bytes are more than an IP packet can have")
    return data, LinkType.RAW if first in {"IP", "IPv6"} else LinkType.ETHERNET


def fill_ends(layer: Any, ends: Ends) -> None:
    """Set the addresses that one of scapy's layers leaves open."""
    defaults = {
        "Ether": {"src": ends.source_mac, "dst": ends.destination_mac},
        "Dot3": {"src": ends.source_mac, "dst": ends.destination_mac},
        "IP": {"src": ends.source4 or "0.0.0.0", "dst": ends.destination4 or "0.0.0.0"},
        "IPv6": {"src": ends.source6 or "::", "dst": ends.destination6 or "::"},
        "ARP": {
            "hwsrc": ends.source_mac, "psrc": ends.source4 or "0.0.0.0",
            "pdst": ends.destination4 or "0.0.0.0",
        },
    }  # fmt: skip
    for name, value in defaults.get(type(layer).__name__, {}).items():
        if name not in layer.fields:
            setattr(layer, name, value)


def _neighbour(
    interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    network = interface.network
    if network.num_addresses < 4:
        return interface.ip + 1 if interface.ip == network[0] else network[0]
    return network[1] if network[1] != interface.ip else network[2]
