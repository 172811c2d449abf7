from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunscope.packet.checksum import internet_checksum


def word_by_word(data: bytes, initial: int = 0) -> int:
    """RFC 1071, section 4.1, as it is written there."""
    if len(data) % 2:
        data += b"\0"
    total = initial + sum(data[i] << 8 | data[i + 1] for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_example_of_rfc_1071() -> None:
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == ~0xDDF2 & 0xFFFF


def test_no_data_and_all_zero_data_give_all_ones() -> None:
    assert internet_checksum(b"") == 0xFFFF
    assert internet_checksum(bytes(20)) == 0xFFFF


@given(st.binary(max_size=200), st.integers(0, 0xFFFFFFFF))
def test_agrees_with_the_sum_word_by_word(data: bytes, initial: int) -> None:
    assert internet_checksum(data, initial) == word_by_word(data, initial)


@given(st.binary(min_size=2, max_size=200))
def test_data_that_holds_its_checksum_gives_zero(data: bytes) -> None:
    data = data[: len(data) // 2 * 2]
    assert internet_checksum(data + internet_checksum(data).to_bytes(2, "big")) == 0


def test_takes_any_buffer() -> None:
    assert internet_checksum(memoryview(bytearray(b"\x12\x34\x56"))) == word_by_word(
        b"\x12\x34\x56"
    )
