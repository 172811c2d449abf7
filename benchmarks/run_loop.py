"""A relay that does nothing but relay: what `tunscope run` would be without recording anything.

`run_loop.py SOCKET seqpacket|stream DEVICE`: to be started inside the namespace.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Container, Iterator

from tunscope.device.tuntap import TunFlags, open_tun

DRAIN = 256
LARGEST = 65_600


def arrivals(tun: int, sock: socket.socket) -> Iterator[Container[int]]:
    """Yield the descriptors that can be read, again and again."""
    poll = select.poll()
    poll.register(tun, select.POLLIN)
    poll.register(sock, select.POLLIN)
    while True:
        yield dict(poll.poll())


def datagrams(tun: int, sock: socket.socket) -> None:
    buffer = memoryview(bytearray(LARGEST))
    for ready in arrivals(tun, sock):
        if tun in ready:
            with contextlib.suppress(BlockingIOError):
                for _ in range(DRAIN):
                    sock.send(buffer[: os.readv(tun, [buffer])])
        if sock.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                for _ in range(DRAIN):
                    os.write(tun, buffer[: sock.recv_into(buffer)])


def stream(tun: int, sock: socket.socket) -> None:
    buffer = memoryview(bytearray(LARGEST))
    incoming = memoryview(bytearray(512 << 10))
    end = 0
    for ready in arrivals(tun, sock):
        if tun in ready:
            with contextlib.suppress(BlockingIOError):
                for _ in range(DRAIN):
                    size = os.readv(tun, [buffer])
                    sock.sendmsg([size.to_bytes(4, "big"), buffer[:size]])
        if sock.fileno() in ready:
            end += sock.recv_into(incoming[end:])
            start = 0
            while end - start >= 4:
                size = int.from_bytes(incoming[start : start + 4], "big")
                if end - start - 4 < size:
                    break
                os.write(tun, incoming[start + 4 : start + 4 + size])
                start += 4 + size
            incoming[: end - start] = bytes(incoming[start:end])
            end -= start


def main() -> None:
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 << 20)
    tun = open_tun(sys.argv[3], TunFlags(kind="tap", persist=True))
    os.set_blocking(tun, False)
    print("ready", flush=True)
    {"seqpacket": datagrams, "stream": stream}[sys.argv[2]](tun, sock)


if __name__ == "__main__":
    main()
