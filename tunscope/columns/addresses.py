"""Dictionaries of the addresses that do not fit a 32-bit column: IPv6 and MAC."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.columns.batch import Column
from tunscope.columns.growing import GrowingArray
from tunscope.columns.keytable import Ids, KeyTable, Words

_LOW_16: Final = np.uint64(0xFFFF)
_LOW_32: Final = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class NewAddresses:
    """Addresses in the order of their numbers: IPv6 in two words, MACs in one."""

    ipv6: tuple[Words, Words]
    macs: Words


class AddressBook:
    """Numbers the IPv6 addresses and MACs of a capture from 1, as they are met.

    The order of ids says nothing: it depends on the pieces the capture is read in. One thread
    adds; any thread may look up.
    """

    def __init__(self) -> None:
        self._ipv6: Final = KeyTable(2)
        self._mac: Final = KeyTable(1)
        # Most captures have few pairs of neighbours: one look-up numbers both ends.
        self._pairs: Final = KeyTable(2)
        self._pair_ends: Final = (GrowingArray("u4"), GrowingArray("u4"))
        for end in self._pair_ends:
            end.extend(np.zeros(1, np.uint32))

    @property
    def nbytes(self) -> int:
        """Bytes of memory the dictionaries take."""
        tables = (self._ipv6, self._mac, self._pairs)
        return sum(table.nbytes for table in tables) + sum(e.nbytes for e in self._pair_ends)

    def number_ipv6(self, addresses: Column) -> Ids:
        """Return ids of addresses given as items of 16 bytes."""
        matrix = np.ascontiguousarray(addresses).view(">u8").reshape(-1, 2)
        return self._ipv6.number(matrix[:, 0].astype(np.uint64), matrix[:, 1].astype(np.uint64))

    def number_macs(self, macs: Words) -> Ids:
        """Return ids of MACs given as 48-bit numbers."""
        return self._mac.number(macs)

    def number_mac_pairs(self, high: Words, low: Words) -> tuple[Ids, Ids]:
        """Return ids of destination and source of Ethernet headers.

        `high` holds the first 8 of their 12 address bytes as a number, `low` the other 4.
        """
        pairs = self._pairs.number(high, low)
        known = len(self._pair_ends[0])
        if self._pairs.count >= known:
            new_high, new_low = (word[known:] for word in self._pairs.words)
            destination = new_high >> np.uint64(16)
            source = (new_high & _LOW_16) << np.uint64(32) | new_low
            # Interleaved, so that ids come in the order of the bytes on the wire.
            ids = self._mac.number(np.stack([destination, source], axis=1).reshape(-1))
            for i, end in enumerate(self._pair_ends):
                end.extend(ids[i::2])
        first, second = self._pair_ends
        return first.values[pairs], second.values[pairs]

    def beyond(self, ipv6: int, macs: int) -> NewAddresses:
        """Return the addresses numbered after the first `ipv6` and `macs` ones."""
        high, low = self.ipv6
        return NewAddresses((high[ipv6 + 1 :], low[ipv6 + 1 :]), self.macs[macs + 1 :])

    def extend(self, new: NewAddresses) -> None:
        """Number what another book numbered `beyond` what this one has."""
        if len(new.macs):
            self._mac.number(new.macs)
        if len(new.ipv6[0]):
            self._ipv6.number(*new.ipv6)

    @property
    def ipv6(self) -> tuple[Words, Words]:
        """High and low 64 bits of every IPv6 address as numbers, indexed by id."""
        high, low = self._ipv6.words
        return high, low

    @property
    def macs(self) -> Words:
        """Every MAC as a 48-bit number, indexed by id."""
        return self._mac.words[0]

    def find_ipv6(self, address: ipaddress.IPv6Address) -> int:
        """Return the id of `address`, 0 if no packet has it."""
        number = int(address)
        return int(
            self._ipv6.find(
                np.array([number >> 64], np.uint64), np.array([number & (1 << 64) - 1], np.uint64)
            )[0]
        )

    def find_mac(self, mac: bytes) -> int:
        """Return the id of a MAC of 6 bytes, 0 if no packet has it."""
        return int(self._mac.find(np.array([int.from_bytes(mac)], np.uint64))[0])

    def ipv6_address(self, identity: int) -> ipaddress.IPv6Address:
        """Return the address with id `identity`; IndexError if there is none."""
        high, low = self.ipv6
        return ipaddress.IPv6Address(int(high[identity]) << 64 | int(low[identity]))

    def mac(self, identity: int) -> bytes:
        """Return the 6 bytes of the MAC with id `identity`; IndexError if there is none."""
        return int(self.macs[identity]).to_bytes(6)
