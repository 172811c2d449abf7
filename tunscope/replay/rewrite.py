"""Addresses, ports, hop limits and fields of a packet changed, its checksums kept right. Pure.

Checksums that cover what changed are brought up to date by the difference (RFC 1624), which also
serves fragments and the packets that ICMP errors quote; then, where asked for, all are computed
anew, which also mends those that were wrong before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.checksum import updated_checksum
from tunscope.packet.direction import CHECKSUM_NOT_READY
from tunscope.packet.edit import Assignment, apply
from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable
from tunscope.packet.repair import with_checksums
from tunscope.replay.address_maps import AddressMaps

_ERRORS: Final = {"icmp": frozenset({3, 4, 5, 11, 12}), "icmpv6": frozenset({1, 2, 3, 4})}
_NEIGHBOUR: Final = frozenset({135, 136})
_ADDRESSES: Final = {"ip": (12, 16, 20), "ipv6": (8, 24, 40)}
_CHECKSUM_AT: Final = {"tcp": 16, "udp": 6, "icmpv6": 2, "icmp": 2}


@dataclass(frozen=True, slots=True)
class HopLimit:
    """`value` as TTL or hop limit, or added to it if `relative`; 1 to 255 comes of it."""

    value: int
    relative: bool

    def of(self, before: int) -> int:
        """Return what replaces a hop limit."""
        return min(255, max(1, before + self.value)) if self.relative else self.value


def parse_hop_limit(text: str) -> HopLimit:
    """Read ``64``, ``+1`` or ``-1``; UsageError for anything else."""
    relative = text[:1] in {"+", "-"}
    digits = text[1:] if relative else text
    if not (digits.isascii() and digits.isdecimal() and int(digits[:9]) <= 255):
        raise UsageError(f"--ttl {printable(text)}", "is not 0 to 255, +N or -N")
    return HopLimit(int(text), relative)


@dataclass(frozen=True, slots=True)
class Rewriter:
    """What is changed in every packet that has it.

    `checksums` are all computed anew in packets that change and in those that were captured
    before theirs was made (None), in every packet (True), or stay as they are (False). Fields of
    `assignments` are left out of packets that do not have them.
    """

    addresses: AddressMaps = field(default_factory=AddressMaps)
    ports: Mapping[int, int] = field(default_factory=dict)
    macs: Mapping[bytes, bytes] = field(default_factory=dict)
    hop_limit: HopLimit | None = None
    assignments: Sequence[Assignment] = ()
    checksums: bool | None = None

    def __call__(self, data: bytes, linktype: LinkType, flags: int) -> bytes:
        """Return the packet, changed."""
        changed = self._mapped(data, linktype)
        for assignment in self.assignments:
            try:
                changed = apply(changed, linktype, (assignment,)).data
            except UsageError:  # it does not have the field
                continue
        if self.checksums is False:
            return changed
        if self.checksums or changed != data or flags & CHECKSUM_NOT_READY:
            return with_checksums(changed, linktype)
        return changed

    def _mapped(self, data: bytes, linktype: LinkType) -> bytes:
        if not (self.addresses or self.ports or self.macs or self.hop_limit):
            return data
        packet = bytearray(data)
        layers = layers_of(data, linktype)
        first_network = True
        for index, layer in enumerate(layers):
            if layer.protocol == "eth":
                self._mac(packet, 0)
                self._mac(packet, 6)
            elif layer.protocol == "arp":
                self._arp(packet, layer.start)
            elif layer.protocol in _ADDRESSES:
                upper = layers[index + 1] if index + 1 < len(layers) else None
                limit = self.hop_limit if first_network else None
                self._network(packet, layer.start, layer.protocol, limit, _sums_of(upper))
                first_network = False
            elif layer.protocol in {"tcp", "udp"}:
                self._ports(packet, layer.start, layer.end, layer.protocol)
            elif layer.protocol in _ERRORS:
                self._message(packet, layer)
        return bytes(packet)

    def _mac(self, packet: bytearray, at: int) -> None:
        old = bytes(packet[at : at + 6])
        packet[at : at + 6] = self.macs.get(old, old)

    def _arp(self, packet: bytearray, start: int) -> None:
        if packet[start + 4 : start + 6] != b"\6\4":  # other lengths put them elsewhere
            return
        for at in (start + 8, start + 18):
            self._mac(packet, at)
        for at in (start + 14, start + 24):
            packet[at : at + 4] = self.addresses(bytes(packet[at : at + 4]))

    def _network(
        self,
        packet: bytearray,
        start: int,
        protocol: str,
        limit: HopLimit | None,
        sums: tuple[int, str, int] | None,
    ) -> None:
        """Change one IP header; `sums` is the transport's protocol, start and end behind it."""
        first, second, end = (start + at for at in _ADDRESSES[protocol])
        before = bytes(packet[first:end])
        after = self.addresses(before[: second - first]) + self.addresses(before[second - first :])
        packet[first:end] = after
        if protocol == "ip":
            _update(packet, start + 10, before, after)
        if limit is not None:
            at = start + (8 if protocol == "ip" else 7)
            even = at - (at - start) % 2
            word = bytes(packet[even : even + 2])
            packet[at] = limit.of(packet[at])
            if protocol == "ip":
                _update(packet, start + 10, word, bytes(packet[even : even + 2]))
        if sums is not None:
            at, name, stop = sums
            if name != "icmp":
                _update_transport(packet, at, stop, name, before, after)

    def _ports(self, packet: bytearray, start: int, end: int, protocol: str) -> None:
        if end - start < 4 or not self.ports:
            return
        before = bytes(packet[start : start + 4])
        numbers = int.from_bytes(before[:2], "big"), int.from_bytes(before[2:], "big")
        after = b"".join(self.ports.get(port, port).to_bytes(2, "big") for port in numbers)
        packet[start : start + 4] = after
        _update_transport(packet, start, end, protocol, before, after)

    def _message(self, packet: bytearray, layer: Layer) -> None:
        """Change the addresses inside an ICMP error or a neighbour message, and its checksum."""
        kind, start, end = packet[layer.start], layer.payload, layer.end
        before = bytes(packet[start:end])
        if kind in _ERRORS[layer.protocol]:
            self._quoted(packet, start, end)
        elif layer.protocol == "icmpv6" and kind in _NEIGHBOUR and end - start >= 16:
            packet[start : start + 16] = self.addresses(bytes(packet[start : start + 16]))
        if not layer.fragment:
            _update(packet, layer.start + 2, before, bytes(packet[start:end]))

    def _quoted(self, packet: bytearray, start: int, end: int) -> None:
        version = packet[start] >> 4 if start < end else 0
        if version == 4 and end - start >= 20:
            upper, number = start + 4 * (packet[start] & 15), packet[start + 9]
            later = int.from_bytes(packet[start + 6 : start + 8], "big") & 0x1FFF
            protocol = "ip"
        elif version == 6 and end - start >= 40:
            upper, number, later, protocol = start + 40, packet[start + 6], 0, "ipv6"
        else:
            return
        name = {6: "tcp", 17: "udp", 58: "icmpv6"}.get(number)
        known = name is not None and not later and upper < end
        sums = (upper, name, end) if known and name is not None else None
        self._network(packet, start, protocol, None, sums)
        if sums is not None and name in {"tcp", "udp"}:
            self._ports(packet, upper, end, name)


