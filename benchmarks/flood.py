"""Send COUNT identical UDP packets of SIZE bytes out of DEVICE as fast as one process can.

usage: flood.py DEVICE SIZE COUNT ethernet|ip [PACKETS_A_SECOND]; prints how many the kernel took,
and seconds.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20


def packet(size: int, layer: str) -> bytes:
    """Return a UDP packet of `size` bytes in all, its addresses those of the lab."""
    link = bytes.fromhex("020000000002 020000000001 0800") if layer == "ethernet" else b""
    length = size - len(link)
    addresses = bytes([10, 9, 0, 1, 10, 9, 0, 2])
    ip = struct.pack(">BBHHHBBH", 0x45, 0, length, 1, 0x4000, 64, 17, 0) + addresses
    total = sum(struct.unpack(">10H", ip))
    checksum = ~(total + (total >> 16)) & 0xFFFF
    ip = ip[:10] + struct.pack(">H", checksum & 0xFFFF) + ip[12:]
    udp = struct.pack(">HHHH", 4000, 5000, length - 20, 0)
    return link + ip + udp + bytes(length - 28)


def main() -> None:
    device, size, count, layer = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind((device, 0))
    if layer == "ethernet":
        sender.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    pause = 1 / float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    data = packet(size, layer)
    send = sender.send
    refused = 0
    started = time.perf_counter()
    for _ in range(count):
        try:
            send(data)
        except OSError:
            refused += 1
        if pause:
            time.sleep(pause)
    print(count - refused, time.perf_counter() - started)


if __name__ == "__main__":
    main()
