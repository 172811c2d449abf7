"""To whom each packet of a replay goes: into the kernel, or out to the wire. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

from tunscope.errors import UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.printable import printable
from tunscope.packet.record import PacketRecord
from tunscope.replay.links import carried, direction_of_record
from tunscope.replay.refusals import NEITHER_END, NO_DIRECTION, Unsendable

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class PlanSide(IntEnum):
    """Who receives a packet, as a plan writes it."""

    KERNEL = 0
    WIRE = 1


class SideChoice(Protocol):
    """Says for each packet of the capture where it goes."""

    def __call__(self, record: PacketRecord) -> PlanSide:
        """Return the side; Unsendable if it cannot be told."""


@dataclass(frozen=True, slots=True)
class OneSide:
    """Everything goes to one side."""

    side: PlanSide

    def __call__(self, record: PacketRecord) -> PlanSide:
        """Return that side."""
        return self.side


class AsRecorded:
    """What the kernel sent goes to the wire again, what it received goes into the kernel."""

    def __call__(self, record: PacketRecord) -> PlanSide:
        """Return the side by the packet's direction."""
        match direction_of_record(record):
            case Direction.OUT:
                return PlanSide.WIRE
            case Direction.IN:
                return PlanSide.KERNEL
        raise Unsendable(NO_DIRECTION)


@dataclass(frozen=True, slots=True)
class ByEndpoint:
    """By source address: what a client sends goes into the kernel, what a server sends, to the
    wire; this machine stands where the server stood. Where only one is named, the rest is the
    other's."""

    clients: Sequence[Network]
    servers: Sequence[Network]

    def __call__(self, record: PacketRecord) -> PlanSide:
        """Return the side by the packet's source address."""
        source = source_address(record)
        if source is not None:
            if _within(source, self.clients):
                return PlanSide.KERNEL
            if _within(source, self.servers):
                return PlanSide.WIRE
            if not self.servers:
                return PlanSide.WIRE
            if not self.clients:
                return PlanSide.KERNEL
        raise Unsendable(NEITHER_END)


def source_address(record: PacketRecord) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP source address, or the sender of an ARP packet; None if there is neither."""
    found = carried(record.data, record.linktype)
    payload = found.payload
    if found.ethertype == 0x0800 and len(payload) >= 20:
        return ipaddress.IPv4Address(payload[12:16])
    if found.ethertype == 0x86DD and len(payload) >= 40:
        return ipaddress.IPv6Address(payload[8:24])
    if found.ethertype == 0x0806 and len(payload) >= 28:
        return ipaddress.IPv4Address(payload[14:18])
    return None


def parse_network(option: str, text: str) -> Network:
    """Read an address or CIDR; host bits are masked away. UsageError if it is neither."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(
            f"{option} {printable(text)}", "is no address or network", "as in 10.0.0.0/8"
        ) from None


def _within(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Sequence[Network]
) -> bool:
    return any(address in network for network in networks)
