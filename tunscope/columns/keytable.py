"""A dictionary from fixed-width keys to dense ids that is asked for thousands of keys at once."""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Column

Words = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]

#: Slots of a new table, a power of two.
_FIRST_BITS: Final = 14
#: Slots a key: a look-up that misses costs a round for all keys asked for with it.
_SLOTS_A_KEY: Final = 4
#: Keys that a new table has room for.
_FIRST_KEYS: Final = 1024
_U32: Final = np.uint64(32)


class KeyTable:
    """Keys of one or two 64-bit words, numbered from 1 in the order of their first occurrence.

    Open addressing with linear probing. The hash has a random key, so that
    packets cannot be made to collide. Readers in other threads may use `words` and `count` at any
    time; only one thread may insert.
    """

    def __init__(self, words: int) -> None:
        self._factors: Final = [np.uint64(secrets.randbits(64) | 1) for _ in range(words + 1)]
        self._bits = _FIRST_BITS
        self._slots: Ids = np.zeros(1 << self._bits, np.uint32)
        self._words: list[Words] = [np.zeros(_FIRST_KEYS, np.uint64) for _ in range(words)]
        self._count = 0

    @property
    def count(self) -> int:
        """Number of keys; the largest id."""
        return self._count

    @property
    def words(self) -> list[Words]:
        """The keys' words, indexed by id; id 0 is all zero."""
        return [word[: self._count + 1] for word in self._words]

    @property
    def nbytes(self) -> int:
        """Bytes of memory the table takes."""
        return self._slots.nbytes + sum(word.nbytes for word in self._words)

    def find(self, *key: Words) -> Ids:
        """Return the id of every key, 0 for those not in the table."""
        ids, _ = self._probe(key)
        return ids

    def number(self, *key: Words) -> Ids:
        """Return the id of every key, numbering those not yet in the table."""
        ids, missing = self._probe(key)
        if len(missing):
            ids[missing] = self._insert([word[missing] for word in key])
        return ids

    def _start(self, key: tuple[Words, ...] | list[Words]) -> npt.NDArray[np.int64]:
        mixed = key[0] * self._factors[0]
        for word, factor in zip(key[1:], self._factors[1:], strict=False):
            mixed += word * factor
        mixed ^= mixed >> _U32
        mixed *= self._factors[-1]
        mixed >>= np.uint64(64 - self._bits)
        return mixed.view(np.int64)

    def _matches(self, ids: Ids, key: tuple[Words, ...] | list[Words]) -> npt.NDArray[np.bool_]:
        equal: npt.NDArray[np.bool_] = self._words[0][ids] == key[0]
        for stored, word in zip(self._words[1:], key[1:], strict=True):
            equal &= stored[ids] == word
        equal &= ids != 0
        return equal

    def _probe(self, key: tuple[Words, ...]) -> tuple[Ids, npt.NDArray[np.intp]]:
        """Return ids (0 where unknown) and the positions of the unknown keys."""
        slot = self._start(key)
        ids = self._slots[slot]
        wrong = np.flatnonzero(~self._matches(ids, key))
        missing: list[npt.NDArray[np.intp]] = []
        mask = len(self._slots) - 1
        slot = slot[wrong]
        while len(wrong):
            seen = ids[wrong]
            empty = seen == 0
            if empty.any():
                missing.append(wrong[empty])
                wrong, slot = wrong[~empty], slot[~empty]
            slot = (slot + 1) & mask
            seen = self._slots[slot]
            ids[wrong] = seen
            still = ~self._matches(seen, [word[wrong] for word in key])
            wrong, slot = wrong[still], slot[still]
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
        self._append([word[np.sort(firsts)] for word in key])
        return ids

    def _append(self, key: list[Words]) -> None:
        first = self._count + 1
        count = self._count + len(key[0])
        if count >= len(self._words[0]):
            size = max(2 * len(self._words[0]), count + 1)
            self._words = [
                np.concatenate([w, np.zeros(size - len(w), w.dtype)]) for w in self._words
            ]
        for stored, word in zip(self._words, key, strict=True):
            stored[first : count + 1] = word
        self._count = count
        if _SLOTS_A_KEY * count > len(self._slots):
            while _SLOTS_A_KEY * count > 1 << self._bits:
                self._bits += 1
            self._slots = np.zeros(1 << self._bits, np.uint32)
            key, first = [word[1:] for word in self.words], 1
        self._place(np.arange(first, count + 1, dtype=np.uint32), self._start(key))

    def _place(self, ids: Ids, slot: npt.NDArray[np.int64]) -> None:
        mask = len(self._slots) - 1
        while len(ids):
            free = self._slots[slot] == 0
            self._slots[slot[free]] = ids[free]
            # Of several ids for one free slot the last one written stays; the others move on.
            lost = self._slots[slot] != ids
            ids, slot = ids[lost], (slot[lost] + 1) & mask


def words_of(column: Column, count: int) -> list[Words]:
    """Return keys of `count` 64-bit words from a column of items of 8 x `count` bytes."""
    matrix = np.ascontiguousarray(column).view(np.uint64).reshape(-1, count)
    return [np.ascontiguousarray(matrix[:, i]) for i in range(count)]
