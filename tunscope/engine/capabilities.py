"""Give up every right that capturing does not need (capabilities(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

CAP_NET_ADMIN: Final = 12
CAP_NET_RAW: Final = 13

_LINUX_CAPABILITY_VERSION_3: Final = 0x20080522
_PR_SET_NO_NEW_PRIVS: Final = 38
_libc: Final = ctypes.CDLL(None, use_errno=True)


def keep_only(*capabilities: int) -> None:
    """Keep at most `capabilities` in this thread, for good: no later exec brings others back."""
    wanted = 0
    for number in capabilities:
        wanted |= 1 << number
    effective, permitted = (_current(line) & wanted for line in ("CapEff", "CapPrm"))
    header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
    low, high = 0xFFFFFFFF, 32
    data = struct.pack(
        "=6I", effective & low, permitted & low, 0, effective >> high, permitted >> high, 0
    )
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(_libc.capset(header, data))


def _current(line: str) -> int:
    """Return one capability set of this thread, from its status file."""
    with open("/proc/thread-self/status", encoding="ascii", errors="replace") as status:
        for text in status:
            if text.startswith(line):
                return int(text.split()[1], 16)
    return 0


def _check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
