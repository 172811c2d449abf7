"""Keeps a lab alive: `main FD...`, until SIGTERM, SIGINT or SIGHUP.

The descriptors are the control sockets of process 1 and of engines; what comes from them is
thrown away. With this process they are closed, and everything in the lab ends. Standard library
only.
"""

from __future__ import annotations

import os
import select
import signal
import sys

_CHUNK = 1 << 16


def main() -> int:
    """Wait for a signal, or for the end of the lab."""
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in signals:
        signal.signal(number, lambda number, frame: sys.exit(0))
    descriptors = [int(word) for word in sys.argv[1:]]
    lab = descriptors[0]
    poll = select.poll()
    for fd in descriptors:
        poll.register(fd, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            try:
                ended = not os.read(fd, _CHUNK)
            except OSError:
                ended = True
            if ended and fd == lab:
                return 0
            if ended:
                poll.unregister(fd)
