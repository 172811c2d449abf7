"""A packet that may be answered, and the same packet turned around."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, Self

from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.repair import repaired

#: The hardware address of everybody at the far end: locally administered.
PEER_MAC: Final = bytes.fromhex("027473000001")
_ANSWER_TTL: Final = 64


@dataclass(frozen=True, slots=True)
class Question:
    """A packet with its headers; `network` is the outermost IP header, `transport` what it has."""

    data: bytes
    linktype: int
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, data: bytes, linktype: int) -> Self:
        """Find the headers; never raises."""
        return cls(data, linktype, layers_of(data, linktype))

    def layer(self, protocol: str) -> Layer | None:
        """Return the outermost header of a protocol."""
        return next((layer for layer in self.layers if layer.protocol == protocol), None)

    @property
    def top(self) -> Layer | None:
        """The transport header right above the outermost IP header, if the packet is whole."""
        for index, layer in enumerate(self.layers):
            if layer.protocol in {"ip", "ipv6"}:
                above = self.layers[index + 1 : index + 2]
                whole = not layer.fragment and self.for_one
                return above[0] if above and whole else None
        return None

    @property
    def for_one(self) -> bool:
        """Whether the packet goes from one host to one host."""
        return all(
            not address.is_multicast
            and not address.is_unspecified
            and address != ipaddress.IPv4Address(0xFFFFFFFF)
            for address in self._addresses()
        )

    def answer(self, payload: bytes, protocol: str) -> bytes:
        """Return a packet the other way, with `payload` in place of the header `protocol` and all
        behind it, and every length and checksum right.

        The payload begins with a header of that protocol, without options of the IP header.
        """
        parts: list[bytes] = []
        for layer in self.layers:
            header = self.data[layer.start : layer.payload]
            if layer.protocol == "eth":
                parts.append(header[6:12] + PEER_MAC + header[12:14])
            elif layer.protocol == "ip":
                parts.append(
                    b"\x45" + header[1:4] + bytes(4) + bytes([_ANSWER_TTL]) + header[9:12]
                    + header[16:20] + header[12:16]
                )  # fmt: skip
            elif layer.protocol == "ipv6":
                following = _NUMBERS.get(protocol, header[6])
                parts.append(
                    header[:6] + bytes([following, _ANSWER_TTL]) + header[24:40] + header[8:24]
                )
            elif layer.protocol == protocol:
                break
            else:
                parts.append(header)
        return repaired(b"".join(parts) + payload, self.linktype, range(len(self.layers)))

    def _addresses(self) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        for layer in self.layers:
            at = layer.start
            if layer.protocol == "ip":
                return [ipaddress.IPv4Address(self.data[at + i : at + i + 4]) for i in (12, 16)]
            if layer.protocol == "ipv6":
                return [ipaddress.IPv6Address(self.data[at + i : at + i + 16]) for i in (8, 24)]
        return []


_NUMBERS: Final = {"tcp": 6, "udp": 17, "icmpv6": 58}
