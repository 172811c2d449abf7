"""How much has gone through each device, as /proc/net/dev counts it (net/core/net-procfs.c)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Columns behind the name: bytes and packets received, and, eight further on, sent.
_RECEIVED: Final = 0
_SENT: Final = 8


@dataclass(frozen=True, slots=True)
class Traffic:
    """Packets and bytes since the device was made, both directions together."""

    packets: int
    octets: int


def device_traffic() -> dict[str, Traffic]:
    """Return the totals of the calling thread's network namespace, by device; OSError if none."""
    return parse_traffic(Path("/proc/thread-self/net/dev").read_bytes())


def parse_traffic(text: bytes) -> dict[str, Traffic]:
    """Return the totals in the text of /proc/net/dev; lines that are no device are passed over."""
    totals = {}
    for line in text.splitlines():
        name, colon, counters = line.rpartition(b": ")
        numbers = counters.split()
        if colon and len(numbers) > _SENT + 1 and all(number.isdigit() for number in numbers):
            received, sent = (
                (int(numbers[place]), int(numbers[place + 1])) for place in (_RECEIVED, _SENT)
            )
            totals[os.fsdecode(name.strip())] = Traffic(
                received[1] + sent[1], received[0] + sent[0]
            )
    return totals
