"""The dictionaries that address columns hold ids of."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tunscope.columns.addresses import AddressBook
    from tunscope.filter.values import Value

#: An id that no address has.
NOBODY: Final = 0xFFFFFFFF


class Words(Protocol):
    """Addresses by id, both ways."""

    def find(self, address: bytes) -> int:
        """Return the id of `address`, NOBODY if it has none."""
        ...

    def addresses(self, ids: Iterable[int]) -> Sequence[Value]:
        """Return the addresses with these ids."""
        ...


class MacWords:
    """MAC addresses."""

    def __init__(self, book: AddressBook) -> None:
        self._book: Final = book

    def find(self, address: bytes) -> int:
        """Return the id of `address`, NOBODY if it has none."""
        return (self._book.find_mac(address) if len(address) == 6 else 0) or NOBODY

    def addresses(self, ids: Iterable[int]) -> list[bytes]:
        """Return the addresses with these ids."""
        words = self._book.macs
        return [int(words[one]).to_bytes(6) for one in ids]


class Ipv6Words:
    """IPv6 addresses."""

    def __init__(self, book: AddressBook) -> None:
        self._book: Final = book

    def find(self, address: bytes) -> int:
        """Return the id of `address`, NOBODY if it has none."""
        if len(address) != 16:
            return NOBODY
        return self._book.find_ipv6(ipaddress.IPv6Address(address)) or NOBODY

    def addresses(self, ids: Iterable[int]) -> list[bytes]:
        """Return the addresses with these ids."""
        high, low = self._book.ipv6
        chosen = np.fromiter(ids, np.intp)
        joined = np.stack([high[chosen], low[chosen]], axis=1).astype(">u8").tobytes()
        return [joined[at : at + 16] for at in range(0, len(joined), 16)]
