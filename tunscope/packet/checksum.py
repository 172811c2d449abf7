"""The Internet checksum of IP, ICMP, TCP and UDP."""

from __future__ import annotations


def internet_checksum(data: bytes | bytearray | memoryview, initial: int = 0) -> int:
    """Return the 16-bit ones' complement checksum of `data` (RFC 1071).

    `initial` is a sum to go on from, not complemented, for example that of a pseudo header. Data
    of odd length is padded with a zero byte. Data that holds its own correct checksum gives 0.
    """
    total = int.from_bytes(data, "big")
    if len(data) % 2:
        total <<= 8
    total += initial
    # Adding 16-bit words with end-around carry is arithmetic modulo 0xFFFF, where a sum of
    # words that are not all zero is never written as 0.
    folded = total % 0xFFFF
    if folded == 0 and total:
        folded = 0xFFFF
    return ~folded & 0xFFFF


def updated_checksum(checksum: int, before: bytes, after: bytes) -> int:
    """Return a checksum once the bytes `before` under it became `after` (RFC 1624).

    Both have the same length and begin at an even offset of what the checksum covers.
    """
    padding = b"\0" * (len(before) % 2)
    old, new = int.from_bytes(before + padding, "big"), int.from_bytes(after + padding, "big")
    words = (~checksum & 0xFFFF) + -old % 0xFFFF + new
    folded = words % 0xFFFF
    return ~folded & 0xFFFF if folded else 0
