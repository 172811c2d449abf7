"""Fields whose occurrences stand in columns, or at a fixed place behind one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tunscope.columns.layout import Layer, RecordFlag, Shim
from tunscope.filter.columnar.clock import custom_blocks, previous_times
from tunscope.filter.columnar.run import Part, Run
from tunscope.filter.columnar.verdict import Mask
from tunscope.filter.columnar.words import Ipv6Words, MacWords, Words

if TYPE_CHECKING:
    from tunscope.columns.addresses import AddressBook
    from tunscope.columns.batch import Column

#: Returns a field's occurrences in a run.
Source: TypeAlias = Callable[[Run], list[Part]]

_ETHERNET, _ARP, _IPV4, _IPV6 = Layer.ETHERNET, Layer.ARP, Layer.IPV4, Layer.IPV6
_ICMP, _ICMPV6, _TCP, _UDP = Layer.ICMP, Layer.ICMPV6, Layer.TCP, Layer.UDP
_ADDRESSES, _PORTS = Layer.ADDRESSES, Layer.PORTS
_COMPLETE, _LATER, _QUOTED = Layer.TCP_COMPLETE, Layer.LATER_FRAGMENT, Layer.QUOTED


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, where all of `bits` are there: `column >> shift & mask`."""

    bits: int
    names: tuple[str, ...]
    shift: int = 0
    mask: int = 0
    outer_only: bool = False

    def __call__(self, run: Run) -> list[Part]:
        parts = []
        for number, level, present in run.levels_with(self.bits):
            if number and self.outer_only:
                break
            rows = level.rows if number else None
            for name in self.names:
                values = level[name]
                if self.shift:
                    values = values >> values.dtype.type(self.shift)
                if self.mask:
                    values = values & values.dtype.type(self.mask)
                parts.append(Part(values, present, rows))
        return parts


@dataclass(frozen=True, slots=True)
class _Ids:
    """Columns of ids in a dictionary."""

    bits: int
    names: tuple[str, ...]
    words: Callable[[AddressBook], Words]

    def __call__(self, run: Run) -> list[Part]:
        parts = []
        for number, level, present in run.levels_with(self.bits):
            rows = level.rows if number else None
            parts += [
                Part(level[name], present, rows, self.words(run.batch.addresses))
                for name in self.names
            ]
        return parts


@dataclass(frozen=True, slots=True)
class _Bytes:
    """A number at a fixed place: `number of width bytes at base + offset >> shift & mask`, times
    `scale`."""

    bits: int
    base: str
    offset: int
    width: int
    shift: int = 0
    mask: int = 0
    scale: int = 1

    def __call__(self, run: Run) -> list[Part]:
        parts = []
        for number, level, present in run.levels_with(self.bits):
            if not present.any():
                continue
            values, captured = run.gather(number, self.base, self.offset, self.width)
            if self.shift:
                values = values >> np.uint64(self.shift)
            if self.mask:
                values = values & np.uint64(self.mask)
            if self.scale != 1:
                values = values * np.uint64(self.scale)
            parts.append(Part(values, present & captured, level.rows if number else None))
        return parts


@dataclass(frozen=True, slots=True)
class _Shim:
    """A header between the others: `value >> shift & mask` of the shims of one kind."""

    kind: Shim
    shift: int
    mask: int

    def __call__(self, run: Run) -> list[Part]:
        shims = run.batch.shims
        present = shims.kind == self.kind
        values = shims.value >> np.uint32(self.shift) & np.uint32(self.mask)
        return [Part(values, present, shims.rows)]


def _constant(bits: int, value: int) -> Source:
    def source(run: Run) -> list[Part]:
        return [
            Part(np.full(len(level), value, np.uint8), run.has(n, bits), level.rows if n else None)
            for n, level in enumerate(run.levels)
        ]

    return source


def _joined(*sources: Source) -> Source:
    return lambda run: [part for source in sources for part in source(run)]


def _frame(name: str) -> Source:
    return _Column(0, (name,), outer_only=True)


