"""The driver behind a device, as `ethtool -i` says it (include/uapi/linux/ethtool.h)."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import Final

from tunscope.device.names import check_device_name

_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_GDRVINFO: Final = 0x00000003
_DRVINFO_SIZE: Final = 196
_IFREQ: Final = struct.Struct("16sP16x")


def driver_name(sock: socket.socket, name: str) -> str | None:
    """Return the driver of device `name` in the namespace of `sock`; None if it tells none."""
    information = ctypes.create_string_buffer(_DRVINFO_SIZE)
    struct.pack_into("I", information, 0, _ETHTOOL_GDRVINFO)
    request = _IFREQ.pack(check_device_name(name), ctypes.addressof(information))
    try:
        fcntl.ioctl(sock, _SIOCETHTOOL, request)
    except OSError:
        return None
    driver: bytes = information.raw[4:36].split(b"\0", 1)[0]
    return os.fsdecode(driver) or None
