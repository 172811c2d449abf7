"""Dictionaries of keys: dense numbers in the order of first occurrence, at any size."""

from __future__ import annotations

import ipaddress
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunscope.columns.addresses import AddressBook
from tunscope.columns.keytable import KeyTable

Key = tuple[int, int]


def numbered(table: KeyTable, keys: list[Key]) -> list[int]:
    words = [np.array([key[i] for key in keys], np.uint64) for i in range(2)]
    return table.number(*words).tolist()


@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(
        st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2**63, 2**64 - 1])), max_size=40
        ),
        max_size=8,
    )
)
def test_numbers_are_those_of_a_dictionary(runs: list[list[Key]]) -> None:
    table = KeyTable(2)
    known: dict[Key, int] = {}
    for run in runs:
        expected = [known.setdefault(key, len(known) + 1) for key in run]
        assert numbered(table, run) == expected
    assert table.count == len(known)


def test_many_keys_at_once_and_again() -> None:
    rng = np.random.default_rng(1)
    table = KeyTable(1)
    keys = rng.integers(0, 1 << 63, 300_000, dtype=np.uint64)
    for start in range(0, len(keys), 70_000):
        table.number(keys[start : start + 70_000])
    expected = {key: i for i, key in enumerate(dict.fromkeys(keys.tolist()), 1)}
    assert table.find(keys).tolist() == [expected[key] for key in keys.tolist()]
    assert table.words[0][1:].tolist() == list(expected)
    assert not table.find(np.array([1 << 63], np.uint64)).any()


def test_keys_are_found_by_another_thread_while_more_come() -> None:
    """A filter asks for an address while the file with it is read."""
    table = KeyTable(2)
    known = np.arange(1, 6, dtype=np.uint64)
    table.number(known, known)
    ended = threading.Event()

    def look() -> set[tuple[int, ...]]:
        found = set()
        while not ended.is_set():
            found.add(tuple(table.find(known, known).tolist()))
        return found

    rng = np.random.default_rng(2)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(look)
        try:
            for _ in range(40):
                keys = rng.integers(10, 1 << 63, 20_000, dtype=np.uint64)
                table.number(keys, keys)
        finally:
            ended.set()
        assert found.result() == {(1, 2, 3, 4, 5)}


def test_keys_that_differ_in_one_word_only() -> None:
    table = KeyTable(2)
    assert numbered(table, [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]) == [1, 2, 3, 4, 1]


def test_memory_follows_the_number_of_keys() -> None:
    table = KeyTable(2)
    count = 200_000
    table.number(np.arange(count, dtype=np.uint64), np.zeros(count, np.uint64))
    assert table.nbytes / count < 80


def test_addresses_both_ways() -> None:
    book = AddressBook()
    texts = ["::1", "2001:db8::1", "::1", "ff02::1"]
    packed = b"".join(ipaddress.IPv6Address(text).packed for text in texts)
    assert book.number_ipv6(np.frombuffer(packed, "V16")).tolist() == [1, 2, 1, 3]
    assert str(book.ipv6_address(2)) == "2001:db8::1"
    assert book.find_ipv6(ipaddress.IPv6Address("ff02::1")) == 3
    assert book.find_ipv6(ipaddress.IPv6Address("ff02::2")) == 0


def test_mac_pairs_number_destination_first() -> None:
    book = AddressBook()
    first, second = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
    pairs = [second + first, first + second, second + first]
    high = np.array([int.from_bytes(pair[:8]) for pair in pairs], np.uint64)
    low = np.array([int.from_bytes(pair[8:]) for pair in pairs], np.uint64)
    destinations, sources = book.number_mac_pairs(high, low)
    assert destinations.tolist() == [1, 2, 1]
    assert sources.tolist() == [2, 1, 2]
    assert (book.mac(1), book.find_mac(first), book.find_mac(bytes(6))) == (second, 2, 0)
    with pytest.raises(IndexError):
        book.mac(3)
