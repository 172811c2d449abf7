"""Device counters as /proc/net/dev shows them, through a descriptor opened in some namespace.

The file belongs to the network namespace in which it was opened, so its descriptor answers for
devices that no netlink socket of this process can see (net/core/net-procfs.c).
"""

from __future__ import annotations

import os
from typing import Final

_LARGEST: Final = 1 << 20
#: Behind the name: eight columns of receive counters, then bytes, packets, errs and drop.
_TX_DROPPED: Final = 8 + 3


def tx_dropped(fd: int, name: str) -> int:
    """Return how many packets the device's queue has lost, 0 if there is no such device."""
    text = os.pread(fd, _LARGEST, 0)
    for line in text.splitlines()[2:]:
        device, _, counters = line.rpartition(b": ")
        if device.strip() == os.fsencode(name):
            return int(counters.split()[_TX_DROPPED])
    return 0
