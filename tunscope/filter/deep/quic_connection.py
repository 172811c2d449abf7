"""What a QUIC connection remembers from one datagram to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tunscope.filter.deep.quic_keys import InitialKeys, initial_keys
from tunscope.filter.deep.tls_connection import Side, TlsConnection

#: Bytes of a handshake that came before their turn, and are kept.
_MOST_EARLY: Final = 1 << 17


@dataclass(slots=True)
class QuicCount:
    """How many connections a capture has shown."""

    connections: int = 0


@dataclass(slots=True)
class Handshake:
    """One side's handshake as its CRYPTO frames bring it: up to where, and what came early."""

    stop: int = 0
    early: dict[int, bytes] = field(default_factory=dict)

    def in_order(self, offset: int, data: bytes) -> bytes:
        """Take in a frame's data; return what is in its turn now."""
        if offset + len(data) <= self.stop:
            return b""
        if offset > self.stop:
            if sum(map(len, self.early.values())) < _MOST_EARLY:
                self.early[offset] = data
            return b""
        ready = data[self.stop - offset :]
        self.stop += len(ready)
        for place in sorted(self.early):
            if place > self.stop:
                break
            more = self.early.pop(place)[self.stop - place :] if place <= self.stop else b""
            ready += more
            self.stop += len(more)
        return ready


@dataclass(slots=True)
class QuicConnection:
    """One connection: who the client is, which identities the sides chose, and the handshake."""

    number: int = -1
    client: Side | None = None
    #: The connection identity that the client chose first, from which the first keys follow.
    original: bytes = b""
    version: int = 0
    #: By side, the identities that others send to it with.
    identities: dict[Side, bytes] = field(default_factory=dict)
    #: Packets with a short header were seen.
    short: bool = False
    handshakes: dict[Side, Handshake] = field(default_factory=dict)
    tls: TlsConnection = field(default_factory=lambda: TlsConnection(quic=True))

    def begin(self, side: Side, target: bytes, version: int) -> None:
        """Take in a client's first packet."""
        self.client, self.original, self.version = side, target, version

    def keys(self, side: Side) -> InitialKeys | None:
        """Return the keys of the Initial packets that `side` sends, None if they are unknown."""
        if self.client is None:
            return None
        both = initial_keys(self.version, self.original)
        return None if both is None else both[side != self.client]
