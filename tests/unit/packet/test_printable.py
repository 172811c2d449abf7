from __future__ import annotations

import unicodedata

import pytest

from tunscope.packet.printable import printable, printable_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, with signs: [b]<&", "plain text, with signs: [b]<&"),
        ("größe 日本 ↑", "größe 日本 ↑"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
        (b"caf\xc3\xa9 \xff\x00", "café \\xff\\x00"),
        (b"", ""),
    ],
)
def test_shows_text_and_escapes_what_a_terminal_would_obey(text: str | bytes, shown: str) -> None:
    assert printable(text) == shown


def test_no_control_or_format_character_of_unicode_survives() -> None:
    everything = "".join(map(chr, range(0x110000)))
    kept = set(printable(everything))
    assert {c for c in kept if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} == set()
    printable(everything).encode("utf-8")


def test_ascii_view_has_one_character_a_byte() -> None:
    assert (
        printable_ascii(bytes(range(256)))
        == "." * 32 + "".join(map(chr, range(32, 127))) + "." * 129
    )
