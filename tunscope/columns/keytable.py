"""A dictionary from fixed-width keys to dense ids that is asked for thousands of keys at once."""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]
Slots = npt.NDArray[np.int64]

#: Slots of a new table, a power of two.
_FIRST_BITS: Final = 14
#: Slots a key, in a table of few keys and in one of many: where two keys want one slot, a
#: look-up takes another round for all keys that it is asked for.
_SLOTS_A_KEY: Final = 8
_SLOTS_OF_MANY: Final = 4
_MANY: Final = 1 << 15
#: Keys that a new table has room for.
_FIRST_KEYS: Final = 1024
_U32: Final = np.uint64(32)


class KeyTable:
    """Keys of one or two 64-bit words, numbered from 1 in the order of their first occurrence.

    Open addressing with linear probing. The hash has a random key, so that packets cannot be
    made to collide. Other threads may use `words`, `count` and `find` at any time; only one
    thread may insert.
    """

    def __init__(self, words: int) -> None:
        self._factors: Final = [
            np.uint64(int.from_bytes(os.urandom(8)) | 1) for _ in range(words + 1)
        ]
        #: A power of two; once readers have it, what is in it stays where it is.
        self._slots: Ids = np.zeros(1 << _FIRST_BITS, np.uint32)
        #: One row of words a key, side by side: a comparison touches one cache line.
        self._keys: Words = np.zeros((_FIRST_KEYS, words), np.uint64)
        self._count = 0

    @property
    def count(self) -> int:
        """Number of keys; the largest id."""
        return self._count

    @property
    def words(self) -> list[Words]:
        """The keys' words, indexed by id; id 0 is all zero."""
        keys = self._keys[: self._count + 1]
        return [keys[:, i] for i in range(keys.shape[1])]

    @property
    def nbytes(self) -> int:
        """Bytes of memory the table takes."""
        return self._slots.nbytes + self._keys.nbytes

    def find(self, *key: Words) -> Ids:
        """Return the id of every key, 0 for those not in the table."""
        ids, _ = self._probe(list(key))
        return ids

    def number(self, *key: Words) -> Ids:
        """Return the id of every key, numbering those not yet in the table."""
        ids, missing = self._probe(list(key))
        if len(missing):
            ids[missing] = self._insert([word[missing] for word in key])
        return ids

    def _start(self, key: list[Words], slots: Ids) -> Slots:
        mixed = key[0] * self._factors[0]
        for word, factor in zip(key[1:], self._factors[1:], strict=False):
            mixed += word * factor
        mixed ^= mixed >> _U32
        mixed *= self._factors[-1]
        mixed >>= np.uint64(65 - len(slots).bit_length())
        return mixed.view(np.int64)

    def _differ(self, ids: Ids, key: list[Words]) -> npt.NDArray[np.bool_]:
        """Say which keys are not those of `ids`; id 0 is nobody's."""
        width = self._keys.shape[1]
        # Whole keys as opaque items: numpy gathers those twice as fast as rows.
        stored = self._keys.view(f"V{8 * width}")[:, 0][ids].view(np.uint64).reshape(-1, width)
        different: npt.NDArray[np.bool_] = stored[:, 0] != key[0]
        for i in range(1, len(key)):
            different |= stored[:, i] != key[i]
        different |= ids == 0
        return different

    def _probe(self, key: list[Words]) -> tuple[Ids, npt.NDArray[np.intp]]:
        """Return ids (0 where unknown) and the positions of the unknown keys."""
        slots = self._slots
        slot = self._start(key, slots)
        ids = slots[slot]
        wrong = np.flatnonzero(self._differ(ids, key))
        if not len(wrong):
            return ids, wrong
        # Few are left: those whose slot another key has taken, and new ones.
        mask = len(slots) - 1
        slot, seen, key = slot[wrong], ids[wrong], [word[wrong] for word in key]
        missing: list[npt.NDArray[np.intp]] = []
        while len(wrong):
            empty = seen == 0
            if empty.any():
                missing.append(wrong[empty])
                taken = ~empty
                wrong, slot, key = wrong[taken], slot[taken], [word[taken] for word in key]
            slot = (slot + 1) & mask
            seen = slots[slot]
            ids[wrong] = seen
            still = self._differ(seen, key)
            wrong, slot, seen = wrong[still], slot[still], seen[still]
            key = [word[still] for word in key]
        if not missing:
            return ids, np.zeros(0, np.intp)
        return ids, np.sort(np.concatenate(missing))

    def _insert(self, key: list[Words]) -> Ids:
        """Number keys that are not in the table but may be equal to each other."""
        order = np.lexsort(key[::-1])
        new = np.ones(len(order), np.bool_)
        same = np.ones(len(order) - 1, np.bool_)
        for word in key:
            ordered = word[order]
            same &= ordered[1:] == ordered[:-1]
        new[1:] = ~same
        firsts = order[new]  # the sort is stable: each group's first occurrence
        rank = np.empty(len(firsts), np.uint32)
        rank[np.argsort(firsts)] = np.arange(len(firsts), dtype=np.uint32)
        ids = np.empty(len(order), np.uint32)
        ids[order] = np.uint32(self._count + 1) + rank[np.cumsum(new) - 1]
        firsts.sort()
        self._append(np.stack([word[firsts] for word in key], axis=1))
        return ids

    def _append(self, keys: Words) -> None:
        first = self._count + 1
        count = self._count + len(keys)
        if count >= len(self._keys):
            larger = np.zeros((max(2 * len(self._keys), count + 1), keys.shape[1]), np.uint64)
            larger[:first] = self._keys[:first]
            self._keys = larger
        self._keys[first : count + 1] = keys
        self._count = count
        wanted = count * (_SLOTS_A_KEY if count < _MANY else _SLOTS_OF_MANY)
        slots = self._slots
        if wanted > len(slots):
            slots = np.zeros(1 << wanted.bit_length(), np.uint32)
            keys, first = self._keys[1 : count + 1], 1
        ids = np.arange(first, count + 1, dtype=np.uint32)
        _place(ids, self._start([keys[:, i] for i in range(keys.shape[1])], slots), slots)
        self._slots = slots


def _place(ids: Ids, slot: Slots, slots: Ids) -> None:
    mask = len(slots) - 1
    while len(ids):
        free = slots[slot] == 0
        slots[slot[free]] = ids[free]
        # Of several ids for one free slot the last one written stays; the others move on.
        lost = slots[slot] != ids
        ids, slot = ids[lost], (slot[lost] + 1) & mask
