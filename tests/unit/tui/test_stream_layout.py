"""A stream cut into lines, searched and saved: sides, widths, forms, windows, gaps."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tunscope.errors import UsageError
from tunscope.index.following.pieces import PieceTable
from tunscope.tui.stream_layout import Form, StreamLayout, StreamLines, shown_text
from tunscope.tui.stream_saving import StreamSaving
from tunscope.tui.stream_search import StreamSearch, pattern_of


class Bytes:
    """Bytes of pieces that are held here: the double of `StreamBytes`."""

    def __init__(self, said: list[tuple[int, bytes | int]]) -> None:
        data = [piece if isinstance(piece, bytes) else b"" for _, piece in said]
        missing = [piece if isinstance(piece, int) else 0 for _, piece in said]
        rows = np.arange(len(said))
        self.table = PieceTable(
            rows,
            rows * 0,
            np.array([len(piece) for piece in data], np.int64),
            np.array([way for way, _ in said], np.uint8),
            np.array(missing, np.int64),
        )
        self.ends = np.cumsum(self.table.length)
        self.data = b"".join(data)

    def __len__(self) -> int:
        return len(self.data)

    def start_of(self, piece: int) -> int:
        return int(self.ends[piece] - self.table.length[piece])

    def read(self, start: int, stop: int) -> bytes:
        return self.data[start:stop]


def cut(said: list[tuple[int, bytes | int]], form: Form, width: int) -> list[bytes | int]:
    """Return the lines, gaps as the number of bytes that are missing."""
    octets = Bytes(said)
    layout = StreamLayout(form, width)
    assert not layout.extend(octets)
    return lines_of(octets, layout.lines())


def lines_of(octets: Bytes, lines: StreamLines) -> list[bytes | int]:
    found: list[bytes | int] = []
    for start, length, piece in zip(lines.start, lines.length, lines.piece, strict=True):
        missing = int(octets.table.missing[piece])
        found.append(missing or octets.read(int(start), int(start + length)))
    return found


def test_text_is_cut_behind_line_feeds_and_where_the_side_changes() -> None:
    said: list[tuple[int, bytes | int]] = [
        (0, b"GET /\r\nHo"), (0, b"st: lab\r\n\r\n"), (1, b"200"), (0, b"more"), (0, 7),
        (0, b"end"),
    ]  # fmt: skip
    assert cut(said, Form.TEXT, 40) == [
        b"GET /\r\n", b"Host: lab\r\n", b"\r\n", b"200", b"more", 7, b"end",
    ]  # fmt: skip


def test_long_lines_are_wrapped_but_not_within_a_character() -> None:
    text = "äöü€😀" * 20
    lines = cut([(0, text.encode())], Form.TEXT, 10)
    assert b"".join(line for line in lines if isinstance(line, bytes)) == text.encode()
    for line in lines:
        assert isinstance(line, bytes)
        assert len(line) <= 10
        assert "·" not in shown_text(line)


def test_bytes_that_are_no_characters_are_wrapped_all_the_same() -> None:
    for data in (b"\x80" * 100, b"\xff" * 100, b"\xc3" * 100, b"\xf0\x9f" * 50):
        lines = cut([(0, data)], Form.TEXT, 8)
        assert b"".join(line for line in lines if isinstance(line, bytes)) == data
        assert all(isinstance(line, bytes) and 0 < len(line) <= 8 for line in lines)


def test_hex_lines_start_where_the_side_starts() -> None:
    said: list[tuple[int, bytes | int]] = [(0, b"a" * 10), (0, b"b" * 10), (1, b"c" * 5)]
    assert cut(said, Form.HEX, 16) == [b"a" * 10 + b"b" * 6, b"b" * 4, b"c" * 5]


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("seed", range(4))
def test_a_stream_that_grows_is_cut_as_one_that_is_there(form: Form, seed: int) -> None:
    chance = random.Random(seed)
    said: list[tuple[int, bytes | int]] = []
    for _ in range(60):
        size = chance.choice((1, 3, 20, 90))
        data = bytes(chance.choice(b"ab\n\xc3\xa4\x00") for _ in range(size))
        said.append((chance.randrange(2), chance.choice((data, data, data, 5))))
    layout = StreamLayout(form, 16)
    for count in range(0, len(said) + 1, 7):
        layout.extend(Bytes(said[:count]))
    octets = Bytes(said)
    layout.extend(octets)
    assert lines_of(octets, layout.lines()) == cut(said, form, 16)


def test_the_line_of_a_byte_is_found() -> None:
    octets = Bytes([(0, b"one\ntwo\n"), (0, 4), (1, b"three\n")])
    layout = StreamLayout(Form.TEXT, 40)
    layout.extend(octets)
    lines = layout.lines()
    assert [lines.at(offset) for offset in (0, 3, 4, 8, 13, 99)] == [0, 0, 1, 3, 3, 3]


def test_nothing_that_is_shown_can_move_the_cursor_or_exceeds_its_bytes() -> None:
    from rich.cells import cell_len

    chance = random.Random(5)
    for _ in range(300):
        data = bytes(chance.randrange(256) for _ in range(30))
        text = shown_text(data)
        assert text.isprintable()
        assert cell_len(text) <= len(data)
    assert shown_text("日本語 \u202eevil\x1b[2J\t.".encode()) == "日本語 ·evil·[2J ."


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)


def searched(data: bytes, text: str, start: int, step: int) -> tuple[int, int, bool] | None:
    search = StreamSearch(Bytes([(0, data)]), pattern_of(text), start, step)
    search.start()
    wait_for(lambda: search.done)
    match = search.match
    return None if match is None else (match.start, match.stop, match.wrapped)


def test_searching_goes_both_ways_and_round() -> None:
    data = b"..Needle....needle.."
    assert searched(data, "needle", 0, 1) == (2, 8, False)
    assert searched(data, "needle", 3, 1) == (12, 18, False)
    assert searched(data, "NEEDLE", 13, 1) == (2, 8, True)
    assert searched(data, "needle", 12, -1) == (2, 8, False)
    assert searched(data, "needle", 2, -1) == (12, 18, True)
    assert searched(data, "x:6e:65", 0, 1) == (12, 14, False)
    assert searched(data, "pin", 0, 1) is None
    assert searched(data, "a+b", 0, 1) is None


def test_what_lies_across_windows_is_found() -> None:
    data = bytearray(3 << 20)
    data[(1 << 20) - 3 : (1 << 20) + 3] = b"needle"
    assert searched(bytes(data), "needle", 0, 1) == ((1 << 20) - 3, (1 << 20) + 3, False)
    assert searched(bytes(data), "needle", 3 << 20, -1) == ((1 << 20) - 3, (1 << 20) + 3, False)


@pytest.mark.parametrize("text", ["x:", "x:0", "x:zz"])
def test_what_is_no_hex_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"search {text}")):
        pattern_of(text)


def test_saving_writes_everything_or_nothing(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    saving = StreamSaving(Bytes([(0, data)]), tmp_path / "x")
    saving.start()
    wait_for(lambda: saving.done)
    assert saving.failure == ""
    assert (tmp_path / "x").read_bytes() == data
    cancelled = StreamSaving(Bytes([(0, data)]), tmp_path / "y")
    cancelled.cancel()
    cancelled.start()
    wait_for(lambda: cancelled.done)
    assert "cancelled" in cancelled.failure
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
