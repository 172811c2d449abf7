"""Wireshark's own readers as judges, and raw blocks with whatever lengths a test wants."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
END = bytes(4)
#: What the types of custom blocks have in both byte orders.
CUSTOM_BLOCK_MARKS = (b"\xad\x0b\x00", b"\x00\x0b\xad")


def captures() -> list[Path]:
    return sorted(path for path in CAPTURES.glob("*/*") if path.name != "LICENSE")


def wireshark_verdict(path: Path) -> tuple[int, str]:
    """Return how many records Wireshark's reader gets, and "whole", "cut" or "damaged"."""
    done = subprocess.run(
        ["capinfos", "-M", "-c", path], capture_output=True, text=True, check=False
    )
    count = re.search(r"^Number of packets: *(\d+)", done.stdout, re.MULTILINE)
    before = re.search(r"after reading (\d+) packet", done.stderr)
    packets = int((before or count or [0, 0])[1])
    if any(mark in path.read_bytes() for mark in CUSTOM_BLOCK_MARKS):
        # capinfos counts packets only; for tshark a custom block is a record, as it is for us.
        packets = len(tshark_rows(path, "frame.number"))
    if done.returncode == 0 and not done.stderr.strip():
        return packets, "whole"
    return packets, "cut" if "cut short" in done.stderr else "damaged"


def tshark_rows(path: Path, *fields: str, preferences: Iterable[str] = ()) -> list[list[str]]:
    """Return the fields of each record."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    for preference in preferences:
        command += ["-o", preference]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line.split("\t") for line in done.stdout.splitlines()]


def block(
    kind: int, body: bytes, order: str = "<", total: int | None = None, trailer: int | None = None
) -> bytes:
    total = 12 + len(body) if total is None else total
    trailer = total if trailer is None else trailer
    return struct.pack(f"{order}II", kind, total) + body + struct.pack(f"{order}I", trailer)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", version: tuple[int, int] = (1, 0), options: bytes = b"") -> bytes:
    fixed = struct.pack(f"{order}IHHq", 0x1A2B3C4D, *version, -1)
    return block(0x0A0D0D0A, fixed + options, order)


def interface(
    linktype: int = 1, snaplen: int = 65535, options: bytes = b"", order: str = "<"
) -> bytes:
    return block(1, struct.pack(f"{order}HHI", linktype, 0, snaplen) + options, order)


def packet(
    data: bytes = bytes(60),
    number: int = 0,
    ticks: int = 0,
    origlen: int | None = None,
    options: bytes = b"",
    order: str = "<",
) -> bytes:
    origlen = len(data) if origlen is None else origlen
    fixed = struct.pack(f"{order}5I", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), origlen)
    return block(6, fixed + data + bytes(-len(data) % 4) + options, order)


def custom_block(data: bytes, pen: int = 32473, order: str = "<", *, copied: bool = True) -> bytes:
    kind = 0x00000BAD if copied else 0x40000BAD
    return block(kind, struct.pack(f"{order}I", pen) + data, order)


def pcap_header(
    magic: int = 0xA1B2C3D4,
    order: str = "<",
    version: tuple[int, int] = (2, 4),
    snaplen: int = 65535,
    network: int = 1,
) -> bytes:
    return struct.pack(f"{order}IHHiIII", magic, *version, 0, 0, snaplen, network)


def pcap_record(
    data: bytes = b"\xaa" * 60,
    seconds: int = 1_700_000_000,
    fraction: int = 7,
    origlen: int | None = None,
    order: str = "<",
    extra: bytes = b"",
    caplen: int | None = None,
) -> bytes:
    caplen = len(data) if caplen is None else caplen
    origlen = len(data) if origlen is None else origlen
    return struct.pack(f"{order}4I", seconds, fraction, caplen, origlen) + extra + data
