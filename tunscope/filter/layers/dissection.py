"""What dissecting one packet yields: every field with its occurrences, outer ones first."""

from __future__ import annotations

import struct
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tunscope.filter.conversations.facts import Conversations
from tunscope.filter.values import ProtocolValue, Value
from tunscope.packet.record import PacketRecord

_Kept = TypeVar("_Kept")

#: Severity and group of `_ws.expert`, as Wireshark numbers them.
CHAT: Final = 0x00200000
NOTE: Final = 0x00400000
WARN: Final = 0x00600000
ERROR: Final = 0x00800000
CHECKSUM_GROUP: Final = 0x01000000
SEQUENCE_GROUP: Final = 0x02000000
PROTOCOL_GROUP: Final = 0x09000000
MALFORMED_GROUP: Final = 0x07000000
UNDECODED_GROUP: Final = 0x05000000
DEPRECATED_GROUP: Final = 0x0E000000
REASSEMBLE_GROUP: Final = 0x08000000

#: ICMP and ICMPv6, by protocol number.
_CONTROL: Final = frozenset({1, 58})
#: Headers within headers are followed this far and no further.
MOST_HEADERS: Final = 200


class CutShort(Exception):
    """The captured bytes end before the header being read does."""


#: What reading past the end of the bytes raises.
PAST_THE_END: Final = (CutShort, IndexError, struct.error)


@dataclass(slots=True)
class Octets:
    """The bytes a dissector reads: its header and all that it carries.

    `data` was captured; `reported` bytes are what the headers around it promise, never fewer.
    """

    data: bytes
    reported: int

    def rest(self, offset: int) -> Octets:
        """Return what stands behind the first `offset` bytes."""
        return Octets(self.data[offset:], max(0, self.reported - offset))

    def trim(self, length: int) -> None:
        """Forget what stands behind `length` bytes: the header says there is no more."""
        if length < self.reported:
            self.reported = length
            self.data = self.data[:length]


@dataclass(slots=True)
class Network:
    """The innermost IP header around what is being dissected."""

    version: int = 0
    source: bytes = b""
    destination: bytes = b""
    protocol: int = 0
    #: What IPv6's options refer to.
    payload_length: int = 0
    hop_limit: int = 0
    fragment: bool = False
    #: Inside the packet that an error quotes: "icmp" or "icmpv6", "tunnel" in what that carries.
    quoted: str = ""

    @property
    def quoted_inside(self) -> str:
        """What `quoted` is for an IP header inside this one."""
        return self.quoted if self.protocol in _CONTROL else self.quoted and "tunnel"


@dataclass(slots=True)
class Payload:
    """What a transport header carries, for the decoders of applications."""

    transport: str
    source_port: int
    destination_port: int
    octets: Octets
    network: Network
    #: Retransmitted or out of order: tshark reads no application from it.
    stale: bool = False
    #: The number of its conversation; below 0 where conversations are not followed.
    stream: int = -1


