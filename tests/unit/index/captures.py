"""Captures for the index tests, made on the spot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import Source
from tunscope.packet.record import PacketRecord

HEAD = section_header("test") + interface_description(InterfaceDescription(101, name="tun0"))
TIMEOUT = 20.0


def record(number: int, size: int = 60, port: int = 53) -> PacketRecord:
    """A UDP packet that carries its number; its destination port is `port`."""
    udp = (1000).to_bytes(2) + port.to_bytes(2) + (size - 20).to_bytes(2) + bytes(2)
    ip = b"\x45\0" + size.to_bytes(2) + bytes(4) + b"\x40\x11\0\0"
    data = ip + bytes([10, 0, 0, 1, 10, 0, number >> 8 & 0xFF, number & 0xFF]) + udp
    data += number.to_bytes(4)
    return PacketRecord(data.ljust(size, b"\0"), number * 1000, size, 101, flags=1 + number % 2)


def packet(number: int, size: int = 60, port: int = 53) -> bytes:
    return enhanced_packet(record(number, size, port))


def packets(first: int, last: int, size: int = 60, port: int = 53) -> bytes:
    """Blocks of the packets numbered `first` to `last`."""
    return b"".join(packet(number, size, port) for number in range(first, last + 1))


@contextmanager
def indexing(source: Source, **options: int) -> Iterator[CaptureIndex]:
    index = CaptureIndex(source, **options)
    index.start()
    try:
        yield index
    finally:
        index.stop()


def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)
