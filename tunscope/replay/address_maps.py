"""Other addresses than those of the capture: networks for networks, or at random. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.replay.sides import Network, parse_network

_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """Addresses within `source` become addresses within `target`, with the same host bits.

    Where the target is the smaller network, the host bits that it has no room for are lost.
    """

    source: Network
    target: Network

    def mapped(self, address: int) -> int | None:
        """Return the other address, None if this one is not within `source`."""
        if address & int(self.source.netmask) != int(self.source.network_address):
            return None
        return int(self.target.network_address) | address & int(self.target.hostmask)


def parse_map(text: str) -> NetworkMap:
    """Read ``10.0.0.0/8=192.168.0.0/16``; UsageError for anything else."""
    source, equals, target = text.partition("=")
    if not equals:
        raise UsageError(
            f"--map {printable(text)}", "is not NET=NET", "as in 10.0.0.0/8=192.168.0.0/16"
        )
    networks = parse_network("--map", source), parse_network("--map", target)
    if networks[0].version != networks[1].version:
        raise UsageError(f"--map {printable(text)}", "mixes IPv4 and IPv6")
    return NetworkMap(*networks)


@dataclass(frozen=True)
class AddressMaps:
    """The first map that an address is within is used; with a `seed`, the rest is exchanged for
    other unicast addresses, the same for the same, never one for two."""

    maps: Sequence[NetworkMap] = ()
    seed: int | None = None
    _known: dict[bytes, bytes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.maps) or self.seed is not None

    def __call__(self, address: bytes) -> bytes:
        """Return what replaces an address of 4 or 16 bytes."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) > 1 << 16:
                self._known.clear()
            known = self._known[address] = self._replaced(address)
        return known

    def _replaced(self, address: bytes) -> bytes:
        number, version = int.from_bytes(address, "big"), 4 if len(address) == 4 else 6
        for one in self.maps:
            if one.source.version == version:
                mapped = one.mapped(number)
                if mapped is not None:
                    return mapped.to_bytes(len(address), "big")
        if self.seed is None or not _is_unicast(number, version):
            return address
        bits = 8 * len(address)
        while True:  # a permutation, walked until it is back among the unicast addresses
            number = _permuted(number, bits, self.seed)
            if _is_unicast(number, version):
                return number.to_bytes(len(address), "big")


def _is_unicast(number: int, version: int) -> bool:
    if version == 4:
        first = number >> 24
        return 0 < first < 224 and first != 127 and number >> 16 != 0xA9FE
    return ipaddress.IPv6Address(number).packed[0] >> 5 == 1 or number >> 121 == 0x7E


def _permuted(number: int, bits: int, seed: int) -> int:
    """Return the image under a Feistel network: one number for one number."""
    half = bits // 2
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for turn in range(_ROUNDS):
        word = f"{seed}/{turn}/{bits}/{right}".encode()
        digest = int.from_bytes(hashlib.blake2s(word).digest()[:8], "big")
        left, right = right, left ^ (digest & mask)
    return left << half | right
