"""The protocol hierarchy: how many packets and bytes go through which protocols, outer ones first.

As ``tshark -z io,phs``: a packet counts with all its bytes at every protocol it goes through.
Each packet is looked at alone: what follows in a later segment is `data` where neither port nor
look tells the application. What is malformed is not marked.

Columns tell which headers a packet has, so that one packet of a kind stands for the headers of
all; only what TCP and UDP carry, and packets whose headers are unusual, are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer, RecordFlag
from tunscope.filter.dissect import dissect
from tunscope.filter.layers.registry import dissector_of
from tunscope.index.statistics.carried import NOTHING, CarriedProtocols
from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.packet.record import PacketRecord

if TYPE_CHECKING:
    import numpy.typing as npt

    from tunscope.columns.batch import ColumnBatch, PacketBytes, Rows

Path = tuple[str, ...]

#: Different paths that are told apart; hostile packets could bring any number of them.
MOST_PATHS: Final = 10_000
#: What is beyond them is counted under its first protocols and this.
BEYOND: Final = "…"
_KEPT_OF_BEYOND: Final = 2
#: A name in a list of protocols that is no protocol of its own.
_NO_PROTOCOL: Final = "ethertype"
#: What an error message of these quotes is theirs, but for what the quoted packet carried.
_QUOTING: Final = frozenset({"icmp", "icmpv6"})
_QUOTED: Final = frozenset({"ip", "ipv6"})
_HEADERS: Final = _QUOTED | _QUOTING | {"tcp", "udp", "udplite", "sctp", "gre"}
#: With this nothing behind the transport header is looked at.
_HEADERS_ONLY: Final[frozenset[str]] = frozenset()
#: Bits of packets whose protocols the columns do not tell for certain.
_UNCERTAIN: Final = (
    Layer.SHIMS | Layer.INNER | Layer.FRAGMENT | Layer.CUT | Layer.MALFORMED | Layer.VLAN
)
#: What the headers of a plain packet have, and the flag of a segment whose payload is no payload.
_PLAIN_TCP: Final = Layer.TCP | Layer.TCP_COMPLETE | Layer.ADDRESSES
_PLAIN_UDP: Final = Layer.UDP | Layer.PORTS | Layer.ADDRESSES
_RESET: Final = 0x004
#: `payload_len` of all that is longer.
_SATURATED: Final = 0xFFFF
_UDP_HEADER: Final = 8

#: Layers, interface, type of what the link layer carries, protocol of what IP carries.
Kind = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Headers:
    """The headers of all packets of a kind: their path, and the transport's name for payloads."""

    path: Path
    transport: str


def _path(protocols: list[str]) -> Path:
    """Return the protocols of a packet as a hierarchy has them."""
    names = [name for name in protocols if name != _NO_PROTOCOL]
    for place, name in enumerate(names):
        if name in _QUOTING:
            rest = names[place + 1 :]
            carried = rest[-1:] if rest and rest[0] in _QUOTED else []
            return (*names[: place + 1], *(n for n in carried if n not in _HEADERS))
    return tuple(names)


