"""Domain names in messages: labels, and pointers to earlier ones (RFC 1035, 4.1.4)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import CutShort

#: A name is never longer, nor are pointers followed beyond this.
_LONGEST: Final = 1024
_MOST_POINTERS: Final = 64


def read_name(message: bytes, offset: int) -> tuple[str, int, int]:
    """Return the name at `offset` of `message`, where it ends, and how many labels it has.

    The root is written as `<Root>`. CutShort where the message ends within the name.
    """
    labels: list[str] = []
    stop = -1
    pointers = length = 0
    while True:
        size = _byte(message, offset)
        kind = size & 0xC0
        if kind == 0xC0:
            target = (size & 0x3F) << 8 | _byte(message, offset + 1)
            stop = offset + 2 if stop < 0 else stop
            pointers += 1
            if pointers > _MOST_POINTERS:
                return "<Name contains a pointer that loops>", stop, len(labels)
            offset = target
            continue
        if kind:
            raise CutShort
        offset += 1
        if not size:
            break
        label = message[offset : offset + size]
        if len(label) < size:
            raise CutShort
        length += size + 1
        if length > _LONGEST:
            raise CutShort
        labels.append(_text(label))
        offset += size
    return ".".join(labels) or "<Root>", offset if stop < 0 else stop, len(labels)


def _byte(message: bytes, offset: int) -> int:
    if offset >= len(message):
        raise CutShort
    return message[offset]


def _text(label: bytes) -> str:
    return label.decode("utf-8", "replace")
