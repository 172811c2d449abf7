"""Sort keys: what a packet list is ordered by, as numbers for many packets at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import Layer, RecordFlag

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.matches import Numbers

#: Returns something sortable for each of the given rows of the packet table.
SortKey = Callable[["CaptureIndex", "Numbers"], npt.NDArray[Any]]

_IPV4_RANK: Final = np.uint64(1 << 40)
_IPV6_RANK: Final = np.uint64(2 << 40)


def _column(name: str) -> SortKey:
    def key(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
        return index.store[name][rows]

    return key


def _direction(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
    return index.store["flags"][rows] & np.uint8(RecordFlag.DIRECTION)


def _address(end: str, mac: str) -> SortKey:
    """MACs before IPv4 before IPv6, each by its bytes."""

    def key(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
        layers = index.store["layers"][rows]
        values = index.store[end][rows].astype(np.uint64)
        macs = _ranks((index.addresses.macs,))[index.store[mac][rows]]
        sixes = _ranks(index.addresses.ipv6)
        addressed = layers & np.uint32(Layer.ADDRESSES) != 0
        v6 = addressed & (layers & np.uint32(Layer.IPV6) != 0)
        ranked = np.where(v6, sixes[np.where(v6, values, 0)] + _IPV6_RANK, values + _IPV4_RANK)
        return np.where(addressed, ranked, macs)

    return key


def _ranks(words: tuple[npt.NDArray[np.uint64], ...]) -> npt.NDArray[np.uint64]:
    """Return for every id of a dictionary the place of its key among all sorted keys."""
    order = np.lexsort(words[::-1])
    ranks = np.empty(len(order), np.uint64)
    ranks[order] = np.arange(len(order), dtype=np.uint64)
    return ranks


#: Keys for the columns that every packet list has.
SORT_KEYS: Final[dict[str, SortKey]] = {
    "time": _column("ts_ns"),
    "length": _column("origlen"),
    "caplen": _column("caplen"),
    "direction": _direction,
    "source": _address("src", "mac_src"),
    "destination": _address("dst", "mac_dst"),
    "sport": _column("sport"),
    "dport": _column("dport"),
    "ip_proto": _column("ip_proto"),
    "ttl": _column("ttl"),
    "vlan": _column("vlan"),
    "flow": _column("flow"),
    "interface": _column("interface"),
    "payload": _column("payload_len"),
}
