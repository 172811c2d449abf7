"""Endpoints: the ends of conversations, each with all that it sent and received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tunscope.index.statistics.conversations import Kind

if TYPE_CHECKING:
    from tunscope.index.statistics.conversations import Conversations
    from tunscope.index.statistics.counts import Numbers


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All endpoints of a kind, as columns of equal length; see `Conversations`.

    `packets` and `octets` have two columns: sent and received.
    """

    kind: Kind
    address: npt.NDArray[np.uint32]
    port: npt.NDArray[np.uint16]
    ipv6: npt.NDArray[np.bool_]
    packets: Numbers
    octets: Numbers
    first_ns: Numbers
    last_ns: Numbers

    def __len__(self) -> int:
        return len(self.address)


def endpoints_of(table: Conversations) -> Endpoints:
    """Return the endpoints of conversations. One that speaks with itself sends and receives."""
    address = np.concatenate([table.address_a, table.address_b])
    port = np.concatenate([table.port_a, table.port_b])
    ipv6 = np.concatenate([table.ipv6, table.ipv6])
    keys = ipv6.astype(np.uint64) << np.uint64(48) | address.astype(np.uint64) << np.uint64(16)
    keys |= port
    _, firsts, which = np.unique(keys, return_index=True, return_inverse=True)
    packets = np.zeros((len(firsts), 2), np.int64)
    octets = np.zeros((len(firsts), 2), np.int64)
    first_ns = np.full(len(firsts), np.iinfo(np.int64).max)
    last_ns = np.full(len(firsts), np.iinfo(np.int64).min)
    count = len(table)
    for half, (sent, received) in ((which[:count], (0, 1)), (which[count:], (1, 0))):
        for totals, parts in ((packets, table.packets), (octets, table.octets)):
            np.add.at(totals[:, 0], half, parts[:, sent])
            np.add.at(totals[:, 1], half, parts[:, received])
        np.minimum.at(first_ns, half, table.first_ns)
        np.maximum.at(last_ns, half, table.last_ns)
    return Endpoints(
        table.kind,
        address[firsts],
        port[firsts],
        ipv6[firsts],
        packets,
        octets,
        first_ns,
        last_ns,
    )
