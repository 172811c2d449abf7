"""The protocol hierarchy: how many packets and bytes go through which protocols, outer ones first.

As ``tshark -z io,phs``: a packet counts with all its bytes at every protocol it goes through.
Each packet is looked at alone: what follows in a later segment is `data` where neither port nor
look tells the application. What is malformed is not marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer, RecordFlag
from tunscope.filter.dissect import dissect
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
#: No fields are asked for: only the names of protocols.
_NOTHING: Final[frozenset[str]] = frozenset({""})
#: Bits of packets whose protocols the columns do not tell for certain.
_UNCERTAIN: Final = (
    Layer.SHIMS | Layer.INNER | Layer.FRAGMENT | Layer.CUT | Layer.MALFORMED | Layer.VLAN
)
#: A TCP segment without payload has the same protocols as all others with the same layers.
_PLAIN: Final = Layer.TCP | Layer.TCP_COMPLETE | Layer.ADDRESSES


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
        self._plain: Final[dict[tuple[int, int, int], Path]] = {}

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count the packets `rows` of `batch`."""
        plain = self._is_plain(batch, rows)
        self._add_plain(batch, rows[plain])
        self._add_each(batch, rows[~plain])

    def _is_plain(self, batch: ColumnBatch, rows: Rows) -> npt.NDArray[np.bool_]:
        layers = batch["layers"][rows]
        certain = layers & np.uint32(_UNCERTAIN | _PLAIN) == int(_PLAIN)
        found: npt.NDArray[np.bool_] = certain & (batch["payload_len"][rows] == 0)
        return found

    def _add_plain(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count TCP segments without payload: one packet of a kind stands for all."""
        if not len(rows):
            return
        layers = batch["layers"][rows] & ~np.uint32(Layer.REVERSE)
        kinds = layers.astype(np.uint64) << np.uint64(16) | batch["interface"][rows]
        _, firsts, which = np.unique(kinds, return_index=True, return_inverse=True)
        counts = np.bincount(which)
        octets = np.bincount(which, batch["origlen"][rows])
        for first, count, size in zip(
            rows[firsts].tolist(), counts.tolist(), octets.tolist(), strict=True
        ):
            kind = (
                int(batch["layers"][first]) & ~int(Layer.REVERSE),
                int(batch["interface"][first]),
                int(batch["ethertype"][first]),
            )
            path = self._plain.get(kind)
            if path is None:
                for piece in batch.packet_bytes(np.array([first])):
                    path = next(self._paths(batch, piece))
                assert path is not None
                self._plain[kind] = path
            self._count(path, count, int(size))

    def _add_each(self, batch: ColumnBatch, rows: Rows) -> None:
        """Look into every packet."""
        if not len(rows):
            return
        for piece in batch.packet_bytes(rows):
            sizes = batch["origlen"][piece.rows].tolist()
            for path, size in zip(self._paths(batch, piece), sizes, strict=True):
                self._count(path, 1, size)

    def _paths(self, batch: ColumnBatch, piece: PacketBytes) -> Iterator[Path]:
        """Yield the protocols of every packet in a piece."""
        data = piece.data.tobytes()
        linktypes = [interface.linktype for interface in batch.interfaces]
        columns = (batch["interface"], batch["origlen"], batch["flags"])
        for row, start, caplen in zip(
            piece.rows.tolist(), piece.starts.tolist(), piece.caplens.tolist(), strict=True
        ):
            interface, origlen, flags = (int(column[row]) for column in columns)
            custom = flags & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK
            linktype = CUSTOM_BLOCK if custom else linktypes[interface]
            record = PacketRecord(data[start : start + caplen], 0, origlen, linktype, interface)
            yield _path(dissect(record, _NOTHING).protocols)

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
