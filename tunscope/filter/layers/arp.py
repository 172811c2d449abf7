"""ARP, RARP and their relatives (RFC 826, RFC 903)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u32
from tunscope.filter.layers.registry import takes

_ETHERNET_HARDWARE: Final = (1, 6)
_ATM: Final = (16, 19, 3)
_MINIMUM: Final = 8


@takes("ethertype", 0x0806, 0x8035)
def dissect_arp(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ARP packet; what follows it is padding."""
    sizes = octets.data[4:6]
    length = _MINIMUM + 2 * sum(sizes)
    if len(sizes) == 2:
        octets.trim(length)
    if not dissection.begin("arp", octets, length, needs=2):
        return
    data = octets.data
    add = dissection.add
    hardware = u16(data, 0)
    add("arp.hw.type", hardware)
    protocol = u16(data, 2)
    add("arp.proto.type", protocol)
    hardware_size = data[4]
    add("arp.hw.size", hardware_size)
    protocol_size = data[5]
    add("arp.proto.size", protocol_size)
    opcode = u16(data, 6)
    add("arp.opcode", opcode)
    places = _places(hardware_size, protocol_size)
    ethernet = hardware in _ETHERNET_HARDWARE and hardware_size == 6
    ipv4 = protocol == 0x0800 and protocol_size == 4
    if ipv4 and opcode in (1, 2):
        _add_kind(dissection, data, places, opcode)
    for side, at_hardware, at_protocol in (("src", *places[:2]), ("dst", *places[2:])):
        if hardware_size:
            address = take(data, at_hardware, hardware_size)
            add(f"arp.{side}.hw_mac" if ethernet else f"arp.{side}.hw", address)
        if protocol_size and ipv4:
            add(f"arp.{side}.proto_ipv4", u32(data, at_protocol))
        elif protocol_size:
            add(f"arp.{side}.proto", take(data, at_protocol, protocol_size))


def _places(hardware: int, protocol: int) -> tuple[int, int, int, int]:
    sender = _MINIMUM
    target = sender + hardware + protocol
    return sender, sender + hardware, target, target + hardware


def _add_kind(
    dissection: Dissection, data: bytes, places: tuple[int, int, int, int], opcode: int
) -> None:
    """Say which of the special requests this is: gratuitous, probe, announcement (RFC 5227)."""
    source, target = take(data, places[1], 4), take(data, places[3], 4)
    if source == target:
        dissection.add("arp.isgratuitous", 1)
        if opcode == 1:
            dissection.add("arp.isannouncement", 1)
    elif opcode == 1 and source == b"\0\0\0\0":
        dissection.add("arp.isprobe", 1)
