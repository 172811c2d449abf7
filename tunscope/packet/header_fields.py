"""Header fields by their display filter names: read, and written in place. Pure.

Only fields with a fixed place in their header; the outermost header of a protocol is meant.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.layers import Layer, find_layer, layers_of
from tunscope.packet.printable import printable


class Kind(Enum):
    """How a field's value is written."""

    NUMBER = "number"
    IPV4 = "IPv4 address"
    IPV6 = "IPv6 address"
    MAC = "MAC address"
    PAYLOAD = "bytes"


@dataclass(frozen=True, slots=True)
class HeaderField:
    """`width` bits at bit `bit` of the header of `protocol`, counted from its first byte.

    The value shown is the number there times `scale`. `derived` marks lengths and checksums,
    which are computed unless somebody sets them. A PAYLOAD is all that follows the header.
    """

    name: str
    protocol: str
    bit: int
    width: int
    kind: Kind = Kind.NUMBER
    scale: int = 1
    derived: bool = False

    @property
    def maximum(self) -> int:
        """The largest value that fits."""
        return ((1 << self.width) - 1) * self.scale

    @property
    def description(self) -> str:
        """What may be written, for a person."""
        if self.kind is not Kind.NUMBER:
            return str(self.kind.value)
        return f"0 to {self.maximum}" + (f", a multiple of {self.scale}" * (self.scale > 1))


def _table() -> dict[str, HeaderField]:
    rows = """
    eth.dst 0 48 mac|eth.src 48 48 mac|eth.type 96 16
    vlan.priority 0 3|vlan.dei 3 1|vlan.id 4 12|vlan.etype 16 16
    arp.hw.type 0 16|arp.proto.type 16 16|arp.opcode 48 16|arp.src.hw_mac 64 48 mac
    arp.src.proto_ipv4 112 32 ipv4|arp.dst.hw_mac 144 48 mac|arp.dst.proto_ipv4 192 32 ipv4
    ip.dsfield 8 8|ip.dsfield.dscp 8 6|ip.dsfield.ecn 14 2|ip.len 16 16 derived|ip.id 32 16
    ip.flags.rb 48 1|ip.flags.df 49 1|ip.flags.mf 50 1|ip.frag_offset 51 13 x8|ip.ttl 64 8
    ip.proto 72 8|ip.checksum 80 16 derived|ip.src 96 32 ipv4|ip.dst 128 32 ipv4
    ipv6.tclass 4 8|ipv6.flow 12 20|ipv6.plen 32 16 derived|ipv6.nxt 48 8|ipv6.hlim 56 8
    ipv6.src 64 128 ipv6|ipv6.dst 192 128 ipv6
    icmp.type 0 8|icmp.code 8 8|icmp.checksum 16 16 derived|icmp.ident 32 16|icmp.seq 48 16
    icmpv6.type 0 8|icmpv6.code 8 8|icmpv6.checksum 16 16 derived
    icmpv6.echo.identifier 32 16|icmpv6.echo.sequence_number 48 16
    tcp.srcport 0 16|tcp.dstport 16 16|tcp.seq_raw 32 32|tcp.ack_raw 64 32|tcp.flags 100 12
    tcp.flags.cwr 104 1|tcp.flags.ece 105 1|tcp.flags.urg 106 1|tcp.flags.ack 107 1
    tcp.flags.push 108 1|tcp.flags.reset 109 1|tcp.flags.syn 110 1|tcp.flags.fin 111 1
    tcp.window_size_value 112 16|tcp.checksum 128 16 derived|tcp.urgent_pointer 144 16
    udp.srcport 0 16|udp.dstport 16 16|udp.length 32 16 derived|udp.checksum 48 16 derived
    tcp.payload 0 0 payload|udp.payload 0 0 payload|icmp.data 0 0 payload|icmpv6.data 0 0 payload
    """
    kinds = {"mac": Kind.MAC, "ipv4": Kind.IPV4, "ipv6": Kind.IPV6, "payload": Kind.PAYLOAD}
    table = {}
    for row in rows.replace("\n", "|").split("|"):
        if row.strip():
            name, bit, width, *extra = row.split()
            table[name] = HeaderField(
                name,
                name.split(".", 1)[0],
                int(bit),
                int(width),
                kinds.get(extra[0] if extra else "", Kind.NUMBER),
                scale=8 if "x8" in extra else 1,
                derived="derived" in extra,
            )
    return table


