"""What a terminal sends for a key, as programs of the kind `ansi` and xterm expect it. Pure."""

from __future__ import annotations

from typing import Final

_KEYS: Final = {
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "backspace": b"\x7f",
    "escape": b"\x1b",
    "ctrl+@": b"\0",
    "ctrl+backslash": b"\x1c",
    "ctrl+right_square_bracket": b"\x1d",
    "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f",
}
#: Keys by the last byte of what xterm sends for them (XTerm Control Sequences, "PC-Style Function
#: Keys"): cursor keys after CSI, the first four function keys after SS3.
_CURSOR_KEYS: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_FIRST_FUNCTION_KEYS: Final = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
#: And by the number before a tilde.
_NUMBERED_KEYS: Final = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6, "f5": 15, "f6": 17, "f7": 18, "f8": 19,
    "f9": 20, "f10": 21, "f11": 23, "f12": 24,
}  # fmt: skip
_SHIFT, _ALT, _CTRL = 1, 2, 4
_FUNCTION_KEYS: Final = 12


def bytes_of_key(key: str, character: str | None) -> bytes:
    """Return the bytes for a key by its name in Textual, b"" for one that no program knows."""
    if key in _KEYS:
        return _KEYS[key]
    letter = key.removeprefix("ctrl+")
    if key.startswith("ctrl+") and len(letter) == 1 and letter.isascii() and letter.isalpha():
        return bytes([ord(letter.upper()) - 64])
    if character is not None and character.isprintable():
        return character.encode()
    return _function_key(key)


def _function_key(key: str) -> bytes:
    """Return what xterm sends for a key without a character, alone or with others held."""
    *held, name = key.split("+")
    modifiers = _SHIFT * ("shift" in held) | _ALT * ("alt" in held) | _CTRL * ("ctrl" in held)
    number = name.removeprefix("f")
    if name != number and number.isdecimal() and int(number) > _FUNCTION_KEYS:
        # Textual counts on where Shift is held: its F13 is Shift+F1.
        name, modifiers = f"f{int(number) - _FUNCTION_KEYS}", modifiers | _SHIFT
    parameter = f";{modifiers + 1}" if modifiers else ""
    if name in _NUMBERED_KEYS:
        return f"\x1b[{_NUMBERED_KEYS[name]}{parameter}~".encode()
    final = _CURSOR_KEYS.get(name) or _FIRST_FUNCTION_KEYS.get(name)
    if final is None:
        return b""
    if parameter:
        return f"\x1b[1{parameter}{final}".encode()
    return f"\x1b{'[' if name in _CURSOR_KEYS else 'O'}{final}".encode()
