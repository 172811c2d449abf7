"""The ends of conversations, from columns back to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.columns.layout import Layer
from tunscope.filter.conversations.facts import Endpoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tunscope.columns.batch import ColumnBatch

_IPV6: Final = int(Layer.IPV6)


class EndpointReader:
    """The addresses of a batch's packets as bytes."""

    def __init__(self, batch: ColumnBatch) -> None:
        high, low = batch.addresses.ipv6
        self._high, self._low = high, low
        self._known: dict[int, bytes] = {}

    def endpoints(self, columns: Mapping[str, Sequence[int]], index: int) -> Endpoints:
        """Return the endpoints of entry `index` of some columns, by their names."""
        source, destination = columns["src"][index], columns["dst"][index]
        if columns["layers"][index] & _IPV6:
            first, second = self._ipv6(source), self._ipv6(destination)
        else:
            first, second = source.to_bytes(4), destination.to_bytes(4)
        return Endpoints(first, columns["sport"][index], second, columns["dport"][index])

    def _ipv6(self, identity: int) -> bytes:
        if identity not in self._known:
            number = int(self._high[identity]) << 64 | int(self._low[identity])
            self._known[identity] = number.to_bytes(16)
        return self._known[identity]
