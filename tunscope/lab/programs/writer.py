"""A program that holds a tun and writes packets into it: `main DEVICE FROM TO SECONDS`.

Every SECONDS it writes an echo request from FROM, as if FROM were a host behind the device, and
the kernel, which has TO, writes the reply back. It prints `ready` once it holds the device.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import os
import select
import struct
import sys
import time

from tunscope.device.tuntap import TunFlags, open_tun
from tunscope.lab.programs.echo import ICMP_ECHO, echo_request
from tunscope.packet.checksum import internet_checksum

_IPV4 = struct.Struct("!BBHHHBBH4s4s")  # RFC 791
_LARGEST = 65536


def echo_packet(source: str, destination: str, sequence: int) -> bytes:
    """Return an IPv4 packet with an echo request."""
    message = echo_request(ICMP_ECHO, os.getpid() & 0xFFFF, sequence)
    ends = (ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed)
    fields = (0x45, 0, _IPV4.size + len(message), sequence & 0xFFFF, 0, 64, 1)
    checksum = internet_checksum(_IPV4.pack(*fields, 0, *ends))
    return _IPV4.pack(*fields, checksum, *ends) + message


def main() -> int:
    """Write until killed."""
    device, source, destination, seconds = sys.argv[1:]
    fd = open_tun(device, TunFlags(kind="tun"))
    print("ready", flush=True)
    for sequence in itertools.count(1):
        with contextlib.suppress(OSError):  # the device is down for a while
            os.write(fd, echo_packet(source, destination, sequence))
        until = time.monotonic() + float(seconds)
        while (left := until - time.monotonic()) > 0:
            if select.select([fd], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    os.read(fd, _LARGEST)  # the reply: who watches sees it
    return 0
