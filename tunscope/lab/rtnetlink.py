"""Requests of rtnetlink(7), as far as labs need them.

A helper that starts in 20 ms cannot load a netlink library. Standard library only.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400  # linux/netlink.h
_NLMSG_ERROR: Final = 2
_HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_ERROR: Final = struct.Struct("=i")
_ATTRIBUTE: Final = struct.Struct("=HH")
_NLA_F_NESTED: Final = 0x8000
_REPLY_LIMIT: Final = 1 << 16


def attribute(kind: int, payload: bytes | int | str) -> bytes:
    """Return one attribute; a number is a u32, text ends with a NUL."""
    if isinstance(payload, int):
        payload = struct.pack("=I", payload)
    elif isinstance(payload, str):
        payload = payload.encode() + b"\0"
    data = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(payload), kind) + payload
    return data + bytes(-len(data) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """Return one attribute made of others."""
    return attribute(kind | _NLA_F_NESTED, b"".join(attributes))


def request(kind: int, body: bytes, *attributes: bytes, flags: int = 0) -> None:
    """Have the kernel of the current network namespace do one thing; OSError if it refuses."""
    payload = body + b"".join(attributes)
    flags |= NLM_F_REQUEST | NLM_F_ACK
    message = _HEADER.pack(_HEADER.size + len(payload), kind, flags, 1, 0) + payload
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(message)
        reply = sock.recv(_REPLY_LIMIT)
    _, answer, _, _, _ = _HEADER.unpack_from(reply)
    if answer != _NLMSG_ERROR:
        raise OSError(f"rtnetlink answered with message {answer}")
    (error,) = _ERROR.unpack_from(reply, _HEADER.size)
    if error:
        raise OSError(-error, os.strerror(-error))
