"""Attaches to a device, leaves it, and comes again: `main DEVICE KIND STAY AWAY`, in seconds.

While it is attached it takes what the kernel sends and answers nothing. It prints `ready` the
first time it is attached.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time

from tunscope.device.tuntap import DeviceBusyError, TunFlags, open_tun

_LARGEST = 65536


def visit(device: str, flags: TunFlags, seconds: float) -> None:
    """Hold the device for a while, unless somebody else does."""
    try:
        fd = open_tun(device, flags)
    except DeviceBusyError:
        time.sleep(seconds)
        return
    print("ready", flush=True)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([fd], [], [], left)[0]:
            with contextlib.suppress(OSError):
                os.read(fd, _LARGEST)
    os.close(fd)


def main() -> int:
    """Come and go until killed."""
    device, kind, stay, away = sys.argv[1:]
    flags = TunFlags(kind="tap" if kind == "tap" else "tun")
    while True:
        visit(device, flags, float(stay))
        time.sleep(float(away))