@dataclass(slots=True)
class Dissection:
    """The fields of one packet, as far as they are wanted.

    `wanted` holds names of protocols: only their fields are collected, which saves the time that
    the others take. `layers` counts, beside each occurrence, the how-manieth header of its
    protocol it stands in, from 1.
    """

    record: PacketRecord
    wanted: Container[str]
    values: dict[str, list[Value]] = field(default_factory=dict)
    layers: dict[str, list[int]] = field(default_factory=dict)
    #: Protocols in the order in which they were met, as frame.protocols lists them.
    protocols: list[str] = field(default_factory=list)
    payloads: list[Payload] = field(default_factory=list)
    #: The memory of the capture the packet stands in; None where it is looked at alone.
    conversations: Conversations | None = None
    #: The packet's number in the capture, 0 where it has none.
    number: int = 0
    network: Network = field(default_factory=Network)
    _counts: dict[str, int] = field(default_factory=dict)
    _layer: int = 1
    _octets: Octets = field(default_factory=lambda: Octets(b"", 0))

    def begin(
        self, protocol: str, octets: Octets, length: int | None = None, *, needs: int = 0
    ) -> bool:
        """Enter the next header of `protocol`, which spans `octets` with all it carries.

        `length` bytes of it count as the protocol's own, all of them where it is None. Returns
        whether the protocol's fields are wanted. CutShort where headers nest absurdly deep, and
        where fewer than `needs` bytes were captured: then the header is not there at all, though
        frame.protocols names it.
        """
        if len(self.protocols) >= MOST_HEADERS:
            raise CutShort
        self.protocols.append(protocol)
        self._octets = octets
        if len(octets.data) < needs:
            raise CutShort
        self._layer = self._counts[protocol] = self._counts.get(protocol, 0) + 1
        if protocol not in self.wanted:
            return False
        data = octets.data
        self.add(protocol, ProtocolValue(data, len(data) if length is None else length))
        return True

    def resume(self, protocol: str) -> None:
        """Come back to the current header of `protocol` after one that it carries."""
        self._layer = self._counts.get(protocol, 1)

    def layer_of(self, protocol: str) -> int:
        """Return how many headers of `protocol` were entered so far."""
        return self._counts.get(protocol, 0)

    def add(self, name: str, value: Value) -> None:
        """Note an occurrence of field `name`."""
        if name in self.values:
            self.values[name].append(value)
            self.layers[name].append(self._layer)
        else:
            self.values[name] = [value]
            self.layers[name] = [self._layer]

    def add_all(self, names: Iterable[str], value: Value) -> None:
        """Note an occurrence of the same value in several fields."""
        for name in names:
            self.add(name, value)

    def add_bits(self, value: int, bits: Iterable[tuple[str, int]]) -> None:
        """Note one boolean field for each (name, mask) of `bits`."""
        for name, mask in bits:
            self.add(name, int(value & mask != 0))

    def cut_short(self) -> None:
        """Note that the bytes ended too early: not captured, or not there at all."""
        octets = self._octets
        if self.network.quoted:
            return
        if len(octets.data) < octets.reported:
            self.add("_ws.short", ProtocolValue(b"", 0))
        elif self.network.fragment:
            self.unreassembled()
        else:
            self.add("_ws.malformed", ProtocolValue(b"", 0))
            message = "Malformed Packet (Exception occurred)"
            self.expert("_ws.malformed.expert", ERROR, MALFORMED_GROUP, message)

    def unreassembled(self) -> None:
        """Note that the rest is in other packets, which are not put together."""
        self.add("_ws.unreassembled", ProtocolValue(b"", 0))
        message = "Unreassembled fragment (change preferences to enable reassembly)"
        self.expert("_ws.unreassembled.expert", NOTE, REASSEMBLE_GROUP, message)

    def recall(self, kind: type[_Kept], payload: Payload) -> _Kept:
        """Return what `kind` keeps of the payload's conversation; a new one where conversations
        are not followed in order."""
        followed = self.conversations and self.conversations.applications
        if not followed or payload.stream < 0:
            return kind()
        return followed.recall(kind, (payload.transport, payload.stream))

    def expert(self, name: str, severity: int, group: int, message: str) -> None:
        """Note an expert information: the label `name` and what `_ws.expert` says about it."""
        if name:
            self.add(name, None)
        if group == MALFORMED_GROUP:
            self.add("_ws.malformed", ProtocolValue(b"", 0))
        self.add("_ws.expert", ProtocolValue(b"", 0))
        self.add("_ws.expert.message", message)
        self.add("_ws.expert.severity", severity)
        self.add("_ws.expert.group", group)


def u16(data: bytes, offset: int) -> int:
    """Return the 16-bit number at `offset`, big endian. struct.error past the end."""
    number: int = _U16.unpack_from(data, offset)[0]
    return number


def u24(data: bytes, offset: int) -> int:
    """Return the 24-bit number at `offset`, big endian. struct.error past the end."""
    high, low = _U24.unpack_from(data, offset)
    return int(high) << 16 | int(low)


def u32(data: bytes, offset: int) -> int:
    """Return the 32-bit number at `offset`, big endian. struct.error past the end."""
    number: int = _U32.unpack_from(data, offset)[0]
    return number


def u64(data: bytes, offset: int) -> int:
    """Return the 64-bit number at `offset`, big endian. struct.error past the end."""
    number: int = _U64.unpack_from(data, offset)[0]
    return number


def take(data: bytes, offset: int, length: int) -> bytes:
    """Return `length` bytes at `offset`; CutShort where there are fewer."""
    part = data[offset : offset + length]
    if len(part) < length or length < 0:
        raise CutShort
    return part


_U16: Final = struct.Struct(">H")
_U24: Final = struct.Struct(">BH")
_U32: Final = struct.Struct(">I")
_U64: Final = struct.Struct(">Q")
