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
