"""Texts of the screen with names in the place of addresses, or beside them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.dissect import FieldNode
    from tunscope.tui.names import Names
    from tunscope.tui.rows import PacketRow

_PORTS: Final = re.compile(r"(\d{1,5}) → (\d{1,5})(?= )")
_ADDRESS_FIELDS: Final = frozenset(
    {
        "ip.src", "ip.dst", "ip.addr", "ip.src_host", "ip.dst_host", "ipv6.src", "ipv6.dst",
        "ipv6.addr", "eth.src", "eth.dst", "eth.addr", "arp.src.proto_ipv4", "arp.dst.proto_ipv4",
        "arp.src.hw_mac", "arp.dst.hw_mac", "dns.a", "dns.aaaa", "sll.src.eth",
    }
)  # fmt: skip
_PORT_FIELDS: Final = {
    f"{protocol}.{end}": protocol
    for protocol in ("tcp", "udp")
    for end in ("srcport", "dstport", "port")
}


def named_cell(names: Names, packet: PacketRow, column: str) -> str:
    """Return the text of a column with names: of addresses, and of ports in Info."""
    text = packet.cell(column)
    if column in {"source", "destination", "mac_source", "mac_destination"}:
        return printable(names.of_address(text)) or text
    if column == "info" and packet.protocol in {"TCP", "UDP"}:
        protocol = packet.protocol.lower()

        def service(match: re.Match[str]) -> str:
            ports = (names.of_port(int(port), protocol) or port for port in match.groups())
            return " → ".join(map(printable, ports))

        return _PORTS.sub(service, text, count=1)
    return text


def named_label(names: Names, node: FieldNode) -> str:
    """Return the label of a field, with the name of its address or port behind it."""
    name = ""
    if node.name in _ADDRESS_FIELDS:
        name = names.of_address(node.value)
    elif (protocol := _PORT_FIELDS.get(node.name)) and node.value.isdecimal():
        name = names.of_port(int(node.value), protocol)
    return f"{node.label} ({printable(name)})" if name else node.label
