"""What the kernel accepts as the name of a network device."""

from __future__ import annotations

import os
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.printable import printable

#: IFNAMSIZ of include/uapi/linux/if.h, less the closing zero byte.
MAX_NAME_BYTES: Final = 15

_FORBIDDEN: Final = frozenset(b"/:%\0 \t\n\v\f\r")


def check_device_name(name: str) -> bytes:
    """Return `name` as the kernel stores it, or raise UsageError where it would refuse it.

    The rules of dev_valid_name() in net/core/dev.c, and no `%`, which asks the kernel to pick
    a number. TUNSETIFF itself would cut a long name silently and name another device.
    """
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        raise UsageError("device name", "cannot be encoded for the kernel") from None
    shown = printable(encoded) or "''"
    if not encoded:
        raise UsageError("device name", "is empty")
    if len(encoded) > MAX_NAME_BYTES:
        raise UsageError(
            shown, f"a device name has at most {MAX_NAME_BYTES} bytes, this one {len(encoded)}"
        )
    if encoded in {b".", b".."} or any(byte in _FORBIDDEN for byte in encoded):
        raise UsageError(shown, "not a device name", "no blanks, '/', ':' or '%'")
    return encoded
