"""Which echo request a reply answers, and how long that took."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tunscope.filter.layers.dissection import Dissection, u16, u32

#: Requests remembered at most; the oldest are forgotten.
_MOST: Final = 1 << 16
#: Nanoseconds in a millisecond.
_MILLISECOND: Final = 1_000_000

#: Two hosts, and what a request and its reply have in common: the checksum but for their types,
#: identifier and sequence number.
_Key = tuple[frozenset[bytes], int, int]


class EchoRequests:
    """The requests of a capture that nobody answered yet, with their numbers and times."""

    def __init__(self) -> None:
        self._open: Final[OrderedDict[_Key, tuple[int, int]]] = OrderedDict()

    def ask(self, key: _Key, number: int, ts_ns: int) -> None:
        """Remember a request; a later one of the same key takes its place."""
        self._open[key] = (number, ts_ns)
        self._open.move_to_end(key)
        if len(self._open) > _MOST:
            self._open.popitem(last=False)

    def answer(self, key: _Key) -> tuple[int, int] | None:
        """Return number and time of the request that a reply is the first to answer."""
        return self._open.pop(key, None)


def note_request(dissection: Dissection, protocol: str, data: bytes) -> None:
    """Remember the echo request in `data`, unless an error quotes it."""
    requests = _requests(dissection, protocol)
    if requests is not None:
        key = _key(dissection, data, 0)
        requests.ask(key, dissection.number, dissection.record.ts_ns)


def add_reply(dissection: Dissection, protocol: str, data: bytes, difference: int) -> None:
    """Note what the echo reply in `data` answers, unless an error quotes it.

    `difference` is how much more than a reply's the first 16 bits of a request are.
    """
    requests = _requests(dissection, protocol)
    found = None if requests is None else requests.answer(_key(dissection, data, difference))
    if found is not None:
        number, ts_ns = found
        dissection.add(f"{protocol}.resp_to", number)
        took = dissection.record.ts_ns - ts_ns
        dissection.add(f"{protocol}.resptime", took / _MILLISECOND)


def _requests(dissection: Dissection, protocol: str) -> EchoRequests | None:
    conversations = dissection.conversations
    memory = conversations.applications if conversations else None
    if memory is None or dissection.network.quoted:
        return None
    return memory.recall(EchoRequests, protocol)


def _key(dissection: Dissection, data: bytes, difference: int) -> _Key:
    network = dissection.network
    hosts = frozenset((network.source, network.destination))
    # A checksum is the complement of a sum, modulo 65535.
    return hosts, (u16(data, 2) - difference) % 0xFFFF, u32(data, 4)
