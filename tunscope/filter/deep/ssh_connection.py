"""What an SSH connection remembers: what both sides offered, and how many messages they sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

_GROUP_EXCHANGE: Final = "diffie-hellman-group-exchange-"
_CURVES: Final = ("ecdh-sha2-", "curve25519-sha256", "curve448-sha512")
#: Encrypts even the lengths of its packets, with a key of their own.
_HIDDEN_LENGTHS: Final = "chacha20-poly1305@openssh.com"


class Method(Enum):
    """How keys are exchanged, as far as messages differ by it."""

    #: RFC 4253, 8; also what Wireshark takes every method it does not know for.
    GROUP = "group"
    #: RFC 4419.
    GROUP_EXCHANGE = "group exchange"
    #: RFC 5656, RFC 8731.
    CURVE = "curve"


@dataclass(slots=True)
class SshSide:
    """One side: its offer of methods and ciphers, its next message's number."""

    methods: list[str] = field(default_factory=list)
    #: Ciphers it offers for what the client sends, and for what the server sends.
    ciphers: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    number: int = 0
    encrypted: bool = False


@dataclass(slots=True)
class SshConnection:
    """One connection; sides are client and server."""

    sides: tuple[SshSide, SshSide] = field(default_factory=lambda: (SshSide(), SshSide()))

    @property
    def method(self) -> Method:
        """The method that both sides can follow and the client likes best (RFC 4253, 7.1)."""
        chosen = _first(self.sides[0].methods, self.sides[1].methods)
        if chosen.startswith(_GROUP_EXCHANGE):
            return Method.GROUP_EXCHANGE
        return Method.CURVE if chosen.startswith(_CURVES) else Method.GROUP

    def hides_lengths(self, side: int) -> bool:
        """Whether nothing of what `side` sends encrypted can be read, not even its length."""
        offers = [one.ciphers[side] for one in self.sides]
        return _first(*offers) == _HIDDEN_LENGTHS


def _first(wanted: list[str], possible: list[str]) -> str:
    return next((name for name in wanted if name in possible), "")
