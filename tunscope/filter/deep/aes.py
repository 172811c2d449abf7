"""AES-128 (FIPS 197), forward only, over many blocks at once: what reading QUIC's first packets
takes. Those are encrypted with keys that everybody can compute (RFC 9001, 5.2)."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

_Bytes: TypeAlias = npt.NDArray[np.uint8]

_BLOCK: Final = 16
_ROUNDS: Final = 10
#: Where each byte of the state comes from when rows are shifted; bytes stand column by column.
_SHIFTED: Final = np.array([(place + 4 * (place % 4)) % 16 for place in range(16)])
#: The byte below, within its column.
_BELOW: Final = np.array([place - place % 4 + (place + 1) % 4 for place in range(16)])


def _doubled(value: int) -> int:
    return (value << 1 ^ (0x1B if value & 0x80 else 0)) & 0xFF


@cache
def _substitutions() -> _Bytes:
    """Return the S-box."""
    exponents, logarithms = [0] * 256, [0] * 256
    power = 1
    for exponent in range(255):
        exponents[exponent], logarithms[power] = power, exponent
        power ^= _doubled(power)
    box = []
    for value in range(256):
        inverse = exponents[(255 - logarithms[value]) % 255] if value else 0
        spread = inverse
        for turn in range(1, 5):
            spread ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        box.append(spread ^ 0x63)
    return np.array(box, np.uint8)


@cache
def _doubles() -> _Bytes:
    return np.array([_doubled(value) for value in range(256)], np.uint8)


@cache
def _round_keys(key: bytes) -> tuple[_Bytes, ...]:
    box = _substitutions()
    words = [list(key[place : place + 4]) for place in range(0, 16, 4)]
    constant = 1
    for number in range(4, 4 * (_ROUNDS + 1)):
        word = list(words[-1])
        if not number % 4:
            word = [int(box[value]) for value in [*word[1:], word[0]]]
            word[0] ^= constant
            constant = _doubled(constant)
        words.append([a ^ b for a, b in zip(words[-4], word, strict=True)])
    flat = np.array(words, np.uint8).reshape(_ROUNDS + 1, _BLOCK)
    return tuple(flat)


def encrypt_blocks(key: bytes, blocks: bytes) -> bytes:
    """Return `blocks`, a multiple of 16 bytes, each encrypted with the 16 bytes of `key`."""
    box, doubles = _substitutions(), _doubles()
    keys = _round_keys(key)
    state = np.frombuffer(blocks, np.uint8).reshape(-1, _BLOCK) ^ keys[0]
    for number in range(1, _ROUNDS + 1):
        state = box[state][:, _SHIFTED]
        if number < _ROUNDS:
            below = state[:, _BELOW]
            total = state ^ below
            total ^= total[:, _BELOW][:, _BELOW]
            state = state ^ total ^ doubles[state ^ below]
        state = state ^ keys[number]
    return state.tobytes()


def count_stream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Return `data` encrypted or decrypted in GCM's counter mode with a nonce of 12 bytes; its
    authentication is not looked at."""
    count = -(-len(data) // _BLOCK)
    counters = b"".join(nonce + number.to_bytes(4) for number in range(2, count + 2))
    stream = encrypt_blocks(key, counters)[: len(data)]
    return (np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)).tobytes()
