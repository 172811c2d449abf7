"""Addresses as text, without name resolution."""

from __future__ import annotations

from socket import AF_INET6, inet_ntop


def mac_text(address: bytes) -> str:
    """Return a hardware address as lower-case hex, separated by colons."""
    return address.hex(":")


def ipv4_text(address: bytes) -> str:
    """Return 4 bytes in dotted decimal."""
    return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"


def ipv6_text(address: bytes) -> str:
    """Return 16 bytes as RFC 5952 text."""
    return inet_ntop(AF_INET6, address)
