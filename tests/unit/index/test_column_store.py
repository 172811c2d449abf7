"""Reserved memory: what is taken follows what is used, and what is discarded is given back."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tunscope.index.matches import MatchList
from tunscope.index.store import CAPACITY, ColumnStore

ROWS = 1 << 20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_is_taken_as_rows_are_added_and_given_back() -> None:
    store = ColumnStore({"a": "u8", "b": "u4", "unused": "u8"})
    assert store.capacity == CAPACITY
    before = resident()
    for start in range(0, ROWS, 1 << 16):
        a = np.arange(start, start + (1 << 16), dtype=np.uint64)
        store.append({"a": a, "b": a}, len(a))
    taken = resident() - before
    assert 12 * ROWS <= taken < 14 * ROWS
    store.discard(ROWS - 100)
    assert resident() - before < 2 * ROWS
    assert (store.count, store.first) == (ROWS, ROWS - 100)
    assert store["a"][-100:].tolist() == list(range(ROWS - 100, ROWS))
    assert not store["a"][:1000].any()
    assert not store["unused"].any()


def test_a_full_store_says_so() -> None:
    store = ColumnStore({"a": "u1"}, capacity=1 << 16)
    store.append({"a": np.ones(1 << 16, np.uint8)}, 1 << 16)
    with pytest.raises(BufferError):
        store.append({"a": np.ones(1, np.uint8)}, 1)


def test_a_process_with_little_address_space_gets_less_room() -> None:
    program = """
import resource
from tunscope.index.tables import Tables
from tunscope.index.store import ColumnStore
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), resource.RLIM_INFINITY))
tables = Tables()
stores = [ColumnStore({"a": "u8", "b": "u4"}) for _ in range(10)]
print(tables.packets.capacity, min(store.capacity for store in stores))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    packets, least = map(int, run.stdout.split())
    assert packets < CAPACITY
    assert least >= 1 << 16


def test_matches_grow_at_both_ends() -> None:
    matches = MatchList(1000, 5000)
    matches.extend(np.array([1000, 1005], np.uint32))
    early = matches.rows
    matches.extend_left(np.array([3, 999], np.uint32))
    matches.extend(np.array([4999], np.uint32))
    assert matches.rows.tolist() == [3, 999, 1000, 1005, 4999]
    assert early.tolist() == [1000, 1005]
    assert len(matches) == 5
