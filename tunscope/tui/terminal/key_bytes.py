"""What a terminal sends for a key, as programs of the kind `ansi` and xterm expect it. Pure."""

from __future__ import annotations

from typing import Final

_KEYS: Final = {
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "backspace": b"\x7f",
    "escape": b"\x1b",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "insert": b"\x1b[2~",
    "delete": b"\x1b[3~",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "ctrl+@": b"\0",
    "ctrl+backslash": b"\x1c",
    "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f",
}


def bytes_of_key(key: str, character: str | None) -> bytes:
    """Return the bytes for a key by its name in Textual, b"" for one that no program knows."""
    if key in _KEYS:
        return _KEYS[key]
    letter = key.removeprefix("ctrl+")
    if key.startswith("ctrl+") and len(letter) == 1 and letter.isascii() and letter.isalpha():
        return bytes([ord(letter.upper()) - 64])
    if character is not None and character.isprintable():
        return character.encode()
    return b""
