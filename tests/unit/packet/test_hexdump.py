from __future__ import annotations

import pytest

from tunscope.packet.hexdump import hexdump_lines


def test_a_line_has_offset_bytes_in_two_groups_and_text() -> None:
    data = bytes.fromhex("4500008400014000400626c80a0900010a090002") + b"GET /"
    assert list(hexdump_lines(data)) == [
        "0000  45 00 00 84 00 01 40 00  40 06 26 c8 0a 09 00 01   E.....@.@.&.....",
        "0010  0a 09 00 02 47 45 54 20  2f                        ....GET /",
    ]


def test_nothing_gives_no_lines() -> None:
    assert list(hexdump_lines(b"")) == []


def test_offsets_grow_with_the_data() -> None:
    lines = list(hexdump_lines(bytes(0x10001)))
    assert lines[0].startswith("00000  ")
    assert lines[-1].startswith("10000  00 ")


@pytest.mark.parametrize("width", [1, 5, 8, 9, 24])
def test_the_bytes_can_be_read_back_at_any_width(width: int) -> None:
    data = bytes(range(100))
    text_columns = set()
    read_back = b""
    for line in hexdump_lines(memoryview(data), width):
        offset, rest = line.split("  ", 1)
        hex_part = rest[: 3 * width - 1 + (width - 1) // 8]
        assert int(offset, 16) == len(read_back)
        read_back += bytes.fromhex(hex_part)
        text_columns.add(len(line) - len(bytes.fromhex(hex_part)))
    assert read_back == data
    assert len(text_columns) == 1


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        list(hexdump_lines(b"x", 0))
