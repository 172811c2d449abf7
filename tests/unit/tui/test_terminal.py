"""The small terminal: pyte, another emulator, judges what the screen shows."""

from __future__ import annotations

from itertools import pairwise

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from tunscope.tui.terminal.key_bytes import bytes_of_key
from tunscope.tui.terminal.look import Look, changed
from tunscope.tui.terminal.terminal import Terminal

COLUMNS, ROWS = 20, 6


def screen_of(terminal: Terminal) -> list[str]:
    """The lines on the screen, blank ones at the end left out."""
    shown = [line.text for line in terminal.lines[max(0, len(terminal.lines) - ROWS) :]]
    while shown and not shown[-1]:
        shown.pop()
    return shown


def judged(data: bytes) -> list[str]:
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(data)
    shown = [line.rstrip() for line in screen.display]
    while shown and not shown[-1]:
        shown.pop()
    return shown


@pytest.mark.parametrize(
    "data",
    [
        b"plain\r\nlines\r\n",
        b"a\tb\tc",
        b"over\rwrite",
        b"12345678901234567890wrapped",
        b"backspaces\b\b\bXY",
        b"progress 10%\rprogress 20%\rprogress 100%",
        b"erase to the end\r\x1b[5C\x1b[K",
        b"erase to the start\x1b[1K",
        b"erase all\x1b[2Kagain",
        b"insert\r\x1b[3@abc",
        b"delete\r\x1b[2P",
        b"blank\r\x1b[3X",
        b"one\r\ntwo\r\nthree\x1b[2A\x1b[Gup",
        b"\x1b[3;5Hthere\x1b[Hhome",
        b"\x1b[2;2fthere\x1b[4dlow",
        b"one\r\ntwo\r\nthree\x1b[2;1H\x1b[L",
        b"one\r\ntwo\r\nthree\x1b[2;1H\x1b[M",
        b"one\r\ntwo\x1b[H\x1bMabove",
        b"\x1b7saved\x1b8back",
        b"".join(b"line %d\r\n" % n for n in range(5)) + b"\x1b[2J\x1b[Hclear",
        b"\x1b]0;a title\x07text",
        b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b(B\x1b)0charset",
        "umlauts äöü and wide 日本語".encode(),
        b"one\r\ntwo\x1b[1;3H\x1b[J",
        b"one\r\ntwo\r\nthree\x1b[2;3H\x1b[1J",
    ],
    ids=range(26),
)
def test_what_is_on_the_screen(data):
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(data)
    assert screen_of(terminal) == judged(data)


WORDS = st.sampled_from(
    [b"a", b"word ", b"\r", b"\n", b"\r\n", b"\b", b"\t", b"\x1b[K", b"\x1b[1K", b"\x1b[2A",
     b"\x1b[B", b"\x1b[3C", b"\x1b[2D", b"\x1b[H", b"\x1b[3;7H", b"\x1b[4G", b"\x1b[2P", b"\x1b[@",
     b"\x1b[L", b"\x1b[31;1m", b"\x1b[m", b"\x1b[5X", b"\x1b[2d"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=40))
def test_any_row_of_them_leaves_the_screen_that_pyte_has(words):
    data = b"".join(words)
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(data)
    assert screen_of(terminal) == judged(data)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_byte_gets_through_but_as_a_character_that_can_be_printed(pieces):
    terminal = Terminal(COLUMNS, ROWS, kept=10)
    for piece in pieces:
        terminal.feed(piece)
    for line in terminal.lines:
        assert "".join(line.characters).isprintable()
        assert len(line.characters) == len(line.looks)
        assert len(line.characters) <= COLUMNS
    assert 0 <= terminal.row < len(terminal.lines) + ROWS


@given(st.lists(WORDS, max_size=30), st.lists(st.integers(0, 120), max_size=5))
def test_where_output_is_cut_makes_no_difference(words, cuts):
    data = b"".join(words) + "é日\x1b[1;32mx\x1b]0;t\x1b\\y".encode()
    whole, pieces = Terminal(COLUMNS, ROWS), Terminal(COLUMNS, ROWS)
    whole.feed(data)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        pieces.feed(data[start:end])
    assert [(line.characters, line.looks) for line in pieces.lines] == [
        (line.characters, line.looks) for line in whole.lines
    ]


