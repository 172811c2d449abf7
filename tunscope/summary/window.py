"""The bytes of one protocol layer: what was captured of it, and what the headers say it has."""

from __future__ import annotations

from struct import Struct
from typing import Final

_U16: Final = Struct(">H").unpack_from
_U32: Final = Struct(">I").unpack_from
_U64: Final = Struct(">Q").unpack_from


class CaptureCut(Exception):
    """The bytes asked for were on the wire, but the capture does not hold them."""


class Malformed(Exception):
    """The bytes asked for lie behind the end that the packet's own headers give."""


class Overlong(Malformed):
    """An item claims more bytes than what contains it has."""


class Unfinished(Malformed):
    """The bytes asked for are in a later fragment or segment."""


class Window:
    """A range of a packet, addressed from its own start; reading past its end raises.

    `start` and `stop` bound the captured bytes within `data`; `length` is how many bytes the
    layer has by its own account, `contained` how many of them the outer layers have room for.
    `partial` holds where the bytes go on in another packet. Nothing is copied until it is read.
    """

    __slots__ = ("contained", "data", "length", "partial", "start", "stop")

    def __init__(
        self,
        data: bytes,
        start: int,
        stop: int,
        length: int,
        *,
        contained: int | None = None,
        partial: bool = False,
    ) -> None:
        self.data = data
        self.start = start
        self.stop = stop
        self.length = length
        self.contained = length if contained is None else contained
        self.partial = partial

    @property
    def captured(self) -> int:
        """Number of bytes of this layer that the capture holds."""
        return self.stop - self.start

    def check(self, offset: int, size: int) -> int:
        """Return the place of `offset` in `data`; raise if `size` bytes cannot be read there."""
        place = self.start + offset
        if place + size > self.stop or offset < 0 or size < 0:
            if offset < 0 or size < 0:
                raise Malformed
            if offset + size <= self.contained:
                raise CaptureCut
            raise Unfinished if self.partial else Malformed
        return place

    def u8(self, offset: int) -> int:
        """Return the byte at `offset`."""
        return self.data[self.check(offset, 1)]

    def u16(self, offset: int) -> int:
        """Return the big-endian 16-bit number at `offset`."""
        value: int = _U16(self.data, self.check(offset, 2))[0]
        return value

    def u24(self, offset: int) -> int:
        """Return the big-endian 24-bit number at `offset`."""
        place = self.check(offset, 3)
        return int.from_bytes(self.data[place : place + 3], "big")

    def u32(self, offset: int) -> int:
        """Return the big-endian 32-bit number at `offset`."""
        value: int = _U32(self.data, self.check(offset, 4))[0]
        return value

    def u64(self, offset: int) -> int:
        """Return the big-endian 64-bit number at `offset`."""
        value: int = _U64(self.data, self.check(offset, 8))[0]
        return value

    def le16(self, offset: int) -> int:
        """Return the little-endian 16-bit number at `offset`."""
        return int.from_bytes(self.take(offset, 2), "little")

    def le32(self, offset: int) -> int:
        """Return the little-endian 32-bit number at `offset`."""
        return int.from_bytes(self.take(offset, 4), "little")

    def take(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes from `offset`."""
        place = self.check(offset, size)
        return self.data[place : place + size]

    def rest(self, offset: int = 0, limit: int | None = None) -> bytes:
        """Return the captured bytes from `offset`, at most `limit`; none past the end."""
        place = max(self.start, self.start + offset)
        stop = self.stop if limit is None else min(self.stop, place + limit)
        return self.data[place:stop]

    def sub(self, offset: int, length: int | None = None) -> Window:
        """Return the window from `offset` of `length` bytes (all the rest by default).

        It never reaches past this one, in captured or in reported bytes. An offset behind the
        end raises like reading there would.
        """
        if offset > self.length or offset < 0:
            raise Unfinished if self.partial else Malformed
        room = self.length - offset
        if length is None or length > room:
            length = room
        return self.unit(offset, length)

    def unit(self, offset: int, length: int) -> Window:
        """Return the window from `offset` on that claims `length` bytes, also past this one's."""
        length = max(length, 0)
        place = min(self.start + offset, self.stop)
        return Window(
            self.data,
            place,
            min(self.stop, place + length),
            length,
            contained=max(min(length, self.contained - offset), 0),
            partial=self.partial,
        )

    def shortened(self, length: int) -> Window:
        """Return this window cut to `length` bytes if it has more (padding, trailers)."""
        return self if length >= self.length else self.sub(0, length)
