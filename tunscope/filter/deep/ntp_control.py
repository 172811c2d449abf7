"""NTP's control messages (RFC 9327), and the heads of its private ones."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, take, u16, u32

_READ_STATUS, _READ_VARIABLES, _WRITE_VARIABLES = 1, 2, 3
_READ_CLOCK, _WRITE_CLOCK = 4, 5
_HEADER: Final = 12
#: The request for a list of hosts, and the size of an entry.
_MONITOR_LIST: Final = 42
_MONITORED: Final = 72
_PEER_BITS: Final = (
    ("config", 0x8000),
    ("authenable", 0x4000),
    ("authentic", 0x2000),
    ("reach", 0x1000),
    ("bcast", 0x0800),
)


def add_control(dissection: Dissection, data: bytes) -> None:
    """Note a control message."""
    add = dissection.add
    flags = data[1]
    operation, response, error = flags & 31, flags >> 7, flags >> 6 & 1
    add("ntp.ctrl.flags2", flags)
    add("ntp.ctrl.flags2.r", response)
    add("ntp.ctrl.flags2.error", error)
    add("ntp.ctrl.flags2.more", flags >> 5 & 1)
    add("ntp.ctrl.flags2.opcode", operation)
    add("ntp.ctrl.sequence", u16(data, 2))
    status, association = u16(data, 4), u16(data, 6)
    add("ntp.ctrl.status", status)
    if response:
        _add_status(dissection, operation, status, association, error=error)
    add("ntp.ctrl.associd", association)
    add("ntp.ctrl.offset", u16(data, 8))
    size = u16(data, 10)
    add("ntp.ctrl.count", size)
    if not size:
        return
    add("ntp.ctrl.data", None)
    if operation == _READ_STATUS and response and not association:
        for offset in range(_HEADER, min(_HEADER + size, len(data)) - 3, 4):
            add("ntp.ctrl.item", None)
            add("ntp.ctrl.associd", u16(data, offset))
            status = u16(data, offset + 2)
            add("ntp.ctrl.status", status)
            _add_peer_status(dissection, status)


def _add_status(
    dissection: Dissection, operation: int, status: int, association: int, *, error: int
) -> None:
    if error:
        dissection.add("ntp.ctrl.err_status", status >> 8)
    elif operation in (_READ_CLOCK, _WRITE_CLOCK):
        dissection.add("ntp.ctrl.clock_status.status", status >> 8)
        dissection.add("ntp.ctrl.clock_status.code", status & 0xFF)
    elif operation in (_READ_STATUS, _READ_VARIABLES, _WRITE_VARIABLES):
        if association:
            _add_peer_status(dissection, status)
        else:
            _add_system_status(dissection, status)


def _add_system_status(dissection: Dissection, status: int) -> None:
    prefix = "ntp.ctrl.sys_status"
    dissection.add(f"{prefix}.li", status >> 14)
    dissection.add(f"{prefix}.clksrc", status >> 8 & 63)
    dissection.add(f"{prefix}.count", status >> 4 & 15)
    dissection.add(f"{prefix}.code", status & 15)


def _add_peer_status(dissection: Dissection, status: int) -> None:
    prefix = "ntp.ctrl.peer_status"
    dissection.add_bits(status, ((f"{prefix}.{name}", mask) for name, mask in _PEER_BITS))
    dissection.add(f"{prefix}.selection", status >> 8 & 7)
    dissection.add(f"{prefix}.count", status >> 4 & 15)
    dissection.add(f"{prefix}.code", status & 15)


def add_private(dissection: Dissection, data: bytes) -> None:
    """Note the head of a private message of ntpd."""
    add = dissection.add
    add("ntp.priv.auth_seq", data[1])
    add("ntp.priv.auth", data[1] >> 7)
    add("ntp.priv.seq", data[1] & 127)
    add("ntp.priv.impl", data[2])
    add("ntp.priv.reqcode", data[3])
    items, size = u16(data, 4), u16(data, 6)
    add("ntp.priv.err", items >> 12)
    add("ntp.priv.numitems", items & 0xFFF)
    add("ntp.priv.reserved", size >> 12)
    add("ntp.priv.itemsize", size & 0xFFF)
    if data[3] == _MONITOR_LIST and data[0] & 0x80 and size & 0xFFF == _MONITORED:
        for number in range(items & 0xFFF):
            _add_monitored(dissection, data, 8 + number * _MONITORED)


def _add_monitored(dissection: Dissection, data: bytes, offset: int) -> None:
    """One of the hosts a server has heard of."""
    add = dissection.add
    prefix = "ntp.priv.monlist"
    names = ("avgint", "lsint", "restr", "count", "remote_address", "local_address", "flags")
    for place, name in enumerate(names):
        add(f"{prefix}.{name}", u32(data, offset + place * 4))
    add(f"{prefix}.port", u16(data, offset + 28))
    add(f"{prefix}.mode", data[offset + 30])
    add(f"{prefix}.version", data[offset + 31])
    newer = u32(data, offset + 32)
    add(f"{prefix}.ipv6", newer)
    add(f"{prefix}.unused", u32(data, offset + 36))
    if newer:
        add(f"{prefix}.addr6", take(data, offset + 40, 16))
        add(f"{prefix}.daddr6", take(data, offset + 56, 16))
