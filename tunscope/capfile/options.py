"""Options of pcapng blocks (draft-ietf-opsawg-pcapng, section 3.5): code, length, padded value."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, Literal

#: Byte order of a section, as `struct` writes it: "<" little endian, ">" big endian.
ByteOrder = Literal["<", ">"]
#: One option: its code and its value without padding.
Option = tuple[int, bytes]

#: The length field of an option has 16 bits.
MAX_VALUE: Final = 0xFFFF
_HEADERS: Final = {order: struct.Struct(f"{order}HH") for order in ("<", ">")}


class OptionCode(IntEnum):
    """Options that every block may have."""

    END = 0
    COMMENT = 1


class OptionError(ValueError):
    """An option reaches past the block it stands in."""


def encode_options(options: Iterable[Option], order: ByteOrder = "<") -> bytes:
    """Return `options` with their padding and the end mark; nothing if there are none.

    A value longer than 65535 bytes does not fit an option and raises ValueError.
    """
    header = _HEADERS[order]
    parts: list[bytes] = []
    for code, value in options:
        if len(value) > MAX_VALUE:
            raise ValueError(f"option {code} has {len(value)} bytes, at most {MAX_VALUE} fit")
        parts += (header.pack(code, len(value)), value, bytes(-len(value) % 4))
    if parts:
        parts.append(header.pack(OptionCode.END, 0))
    return b"".join(parts)


def decode_options(data: bytes | memoryview, order: ByteOrder = "<") -> list[Option]:
    """Return the options in `data`, the part of a block behind its fixed fields, in their order.

    The end mark may be missing, and what stands behind it is not read. An option or end mark that
    claims more bytes than are left raises OptionError. Codes, repetitions and values are not
    judged.
    """
    header = _HEADERS[order]
    view = memoryview(data)
    options: list[Option] = []
    position, end = 0, len(view)
    while position < end:
        if end - position < header.size:
            raise OptionError(f"{end - position} bytes left where an option needs {header.size}")
        code, length = header.unpack_from(view, position)
        position += header.size
        padded = length + -length % 4
        if padded > end - position:
            raise OptionError(
                f"option {code} claims {length} bytes, the block has {end - position} left"
            )
        if code == OptionCode.END:
            break
        options.append((code, bytes(view[position : position + length])))
        position += padded
    return options


def encode_text(text: str, most: int = MAX_VALUE) -> bytes:
    """Return `text` as UTF-8, cut at a character's end where it has more than `most` bytes."""
    value = text.encode("utf-8", "backslashreplace")
    if len(value) > most:
        value = value[:most].decode("utf-8", "ignore").encode("utf-8")
    return value


def decode_text(value: bytes) -> str:
    """Return the text of a string option; bytes that are not UTF-8 become U+FFFD.

    A zero byte ends the text, since some writers count a terminator.
    """
    return value.partition(b"\0")[0].decode("utf-8", "replace")