def parse_ports(texts: Sequence[str]) -> dict[int, int]:
    """Read ``80=8080``, several; UsageError for anything else."""
    ports = {}
    for text in texts:
        words = [word.strip() for word in text.split("=")]
        if len(words) != 2 or not all(_is_port(word) for word in words):
            raise UsageError(f"--map-port {printable(text)}", "is not PORT=PORT", "as in 80=8080")
        ports[int(words[0])] = int(words[1])
    return ports


def parse_macs(texts: Sequence[str], read: Callable[[str], bytes]) -> dict[bytes, bytes]:
    """Read ``MAC=MAC``, several; UsageError for anything else."""
    macs = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not equals:
            raise UsageError(f"--map-mac {printable(text)}", "is not MAC=MAC")
        macs[read(old.strip())] = read(new.strip())
    return macs


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= 0xFFFF


def _sums_of(layer: Layer | None) -> tuple[int, str, int] | None:
    if layer is None or layer.protocol not in _CHECKSUM_AT:
        return None
    return layer.start, layer.protocol, layer.end


def _update_transport(
    packet: bytearray, start: int, end: int, protocol: str, before: bytes, after: bytes
) -> None:
    at = start + _CHECKSUM_AT[protocol]
    if at + 2 > end or (protocol == "udp" and packet[at : at + 2] == b"\0\0"):
        return
    _update(packet, at, before, after)
    if protocol == "udp" and packet[at : at + 2] == b"\0\0":
        packet[at : at + 2] = b"\xff\xff"


def _update(packet: bytearray, at: int, before: bytes, after: bytes) -> None:
    if before != after:
        checksum = int.from_bytes(packet[at : at + 2], "big")
        packet[at : at + 2] = updated_checksum(checksum, before, after).to_bytes(2, "big")