def test_device_control_strings_are_swallowed():
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(b"\x1bPq#0~\x1b\\after \x90sixel\x9c\x1b_application\x1b\\all")
    assert screen_of(terminal) == [
        "after \N{REPLACEMENT CHARACTER}sixel\N{REPLACEMENT CHARACTER}all"
    ]


def test_lines_that_leave_the_screen_are_kept_up_to_a_number():
    terminal = Terminal(COLUMNS, ROWS, kept=100)
    terminal.feed(b"".join(b"%d\r\n" % number for number in range(1000)))
    kept = [line.text for line in terminal.lines]
    assert terminal.dropped + len(kept) == 1001
    assert 100 <= len(kept) <= 120 + ROWS
    assert kept[-2:] == ["999", ""]
    assert kept[0] == str(terminal.dropped)


def test_what_is_unfinished_never_grows():
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(b"\x1b]0;" + b"x" * 100_000)
    terminal.feed(b"\x07\x1b[" + b"1;" * 100_000 + b"mseen")
    assert "seen" in "".join(line.text for line in terminal.lines)


@pytest.mark.parametrize(
    ("parameters", "look"),
    [
        ((), Look()),
        ((1, 31), Look(bold=True, foreground=1)),
        ((97, 44), Look(foreground=15, background=4)),
        ((38, 5, 208), Look(foreground=208)),
        ((48, 2, 1, 2, 3), Look(background=(1, 2, 3))),
        ((38, 5, 999), Look()),
        ((38, 2, 1), Look()),
        ((7, 4, 27), Look(underline=True)),
        ((1, 0), Look()),
        ((31, 39), Look()),
        ((12345,), Look()),
    ],
)
def test_looks_are_those_of_ecma_48(parameters, look):
    assert changed(Look(), parameters) == look


@pytest.mark.parametrize(
    ("key", "character", "sent"),
    [
        ("a", "a", b"a"),
        ("space", " ", b" "),
        ("enter", "\r", b"\r"),
        ("backspace", "\x7f", b"\x7f"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+z", None, b"\x1a"),
        ("up", None, b"\x1b[A"),
        ("shift+tab", None, b"\x1b[Z"),
        ("ä", "ä", "ä".encode()),
        ("ctrl+q", "\x11", b"\x11"),
        ("f25", None, b""),
        ("alt+f14", None, b"\x1b[1;4Q"),
        ("print_screen", None, b""),
    ],
)
def test_keys_are_sent_as_terminals_send_them(key, character, sent):
    assert bytes_of_key(key, character) == sent


CURSOR_KEYS = ("up", "down", "left", "right", "home", "end")
NUMBERED_KEYS = ("insert", "delete", "pageup", "pagedown")


@pytest.mark.parametrize(
    "key",
    [
        *(f"f{number}" for number in range(1, 25)),
        *(f"ctrl+f{number}" for number in range(1, 25)),
        *CURSOR_KEYS,
        *(f"{held}+{key}" for key in CURSOR_KEYS for held in ("shift", "ctrl", "ctrl+shift")),
        *NUMBERED_KEYS,
        *(f"ctrl+{key}" for key in NUMBERED_KEYS if key != "insert"),  # Textual has no such key
    ],
)
def test_what_is_sent_for_a_function_key_is_understood_as_that_key(key):
    (understood,) = ANSI_SEQUENCES_KEYS[bytes_of_key(key, None).decode()]
    assert understood.value == key


@pytest.mark.parametrize(
    ("blank", "cells"),
    [("\u00a0", 1), ("\u1680", 1), ("\u2003", 1), ("\u202f", 1), ("\u3000", 2)],
)
def test_every_kind_of_blank_is_as_many_blanks_as_a_terminal_has_for_it(blank, cells):
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(f"a{blank}b".encode())
    assert screen_of(terminal) == ["a" + " " * cells + "b"]


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\ue000", "\u0378", "\u2028"])
def test_what_has_no_shape_of_its_own_is_shown_as_replaced(character):
    terminal = Terminal(COLUMNS, ROWS)
    terminal.feed(f"a{character}b".encode())
    assert screen_of(terminal) == ["a\N{REPLACEMENT CHARACTER}b"]
