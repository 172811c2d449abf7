"""A ping for machines without one: `main SECONDS ADDRESS`, echo requests for ever.

ICMP of RFC 792 and ICMPv6 of RFC 4443 over raw sockets, which root of a lab's user namespace may
open. Answers are left to the kernel's socket queue: who watches the lab sees them anyway.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import struct
import sys
import time

from tunscope.packet.checksum import internet_checksum

ICMP_ECHO, ICMPV6_ECHO = 8, 128
_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_PAYLOAD = bytes(range(56))


def echo_request(kind: int, identifier: int, sequence: int) -> bytes:
    """Return an echo request; for ICMPv6 the kernel fills in the checksum (RFC 3542)."""
    sequence &= 0xFFFF
    message = _HEADER.pack(kind, 0, 0, identifier, sequence) + _PAYLOAD
    checksum = internet_checksum(message) if kind == ICMP_ECHO else 0
    return _HEADER.pack(kind, 0, checksum, identifier, sequence) + _PAYLOAD


def main() -> int:
    """Ping until killed."""
    seconds, address = sys.argv[1:]
    if ":" in address:
        kind = ICMPV6_ECHO
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    else:
        kind = ICMP_ECHO
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with sock:
        for sequence in itertools.count(1):
            request = echo_request(kind, os.getpid() & 0xFFFF, sequence)
            with contextlib.suppress(OSError):  # the device is down for a while, or its queue full
                sock.sendto(request, (address, 0))
            time.sleep(float(seconds))
    return 0
