"""What can be wrong with a capture file."""

from __future__ import annotations

from tunscope.errors import UsageError


class CaptureFileError(UsageError):
    """A capture file that cannot be read or, if `offset` is given, is damaged at that byte.

    Offsets count from the start of the capture; of a compressed file, once decompressed.
    """

    def __init__(self, name: str, why: str, offset: int | None = None, hint: str = "") -> None:
        super().__init__(name, why if offset is None else f"damaged at byte {offset}: {why}", hint)
        self.offset = offset
        self.args = name, why, offset, hint  # what a pickled one is made from again


class BlockError(ValueError):
    """A block or record that contradicts itself or the format; the text says how."""


class CutShortError(BlockError):
    """The capture ends within a block or record; everything before it is whole."""