@dataclass(slots=True)
class ProtocolNode:
    """A protocol at one place of the hierarchy.

    `packets` and `octets` go through it, `ending` packets have nothing behind it.
    """

    name: str
    path: Path
    packets: int = 0
    octets: int = 0
    ending: int = 0
    children: list[ProtocolNode] = field(default_factory=list)

    def walk(self) -> Iterator[ProtocolNode]:
        """Yield the node and all below it, from the top."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


class HierarchyTally:
    """Counts packets by the protocols they go through; a `gathering.Tally`."""

    def __init__(self) -> None:
        self._totals: Final[dict[Path, list[int]]] = {}
        self._kinds: Final[dict[Kind, _Headers]] = {}
        self._carried: Final = CarriedProtocols()
        #: Whether a UDP port's payload is a header of its own (a tunnel's, for one).
        self._header_ports: Final[dict[int, bool]] = {}

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count the packets `rows` of `batch`."""
        plain = self._is_plain(batch, rows)
        bare = plain & (batch["payload_len"][rows] == 0)
        self._add_bare(batch, rows[bare])
        self._add_carrying(batch, rows[plain & ~bare])
        self._add_each(batch, rows[~plain])

    def _is_plain(self, batch: ColumnBatch, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return whose headers the columns tell for certain."""
        layers = batch["layers"][rows]
        length = batch["payload_len"][rows]
        tcp = layers & np.uint32(_UNCERTAIN | _PLAIN_TCP) == int(_PLAIN_TCP)
        tcp &= (batch["tcp_flags"][rows] & np.uint16(_RESET) == 0) | (length == 0)
        udp = layers & np.uint32(_UNCERTAIN | _PLAIN_UDP) == int(_PLAIN_UDP)
        udp &= ~self._has_header_port(batch["sport"][rows])
        udp &= ~self._has_header_port(batch["dport"][rows])
        found: npt.NDArray[np.bool_] = (tcp | udp) & (length != _SATURATED)
        return found

    def _has_header_port(self, ports: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
        different, which = np.unique(ports, return_inverse=True)
        known = self._header_ports
        for port in different.tolist():
            if port not in known:
                known[port] = dissector_of("udp.port", port) is not None
        has = np.array([known[port] for port in different.tolist()], np.bool_)
        found: npt.NDArray[np.bool_] = has[which]
        return found

    def _add_bare(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count plain packets without payload: one of a kind stands for all."""
        if not len(rows):
            return
        octets = batch["origlen"][rows]
        for kind, which in self._by_kind(batch, rows):
            headers = self._headers(batch, kind, int(rows[which[0]]))
            self._count(headers.path, len(which), int(octets[which].sum(dtype=np.uint64)))

    def _add_carrying(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count plain packets with payload: their headers by kind, their payloads one by one."""
        if not len(rows):
            return
        headers: dict[int, _Headers] = {}
        for kind, which in self._by_kind(batch, rows):
            known = self._headers(batch, kind, int(rows[which[0]]))
            headers.update(dict.fromkeys(rows[which].tolist(), known))
        for piece in batch.packet_bytes(rows):
            data = piece.data.data
            columns = ("l4_offset", "payload_len", "sport", "dport", "origlen")
            values = (batch[name][piece.rows].tolist() for name in columns)
            places = (piece.rows.tolist(), piece.starts.tolist(), piece.caplens.tolist())
            for row, start, caplen, l4, length, sport, dport, size in zip(
                *places, *values, strict=True
            ):
                known = headers[row]
                first = start + l4
                tcp = known.transport == "tcp"
                first += data[first + 12] >> 4 << 2 if tcp else _UDP_HEADER
                payload = bytes(data[first : min(first + length, start + caplen)])
                carried = self._carried.of(known.transport, (sport, dport), payload, length)
                self._count(known.path + carried, 1, size)

    def _by_kind(
        self, batch: ColumnBatch, rows: Rows
    ) -> Iterator[tuple[Kind, npt.NDArray[np.int64]]]:
        """Yield each kind among `rows`, and at which places in `rows` it is."""
        layers = batch["layers"][rows] & ~np.uint32(Layer.REVERSE)
        kinds = np.empty((len(rows), 4), np.uint32)
        kinds[:, 0] = layers
        for place, name in enumerate(("interface", "ethertype", "ip_proto"), 1):
            kinds[:, place] = batch[name][rows]
        different, which = np.unique(kinds, axis=0, return_inverse=True)
        which = which.reshape(-1)
        for place, (bits, interface, ethertype, protocol) in enumerate(different.tolist()):
            yield (bits, interface, ethertype, protocol), np.flatnonzero(which == place)

    def _headers(self, batch: ColumnBatch, kind: Kind, row: int) -> _Headers:
        """Return the headers of packets of a kind, by those of packet `row`, which is one."""
        headers = self._kinds.get(kind)
        if headers is None:
            for piece in batch.packet_bytes(np.array([row])):
                record = next(self._records(batch, piece))
                path = _path(dissect(record, _HEADERS_ONLY).protocols)
                headers = _Headers(path, "tcp" if kind[0] & Layer.TCP else "udp")
            assert headers is not None
            self._kinds[kind] = headers
        return headers

    def _add_each(self, batch: ColumnBatch, rows: Rows) -> None:
        """Look into every packet."""
        if not len(rows):
            return
        for piece in batch.packet_bytes(rows):
            sizes = batch["origlen"][piece.rows].tolist()
            for record, size in zip(self._records(batch, piece), sizes, strict=True):
                self._count(_path(dissect(record, NOTHING).protocols), 1, size)

    def _records(self, batch: ColumnBatch, piece: PacketBytes) -> Iterator[PacketRecord]:
        """Yield the packets of a piece."""
        data = piece.data.tobytes()
        linktypes = [interface.linktype for interface in batch.interfaces]
        columns = (batch["interface"], batch["origlen"], batch["flags"])
        for row, start, caplen in zip(
            piece.rows.tolist(), piece.starts.tolist(), piece.caplens.tolist(), strict=True
        ):
            interface, origlen, flags = (int(column[row]) for column in columns)
            custom = flags & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK
            linktype = CUSTOM_BLOCK if custom else linktypes[interface]
            yield PacketRecord(data[start : start + caplen], 0, origlen, linktype, interface)

    def _count(self, path: Path, packets: int, octets: int) -> None:
        totals = self._totals.get(path)
        if totals is None:
            if len(self._totals) >= MOST_PATHS:
                path = (*path[:_KEPT_OF_BEYOND], BEYOND)
            totals = self._totals.setdefault(path, [0, 0])
        totals[0] += packets
        totals[1] += octets

    def tree(self) -> ProtocolNode:
        """Return the root of the hierarchy: all packets. The more packets, the earlier."""
        root = ProtocolNode("", ())
        nodes: dict[Path, ProtocolNode] = {(): root}
        for path, (packets, octets) in self._totals.items():
            for depth in range(len(path) + 1):
                head = path[:depth]
                node = nodes.get(head)
                if node is None:
                    node = nodes[head] = ProtocolNode(head[-1], head)
                    nodes[head[:-1]].children.append(node)
                node.packets += packets
                node.octets += octets
            nodes[path].ending += packets
        for node in nodes.values():
            node.children.sort(key=lambda child: -child.packets)
        return root
