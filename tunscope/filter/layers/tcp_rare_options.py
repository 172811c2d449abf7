"""Options of TCP with a structure of their own: ranges, counters, satellites, accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.filter.conversations.tcp_side import after
from tunscope.filter.layers.dissection import (
    ERROR,
    MALFORMED_GROUP,
    SEQUENCE_GROUP,
    WARN,
    CutShort,
    Dissection,
    u16,
    u24,
    u32,
)

_MODULUS: Final = 1 << 32
_SPACE_FLAGS: Final = (
    ("tcp.options.scpsflags.bets", 0x80),
    ("tcp.options.scpsflags.snack1", 0x40),
    ("tcp.options.scpsflags.snack2", 0x20),
    ("tcp.options.scpsflags.compress", 0x10),
    ("tcp.options.scpsflags.nlts", 0x08),
)
_TRANSPARENCY_FLAGS: Final = (
    ("tcp.options.rvbd.trpy.flags.fw_rst_probe", 0x400),
    ("tcp.options.rvbd.trpy.flags.fw_rst_inner", 0x200),
    ("tcp.options.rvbd.trpy.flags.fw_rst", 0x100),
    ("tcp.options.rvbd.trpy.flags.chksum", 4),
    ("tcp.options.rvbd.trpy.flags.oob", 2),
    ("tcp.options.rvbd.trpy.flags.mode", 1),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a segment acknowledges the other side: `base` is that side's first sequence number,
    `acknowledgment` counts from there."""

    base: int
    acknowledgment: int


def add_ranges(dissection: Dissection, option: bytes, reached: Reached | None) -> None:
    """Note the ranges of a selective acknowledgment, relative to the first number.

    A first range that is acknowledged anyway, or ends in the second one, was received twice
    (RFC 2883). CutShort where not even one range is there.
    """
    add = dissection.add
    edges: list[int] = []
    if reached is not None:
        edges = [
            (u32(option, place) - reached.base) % _MODULUS for place in range(2, len(option) - 3, 4)
        ]
        for place, edge in enumerate(edges):
            add("tcp.options.sack_re" if place % 2 else "tcp.options.sack_le", edge)
    if (len(option) - 2) % 8:
        message = "suboption would go past end of option"
        dissection.expert("tcp.suboption_malformed", ERROR, MALFORMED_GROUP, message)
    add("tcp.options.sack.count", (len(option) - 2) // 8)
    if len(option) < 10:
        raise CutShort
    if reached is not None and _is_repeated(edges, reached.acknowledgment):
        add("tcp.options.sack.dsack_le", edges[0])
        add("tcp.options.sack.dsack_re", edges[1])
        dissection.expert("tcp.options.sack.dsack", WARN, SEQUENCE_GROUP, "D-SACK Sequence")


def _is_repeated(edges: list[int], acknowledgment: int) -> bool:
    right = edges[1]
    if not after(right, acknowledgment):
        return True
    return len(edges) > 3 and after(right, edges[2]) and not after(right, edges[3])


def add_ecn_counters(dissection: Dissection, counters: bytes, first: str) -> None:
    """Note the counters of Accurate ECN, of which the last ones may be missing; `first` names the
    one that begins."""
    if len(counters) not in (0, 3, 6, 9):
        dissection.add("tcp.option.len.invalid", None)
        return
    order = (first, "eceb", "ee1b" if first == "ee0b" else "ee0b")
    for place, name in enumerate(order[: len(counters) // 3]):
        dissection.add(f"tcp.options.acc_ecn.{name}", u24(counters, 3 * place))


def add_rare(dissection: Dissection, kind: int, option: bytes) -> None:
    """Note the body of an option of the SCPS (20, 21) or of Riverbed's (76, 78)."""
    add = dissection.add
    match kind:
        case 20:
            add("tcp.options.scps.vector", option[2])
            dissection.add_bits(option[2], _SPACE_FLAGS)
            add("tcp.options.scpsflags.reserved", option[2] & 7)
            add("tcp.options.scps.binding", option[3])
        case 21:
            add("tcp.options.snack.offset", u16(option, 2))
            add("tcp.options.snack.size", u16(option, 4))
        case 76:
            _add_probe(dissection, option)
        case _:
            _add_transparency(dissection, option)


def _add_probe(dissection: Dissection, option: bytes) -> None:
    """How Riverbed's boxes find each other; the second version says no more than its type here."""
    add = dissection.add
    octet = option[2]
    if octet & 15 == 0:
        return
    if octet & 1:
        kind = octet >> 4
        add("tcp.options.rvbd.probe.type1", kind)
        add("tcp.options.rvbd.probe.version", octet & 15)
        if kind == 2:
            return
        add("tcp.options.rvbd.probe.reserved", option[3])
        add("tcp.options.rvbd.probe.prober", u32(option, 4))
        if kind in (0, 3):
            add("tcp.options.rvbd.probe.appli_ver", u16(option, 8))
        elif kind == 1:
            add("tcp.options.rvbd.probe.proxy.ip", u32(option, 8))
            add("tcp.options.rvbd.probe.proxy.port", u16(option, 12))


def _add_transparency(dissection: Dissection, option: bytes) -> None:
    add = dissection.add
    flags = u16(option, 2)
    add("tcp.options.rvbd.trpy.flags", flags)
    dissection.add_bits(flags, _TRANSPARENCY_FLAGS)
    add("tcp.options.rvbd.trpy.src.ip", u32(option, 4))
    add("tcp.options.rvbd.trpy.dst.ip", u32(option, 8))
    add("tcp.options.rvbd.trpy.src.port", u16(option, 12))
    add("tcp.options.rvbd.trpy.dst.port", u16(option, 14))