def _frame_number(run: Run) -> list[Part]:
    first = run.batch.start + 1
    numbers = np.arange(first, first + run.count, dtype=np.uint32)
    return [Part(numbers, np.ones(run.count, np.bool_), None)]


def _absolute_times(run: Run) -> list[Part]:
    return [_times(run, run.batch["ts_ns"])]


def _relative_times(run: Run) -> list[Part]:
    return [_times(run, run.batch["ts_ns"] - np.int64(run.clock.first_ns))]


def _deltas(run: Run) -> list[Part]:
    return [_times(run, run.batch["ts_ns"] - previous_times(run.batch, run.clock))]


def _times(run: Run, values: Column) -> Part:
    return Part(values, run.batch["flags"] & RecordFlag.NO_TIMESTAMP == 0, None)


def _interface_numbers(run: Run) -> list[Part]:
    """Numbers within the section, where the file tells of interfaces."""
    interfaces = run.batch.interfaces
    values = np.array([one.number or 0 for one in interfaces] or [0], np.uint32)
    rows = run.batch["interface"]
    return [Part(values[rows], _described(run) & ~custom_blocks(run.batch), None)]


def _sections(run: Run) -> list[Part]:
    values = np.array([one.section for one in run.batch.interfaces] or [1], np.uint32)
    rows = run.batch["interface"]
    return [Part(values[rows], _described(run) | custom_blocks(run.batch), None)]


def _described(run: Run) -> Mask:
    known = [one.number is not None for one in run.batch.interfaces] or [False]
    return np.array(known, np.bool_)[run.batch["interface"]]


def _flag(name: str, bit: int) -> tuple[str, Source]:
    return f"tcp.flags.{name}", _Column(_TCP | _COMPLETE, ("tcp_flags",), bit, 1)


def _ipv4_byte(offset: int, width: int = 1, shift: int = 0, mask: int = 0) -> Source:
    return _Bytes(_IPV4, "l3_offset", offset, width, shift, mask)


def _ipv6_byte(offset: int, width: int = 1, shift: int = 0, mask: int = 0) -> Source:
    return _Bytes(_IPV6, "l3_offset", offset, width, shift, mask)


def _tcp_byte(offset: int, width: int = 1, shift: int = 0, mask: int = 0) -> Source:
    return _Bytes(_TCP | _COMPLETE, "l4_offset", offset, width, shift, mask)


def _udp_byte(offset: int, width: int) -> Source:
    return _Bytes(_UDP | _PORTS, "l4_offset", offset, width)


_FLAG_BITS: Final = ("fin", "syn", "reset", "push", "ack", "urg", "ece", "cwr", "ae")

