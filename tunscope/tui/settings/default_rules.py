"""The colouring rules tunscope comes with, in the order they are tried: Wireshark's, in tones."""

from __future__ import annotations

from typing import Final

from tunscope.tui.settings.rule import ColouringRule

#: IGMP, EIGRP, OSPF, PIM, VRRP; RIP, RIPng, HSRP; BGP: by their numbers, which columns know.
_ROUTING: Final = (
    "ip.proto in {2, 88, 89, 103, 112} || udp.port in {520, 521, 1985} || tcp.port == 179"
)
_ICMP_ERRORS: Final = "icmp.type in {3..5, 11, 12} || icmpv6.type in {1..4}"
_LOW_TTL: Final = (
    "(ip.ttl < 5 && ip.dst != 224.0.0.0/4 && !(ip.proto in {2, 88, 89, 103, 112}))"
    " || (ipv6.hlim < 5 && ipv6.dst != ff00::/8 && !(ipv6.nxt in {58, 89, 103}))"
)

DEFAULT_RULES: Final = (
    ColouringRule(
        "Bad TCP",
        "tcp.analysis.flags && !tcp.analysis.window_update && !tcp.analysis.keep_alive"
        " && !tcp.analysis.keep_alive_ack",
        "error",
        tint=16,
        sign="!",
    ),
    ColouringRule("ICMP errors", _ICMP_ERRORS, "error", tint=16, sign="!"),
    ColouringRule("TCP RST", "tcp.flags.reset == 1", "error", tint=16, sign="!"),
    ColouringRule("TTL low", _LOW_TTL, "warning", tint=16, sign="!"),
    ColouringRule("ARP", "arp", "secondary", tint=10),
    ColouringRule("ICMP", "icmp || icmpv6", "warning", tint=8),
    ColouringRule("Routing", _ROUTING, "accent", tint=14),
    ColouringRule("TCP SYN/FIN", "tcp.flags & 0x02 || tcp.flags.fin == 1", "muted", tint=18),
    ColouringRule("HTTP", "tcp.port in {80, 3128, 8000, 8080, 8888}", "success", tint=8),
    ColouringRule("TLS", "tcp.port in {443, 853, 8443} || udp.port == 443", "success", tint=4),
    ColouringRule("DNS", "udp.port in {53, 5353, 5355} || tcp.port == 53", "accent", tint=8),
    ColouringRule("TCP", "tcp", "primary", tint=5),
    ColouringRule("UDP", "udp", "secondary", tint=5),
    ColouringRule("Broadcast", "eth.dst.ig == 1", "muted", tint=8),
)
