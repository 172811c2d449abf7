"""The bytes of one protocol layer: what was captured of it, and what the headers say it has."""

from __future__ import annotations


class CaptureCut(Exception):
    """The bytes asked for were on the wire, but the capture does not hold them."""


class Malformed(Exception):
    """The bytes asked for lie behind the end that the packet's own headers give."""


class Unfinished(Exception):
    """The bytes asked for are in a later fragment."""


class Window:
    """A range of a packet, addressed from its own start; reading past its end raises.

    `start` and `stop` bound the captured bytes within `data`; `length` is how many bytes the
    layer has by its own account, `contained` how many of them the outer layers have room for.
    `fragment` tells that the layer goes on in another packet. Nothing is copied until it is read.
    """

    __slots__ = ("contained", "data", "fragment", "length", "start", "stop")

    def __init__(
        self,
        data: bytes,
        start: int,
        stop: int,
        length: int,
        *,
        contained: int | None = None,
        fragment: bool = False,
    ) -> None:
        self.data = data
        self.start = start
        self.stop = stop
        self.length = length
        self.contained = length if contained is None else contained
        self.fragment = fragment

    @property
    def captured(self) -> int:
        """Number of bytes of this layer that the capture holds."""
        return self.stop - self.start

    def check(self, offset: int, size: int) -> int:
        """Return the place of `offset` in the packet; raise if `size` bytes are not there."""
        place = self.start + offset
        if offset < 0 or size < 0:
            raise Malformed
        if place + size > self.stop:
            if offset + size <= self.contained:
                raise CaptureCut
            raise Unfinished if self.fragment else Malformed
        return place

    def u8(self, offset: int) -> int:
        """Return the byte at `offset`."""
        return self.data[self.check(offset, 1)]

    def u16(self, offset: int) -> int:
        """Return the big-endian 16-bit number at `offset`."""
        return self.number(offset, 2)

    def u32(self, offset: int) -> int:
        """Return the big-endian 32-bit number at `offset`."""
        return self.number(offset, 4)

    def number(self, offset: int, size: int) -> int:
        """Return the big-endian number in `size` bytes at `offset`."""
        place = self.check(offset, size)
        return int.from_bytes(self.data[place : place + size], "big")

    def take(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes from `offset`."""
        place = self.check(offset, size)
        return self.data[place : place + size]

    def rest(self, offset: int = 0) -> bytes:
        """Return the captured bytes from `offset`; none past the end."""
        return self.data[max(self.start, self.start + offset) : self.stop]

    def sub(self, offset: int, length: int | None = None) -> Window:
        """Return the window from `offset` of `length` bytes (all the rest by default).

        It may claim more bytes than this one has; reading those raises.
        """
        if offset < 0 or offset > self.length:
            raise Unfinished if self.fragment else Malformed
        if length is None:
            length = self.length - offset
        place = min(self.start + offset, self.stop)
        return Window(
            self.data,
            place,
            min(self.stop, place + max(length, 0)),
            max(length, 0),
            contained=max(min(length, self.contained - offset), 0),
            fragment=self.fragment,
        )

    def shorten(self, length: int) -> None:
        """Make this window end after `length` bytes if it has more (padding, trailers)."""
        if length < self.length:
            self.length = max(length, 0)
            self.contained = min(self.contained, self.length)
            self.stop = min(self.stop, self.start + self.length)
