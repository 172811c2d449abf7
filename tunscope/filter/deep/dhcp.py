"""DHCP and BOOTP (RFC 2131, RFC 2132)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.dhcp_options import add_option
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import (
    ERROR,
    NOTE,
    PROTOCOL_GROUP,
    CutShort,
    Dissection,
    Payload,
    take,
    u16,
    u32,
)

_COOKIE: Final = b"\x63\x82\x53\x63"
_FIXED: Final = 236
#: Hardware types whose addresses are MAC addresses: Ethernet, IEEE 802.
_WITH_MAC: Final = frozenset({1, 6})
_PAD, _END, _OVERLOAD, _MESSAGE_TYPE = 0, 255, 52, 53


@decodes("udp", "dhcp")
def decode_dhcp(dissection: Dissection, payload: Payload) -> bool:
    """Decode a DHCP message."""
    octets = payload.octets
    data = octets.data
    if not dissection.begin("dhcp", octets):
        return True
    options = data[_FIXED + 4 :] if data[_FIXED : _FIXED + 4] == _COOKIE else None
    if options is not None and len(data) < octets.reported and not _ends(options):
        # As tshark has it, which looks through all options first.
        raise CutShort
    add = dissection.add
    add("dhcp.type", data[0])
    hardware, size = data[1], data[2]
    add("dhcp.hw.type", hardware)
    add("dhcp.hw.len", size)
    add("dhcp.hops", data[3])
    add("dhcp.id", u32(data, 4))
    _add_seconds(dissection, u16(data, 8))
    flags = u16(data, 10)
    add("dhcp.flags", flags)
    add("dhcp.flags.bc", flags >> 15)
    add("dhcp.flags.reserved", flags & 0x7FFF)
    for place, name in enumerate(("client", "your", "server", "relay")):
        add(f"dhcp.ip.{name}", u32(data, 12 + 4 * place))
    _add_hardware_address(dissection, hardware, size, take(data, 28, 16))
    names = _read_options(data[_FIXED + 4 :]) if data[_FIXED : _FIXED + 4] == _COOKIE else []
    overload = next((body[0] for kind, body in names if kind == _OVERLOAD and body), 0)
    for bit, name, offset, length in ((2, "server", 44, 64), (1, "file", 108, 128)):
        text = take(data, offset, length).partition(b"\0")[0]
        if not overload & bit:
            add(f"dhcp.{name}", text.decode("ascii", "replace"))
    if not any(kind == _MESSAGE_TYPE for kind, _ in names):
        add("dhcp.bootp", 1)
    if data[_FIXED : _FIXED + 4] != _COOKIE:
        return True
    add("dhcp.cookie", u32(data, _FIXED))
    _add_options(dissection, data[_FIXED + 4 :])
    return True


def _add_seconds(dissection: Dissection, seconds: int) -> None:
    """Note how long the client has been trying; some count in the other byte order."""
    if seconds > 255 and not seconds & 0xFF:
        seconds >>= 8
        message = "Seconds elapsed appears to be encoded as little-endian"
        dissection.expert("dhcp.secs_le", NOTE, PROTOCOL_GROUP, message)
    dissection.add("dhcp.secs", seconds)


def _add_hardware_address(dissection: Dissection, hardware: int, size: int, address: bytes) -> None:
    add = dissection.add
    if not size:
        message = "Client address not given"
        dissection.expert("dhcp.client_address_not_given", NOTE, PROTOCOL_GROUP, message)
    elif hardware in _WITH_MAC and size == 6:
        add("dhcp.hw.mac_addr", address[:6])
        add("dhcp.hw.addr_padding", address[6:])
    else:
        add("dhcp.hw.addr", address)
        if size < len(address):
            add("dhcp.hw.addr_padding", address[size:])


def _ends(data: bytes) -> bool:
    """Whether the mark that ends the options stands in `data`."""
    offset = 0
    while offset + 1 < len(data) and data[offset] != _END:
        offset += 1 if data[offset] == _PAD else 2 + data[offset + 1]
    return offset < len(data) and data[offset] == _END


def _read_options(data: bytes) -> list[tuple[int, bytes]]:
    options = []
    offset = 0
    while offset < len(data):
        kind = data[offset]
        if kind in (_PAD, _END):
            offset += 1
            if kind == _END:
                break
            continue
        size = data[offset + 1] if offset + 1 < len(data) else 0
        options.append((kind, data[offset + 2 : offset + 2 + size]))
        offset += 2 + size
    return options


def _add_options(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    offset = 0
    while offset < len(data):
        kind = data[offset]
        if kind == _PAD:
            begin = offset
            while offset < len(data) and data[offset] == _PAD:
                offset += 1
            add("dhcp.option.padding", data[begin:offset])
            continue
        # tshark's value for the end mark.
        add("dhcp.option.type", 0 if kind == _END else kind)
        if kind == _END:
            add("dhcp.option.end", _END)
            offset += 1
            if offset < len(data):
                add("dhcp.option.padding", data[offset:])
            return
        size = data[offset + 1]
        add("dhcp.option.length", size)
        body = take(data, offset + 2, size)
        add("dhcp.option.value", body)
        add_option(dissection, kind, body)
        offset += 2 + size
    dissection.expert("dhcp.end_option_missing", ERROR, PROTOCOL_GROUP, "End option missing")
