"""CARP beside VRRP, with which it shares IP protocol 112."""

from __future__ import annotations

from typing import Final, Protocol

#: Bytes of every packet, and what says in words of 32 bits that 28 of them authenticate it.
_SIZE: Final = 36
_WORDS_AT: Final = 3
_AUTHENTICATION_WORDS: Final = 7
#: Versions 1 and 2 of the one type there is.
_ADVERTISEMENTS: Final = (0x11, 0x21)


class Octets(Protocol):
    """The bytes of a packet behind its IP header."""

    @property
    def length(self) -> int:
        """How many there were on the wire."""

    @property
    def captured(self) -> int:
        """How many of them there are."""

    def u8(self, offset: int) -> int:
        """Return the byte at `offset`."""


def is_carp(octets: Octets) -> bool:
    """Whether this is no VRRP: with seven addresses that has a seven too, but is longer."""
    if octets.length != _SIZE or octets.captured <= _WORDS_AT:
        return False
    return octets.u8(0) in _ADVERTISEMENTS and octets.u8(_WORDS_AT) == _AUTHENTICATION_WORDS