#: All fields, by name.
FIELDS: Final = _table()
_RELATIVE: Final = {"tcp.seq": "tcp.seq_raw", "tcp.ack": "tcp.ack_raw"}
_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}([:.-][0-9A-Fa-f]{2}){5}")


def header_field(name: str) -> HeaderField:
    """Return the field of that name; UsageError if there is none."""
    if name in FIELDS:
        return FIELDS[name]
    close = [_RELATIVE[name]] if name in _RELATIVE else get_close_matches(name, FIELDS, n=1)
    hint = f"did you mean {close[0]}?" if close else ""
    raise UsageError(printable(name), "is no field that can be set", hint)


def parse_value(field: HeaderField, text: str) -> bytes | int:
    """Return what `text` means for `field`: a number, or the bytes of a payload.

    Numbers are decimal, 0x or 0b. A payload is hex digits, or text in double quotes with Python's
    escapes. UsageError says what is wrong.
    """
    try:
        if field.kind is Kind.PAYLOAD:
            return parse_bytes(text)
        value = _number(field, text.strip())
    except (ValueError, OverflowError):
        raise UsageError(
            f"{field.name}={printable(text)}", f"is not {_a(field.description)}"
        ) from None
    if not 0 <= value <= field.maximum or value % field.scale:
        raise UsageError(f"{field.name}={printable(text)}", f"is not {_a(field.description)}")
    return value // field.scale


def parse_bytes(text: str) -> bytes:
    """Return the bytes written as hex digits or text in double quotes; ValueError if neither."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].encode().decode("unicode_escape").encode("latin-1")
    return bytes.fromhex(text.replace(":", "").removeprefix("0x"))


def place_of(field: HeaderField, layers: tuple[Layer, ...]) -> int:
    """Return the index of the layer that has the field; UsageError if the packet has none."""
    index = find_layer(layers, field.protocol)
    if index is None:
        raise UsageError(field.name, f"the packet has no {field.protocol} header")
    return index


def read_field(data: bytes, linktype: int, field: HeaderField) -> str | None:
    """Return the field's value as text, None if the packet does not have it."""
    layers = layers_of(data, linktype)
    index = find_layer(layers, field.protocol)
    if index is None:
        return None
    layer = layers[index]
    if field.kind is Kind.PAYLOAD:
        return data[layer.payload : layer.end].hex()
    return format_value(field, get_number(data, layer, field))


def format_value(field: HeaderField, number: int) -> str:
    """Return the number in a field as text."""
    match field.kind:
        case Kind.IPV4:
            return str(ipaddress.IPv4Address(number))
        case Kind.IPV6:
            return str(ipaddress.IPv6Address(number))
        case Kind.MAC:
            return number.to_bytes(6, "big").hex(":")
    return str(number * field.scale)


def get_number(data: bytes, layer: Layer, field: HeaderField) -> int:
    """Return the bits of the field."""
    first, last, shift = _bytes_of(layer, field)
    return int.from_bytes(data[first:last], "big") >> shift & ((1 << field.width) - 1)


def with_number(data: bytes, layer: Layer, field: HeaderField, number: int) -> bytes:
    """Return `data` with the bits of the field set to `number`, modulo what fits."""
    first, last, shift = _bytes_of(layer, field)
    mask = (1 << field.width) - 1
    word = int.from_bytes(data[first:last], "big") & ~(mask << shift) | (number & mask) << shift
    return data[:first] + word.to_bytes(last - first, "big") + data[last:]


def _bytes_of(layer: Layer, field: HeaderField) -> tuple[int, int, int]:
    stop = field.bit + field.width
    last = layer.start + (stop + 7) // 8
    return layer.start + field.bit // 8, last, -stop % 8


def _number(field: HeaderField, text: str) -> int:
    match field.kind:
        case Kind.IPV4:
            return int(ipaddress.IPv4Address(text))
        case Kind.IPV6:
            return int(ipaddress.IPv6Address(text))
        case Kind.MAC:
            if not _MAC.fullmatch(text):
                raise ValueError(text)
            return int(re.sub("[:.-]", "", text), 16)
    if len(text) > 64:
        raise ValueError(text)
    return int(text, 0) if text.lower().startswith(("0x", "0b")) else int(text, 10)


def _a(description: str) -> str:
    return description if description[0].isdigit() else f"an {description}".replace("an b", "b")
