"""The keys of QUIC's Initial packets, which follow from what is in the clear (RFC 9001, 5.2)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tunscope.filter.deep.aes import count_stream, encrypt_blocks

_VERSION_2: Final = 0x6B3343CF
_SALT: Final = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SALT_2: Final = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
_SALT_29: Final = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_23: Final = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_DRAFTS: Final = 0xFF000000
_SAMPLE: Final = 16
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class InitialKeys:
    """The keys of one side: for the payload, its nonce, and for the header."""

    key: bytes
    nonce: bytes
    header: bytes

    def mask(self, packet: bytes, offset: int) -> bytes:
        """Return what hides the header of `packet`, whose packet number stands at `offset`."""
        sample = packet[offset + 4 : offset + 4 + _SAMPLE]
        return encrypt_blocks(self.header, sample)

    def decrypted(self, number: int, payload: bytes) -> bytes:
        """Return the frames in `payload`, which ends with its tag, of packet `number`."""
        nonce = int.from_bytes(self.nonce) ^ number
        return count_stream(self.key, nonce.to_bytes(12), payload[:-_TAG])


@lru_cache(64)
def initial_keys(version: int, target: bytes) -> tuple[InitialKeys, InitialKeys] | None:
    """Return the client's and the server's keys for the connection identity that the client
    chose first; None for a version whose keys are not known."""
    salt = _salt(version)
    if salt is None:
        return None
    secret = hmac.new(salt, target, hashlib.sha256).digest()
    prefix = "quicv2" if version == _VERSION_2 else "quic"
    return _keys(secret, "client in", prefix), _keys(secret, "server in", prefix)


def _salt(version: int) -> bytes | None:
    if version == 1 or version in (_DRAFTS + 33, _DRAFTS + 34):
        return _SALT
    if version == _VERSION_2:
        return _SALT_2
    if _DRAFTS + 29 <= version <= _DRAFTS + 32:
        return _SALT_29
    if _DRAFTS + 23 <= version <= _DRAFTS + 28:
        return _SALT_23
    return None


def _keys(secret: bytes, side: str, prefix: str) -> InitialKeys:
    own = _expanded(secret, side, 32)
    return InitialKeys(
        _expanded(own, f"{prefix} key", 16),
        _expanded(own, f"{prefix} iv", 12),
        _expanded(own, f"{prefix} hp", 16),
    )


def _expanded(secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1), for no more than one hash."""
    name = b"tls13 " + label.encode()
    info = length.to_bytes(2) + bytes((len(name),)) + name + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha256).digest()[:length]