#: Fields that columns know for certain (but for packets a run calls doubtful).
SOURCES: Final[dict[str, Source]] = {
    "frame.number": _frame_number,
    "frame.len": _frame("origlen"),
    "frame.cap_len": _frame("caplen"),
    "frame.time": _absolute_times,
    "frame.time_epoch": _absolute_times,
    "frame.time_relative": _relative_times,
    "frame.time_delta": _deltas,
    "frame.interface_id": _interface_numbers,
    "frame.section_number": _sections,
    "eth.dst": _Ids(_ETHERNET, ("mac_dst",), MacWords),
    "eth.src": _Ids(_ETHERNET, ("mac_src",), MacWords),
    "eth.addr": _Ids(_ETHERNET, ("mac_dst", "mac_src"), MacWords),
    "ip.src": _Column(_IPV4 | _ADDRESSES, ("src",)),
    "ip.dst": _Column(_IPV4 | _ADDRESSES, ("dst",)),
    "ip.addr": _Column(_IPV4 | _ADDRESSES, ("src", "dst")),
    "ip.ttl": _Column(_IPV4 | _ADDRESSES, ("ttl",)),
    "ip.proto": _ipv4_byte(9),
    "ip.version": _joined(_constant(_IPV4, 4), _constant(_IPV6, 6)),
    "ip.hdr_len": _Bytes(_IPV4, "l3_offset", 0, 1, 0, 15, 4),
    "ip.dsfield": _ipv4_byte(1),
    "ip.dsfield.dscp": _ipv4_byte(1, 1, 2),
    "ip.dsfield.ecn": _ipv4_byte(1, 1, 0, 3),
    "ip.id": _ipv4_byte(4, 2),
    "ip.flags": _ipv4_byte(6, 1, 5),
    "ip.flags.rb": _ipv4_byte(6, 1, 7),
    "ip.flags.df": _ipv4_byte(6, 1, 6, 1),
    "ip.flags.mf": _ipv4_byte(6, 1, 5, 1),
    "ip.frag_offset": _ipv4_byte(6, 2, 0, 0x1FFF),
    "ip.checksum": _ipv4_byte(10, 2),
    "ipv6.version": _constant(_IPV6, 6),
    "ipv6.src": _Ids(_IPV6 | _ADDRESSES, ("src",), Ipv6Words),
    "ipv6.dst": _Ids(_IPV6 | _ADDRESSES, ("dst",), Ipv6Words),
    "ipv6.addr": _Ids(_IPV6 | _ADDRESSES, ("src", "dst"), Ipv6Words),
    "ipv6.hlim": _Column(_IPV6 | _ADDRESSES, ("ttl",)),
    "ipv6.tclass": _ipv6_byte(0, 4, 20, 0xFF),
    "ipv6.tclass.dscp": _ipv6_byte(0, 4, 22, 0x3F),
    "ipv6.tclass.ecn": _ipv6_byte(0, 4, 20, 3),
    "ipv6.flow": _ipv6_byte(0, 4, 0, 0xFFFFF),
    "ipv6.plen": _ipv6_byte(4, 2),
    "ipv6.nxt": _ipv6_byte(6),
    "icmp.type": _Column(_ICMP, ("sport",)),
    "icmp.code": _Column(_ICMP, ("dport",)),
    "icmp.checksum": _Bytes(_ICMP, "l4_offset", 2, 2),
    "icmpv6.type": _Column(_ICMPV6, ("sport",)),
    "icmpv6.code": _Column(_ICMPV6, ("dport",)),
    "icmpv6.checksum": _Bytes(_ICMPV6, "l4_offset", 2, 2),
    "tcp.srcport": _Column(_TCP | _PORTS, ("sport",)),
    "tcp.dstport": _Column(_TCP | _PORTS, ("dport",)),
    "tcp.port": _Column(_TCP | _PORTS, ("sport", "dport")),
    "tcp.flags": _Column(_TCP | _COMPLETE, ("tcp_flags",)),
    **dict(_flag(name, bit) for bit, name in enumerate(_FLAG_BITS)),
    "tcp.ack_raw": _Column(_TCP | _COMPLETE, ("ack",)),
    "tcp.window_size_value": _Column(_TCP | _COMPLETE, ("window",)),
    "tcp.hdr_len": _Bytes(_TCP | _COMPLETE, "l4_offset", 12, 1, 4, 0, 4),
    "tcp.checksum": _tcp_byte(16, 2),
    "tcp.urgent_pointer": _tcp_byte(18, 2),
    "udp.srcport": _Column(_UDP | _PORTS, ("sport",)),
    "udp.dstport": _Column(_UDP | _PORTS, ("dport",)),
    "udp.port": _Column(_UDP | _PORTS, ("sport", "dport")),
    "udp.length": _udp_byte(4, 2),
    "udp.checksum": _udp_byte(6, 2),
    "gre.flags_and_version": _Shim(Shim.GRE, 16, 0xFFFF),
    "gre.proto": _Shim(Shim.GRE, 0, 0xFFFF),
    "vxlan.vni": _Shim(Shim.VXLAN, 0, 0xFFFFFF),
    "geneve.vni": _Shim(Shim.GENEVE, 0, 0xFFFFFF),
    "mpls.label": _Shim(Shim.MPLS, 12, 0xFFFFF),
    "mpls.exp": _Shim(Shim.MPLS, 9, 7),
    "mpls.bottom": _Shim(Shim.MPLS, 8, 1),
    "mpls.ttl": _Shim(Shim.MPLS, 0, 0xFF),
}
