"""The ends of conversations as people write them, and the display filters that select them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tunscope.columns.flows import TCP, UDP
from tunscope.index.statistics.conversations import Kind

if TYPE_CHECKING:
    from tunscope.columns.addresses import AddressBook
    from tunscope.columns.flows import Flow
    from tunscope.index.statistics.conversations import Conversations
    from tunscope.index.statistics.endpoints import Endpoints

_FIELDS = {Kind.ETHERNET: "eth.addr", Kind.IPV4: "ip.addr", Kind.IPV6: "ipv6.addr"}
_STREAMS = {Kind.TCP: "tcp.stream", Kind.UDP: "udp.stream"}
_NAMES = {TCP: "tcp", UDP: "udp"}


def address_text(book: AddressBook, kind: Kind, address: int, *, ipv6: bool) -> str:
    """Return an address of a conversation of `kind`; see `Conversations`."""
    if kind is Kind.ETHERNET:
        return book.mac(address).hex(":")
    return str(book.ipv6_address(address) if ipv6 else ipaddress.IPv4Address(address))


def with_port(address: str, port: int) -> str:
    """Return an address and a port: ``10.9.0.1:80``, ``[fd09::1]:80``."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def flow_ends(book: AddressBook, flow: Flow) -> tuple[str, str]:
    """Return endpoints a and b of a conversation."""
    kind = Kind.TCP if flow.protocol == TCP else Kind.UDP
    ends = ((flow.address_a, flow.port_a), (flow.address_b, flow.port_b))
    one, other = (
        with_port(address_text(book, kind, address, ipv6=flow.ipv6), port) for address, port in ends
    )
    return one, other


def flow_filter(flow: Flow) -> str:
    """Return the display filter that the packets of a conversation pass, and no others."""
    return f"{_NAMES[flow.protocol]}.stream == {flow.stream}"


def conversation_filter(book: AddressBook, table: Conversations, row: int) -> str:
    """Return the display filter that the packets of a conversation pass."""
    if table.kind.has_ports:
        return f"{_STREAMS[table.kind]} == {int(table.stream[row])}"
    field = _FIELDS[table.kind]
    ends = {
        address_text(book, table.kind, int(column[row]), ipv6=bool(table.ipv6[row])): None
        for column in (table.address_a, table.address_b)
    }
    if len(ends) == 1:  # somebody who speaks with himself
        own = next(iter(ends))
        head = field.partition(".")[0]
        return f"{head}.src == {own} and {head}.dst == {own}"
    return " and ".join(f"{field} == {end}" for end in ends)


def endpoint_filter(book: AddressBook, table: Endpoints, row: int) -> str:
    """Return the display filter that the packets of an endpoint pass."""
    ipv6 = bool(table.ipv6[row])
    address = address_text(book, table.kind, int(table.address[row]), ipv6=ipv6)
    if not table.kind.has_ports:
        return f"{_FIELDS[table.kind]} == {address}"
    head, port = table.kind.value.lower(), int(table.port[row])
    network = "ipv6" if ipv6 else "ip"
    return (
        f"({network}.src == {address} and {head}.srcport == {port}) or "
        f"({network}.dst == {address} and {head}.dstport == {port})"
    )
