"""Text from packets and files, made safe to show in a terminal.

Packet bytes are hostile: an escape sequence, a bidirectional override or a line feed in a host
name must never reach the terminal as such.
"""

from __future__ import annotations

_DOTS = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))


def printable(text: str | bytes) -> str:
    r"""Return `text` with everything that is not a visible character or a plain space escaped.

    C0 and C1 controls, DEL and line ends become ``\xNN``; bidirectional and other format
    characters, lone surrogates, line separators and unassigned code points ``\uNNNN`` or
    ``\UNNNNNNNN``. Bytes are read as UTF-8, and each byte that is not UTF-8 becomes ``\xNN``.
    The result is one line and can always be encoded as UTF-8.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def printable_ascii(data: bytes | bytearray | memoryview) -> str:
    """Return one character a byte: printable ASCII as it is, a dot for the rest (a hex view)."""
    return bytes(data).translate(_DOTS).decode("ascii")


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
