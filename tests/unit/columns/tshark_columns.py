"""What tshark says of a capture's header fields, and the same said by columns."""

from __future__ import annotations

import ipaddress
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tunscope.columns.batch import ColumnBatch
from tunscope.columns.layout import Layer, RecordFlag, Shim

Values = dict[str, list[str]]
Row = dict[str, int]

#: No name look-ups, and nothing that needs several packets.
OPTIONS = (
    "-n",
    "-o",
    "ip.defragment:FALSE",
    "-o",
    "ipv6.defragment:FALSE",
    "-o",
    "tcp.desegment_tcp_streams:FALSE",
)
UNHEARD = Layer.QUOTED | Layer.FRAGMENT | Layer.MALFORMED


class Header:
    """One level's row of a packet, with what its ids mean."""

    def __init__(self, row: Row, packet: int, batch: ColumnBatch) -> None:
        self.row = row
        self.packet = packet
        self.batch = batch
        self.caplen = int(batch["caplen"][packet - batch.start])

    def captured(self, offset: str, count: int) -> bool:
        """Whether `count` bytes of a header were captured."""
        return self.caplen - self.row[offset] >= count

    def has(self, layers: Layer) -> bool:
        return self.row["layers"] & layers == layers

    def any(self, layers: Layer) -> bool:
        return bool(self.row["layers"] & layers)

    def mac(self, name: str) -> list[str]:
        if not self.has(Layer.ETHERNET) or not self.row[name]:
            return []
        return [self.batch.addresses.mac(self.row[name]).hex(":")]

    def address(self, layer: Layer, name: str) -> list[str]:
        six = self.has(Layer.IPV6)
        if not self.has(layer) or six != (layer == Layer.IPV6):
            return []
        if not self.has(Layer.ADDRESSES):
            ends = 24 if six else 16
            if not self.has(Layer.CUT) or name == "dst" or not self.captured("l3_offset", ends):
                return []
        value = self.row[name]
        if six:
            return [str(self.batch.addresses.ipv6_address(value))]
        return [str(ipaddress.IPv4Address(value))]

    def ethertype(self) -> list[str]:
        if not self.has(Layer.ETHERNET) or not self.row["ethertype"]:
            return []
        return [f"0x{self.row['ethertype']:04x}"]

    def hops(self, layer: Layer) -> list[str]:
        if not self.has(layer) or self.has(Layer.IPV6) != (layer == Layer.IPV6):
            return []
        cut = self.has(Layer.CUT) and self.captured("l3_offset", 8 if layer == Layer.IPV6 else 9)
        return [str(self.row["ttl"])] if self.has(Layer.ADDRESSES) or cut else []

    def message(self, layer: Layer, name: str, least: int) -> list[str]:
        return self.when(layer, name) if self.captured("l4_offset", least) else []

    def when(self, layers: Layer, name: str, form: str = "d") -> list[str]:
        prefix = "0x" if form.endswith("x") else ""
        return [f"{prefix}{self.row[name]:{form}}"] if self.has(layers) else []

    def stream(self, layer: Layer) -> list[str]:
        if not self.row["flow"] or not self.has(layer):
            return []
        return [str(self.batch.flows.streams[self.row["flow"]])]

    def tcp_len(self) -> list[str]:
        return [] if self.any(UNHEARD) else self.when(Layer.TCP_SEQUENCE, "payload_len")

    def relative_seq(self) -> list[str]:
        if not self.has(Layer.TCP_SEQUENCE):
            return []
        if self.any(UNHEARD):
            return [str(self.row["seq"])]
        (base,) = self.batch.flows.sequence_bases(
            np.array([self.row["flow"]], np.uint32),
            np.array([self.has(Layer.REVERSE)]),
            np.array([self.packet]),
        ).tolist()
        return [str((self.row["seq"] - base) % (1 << 32))]

    def raw_seq(self) -> list[str]:
        return [] if self.any(Layer.ICMP_QUOTE) else self.when(Layer.TCP_SEQUENCE, "seq")


FIELDS: dict[str, Callable[[Header], list[str]]] = {
    "eth.src": lambda h: h.mac("mac_src"),
    "eth.dst": lambda h: h.mac("mac_dst"),
    "eth.type": lambda h: h.ethertype(),
    "ip.src": lambda h: h.address(Layer.IPV4, "src"),
    "ip.dst": lambda h: h.address(Layer.IPV4, "dst"),
    "ip.ttl": lambda h: h.hops(Layer.IPV4),
    "ipv6.src": lambda h: h.address(Layer.IPV6, "src"),
    "ipv6.dst": lambda h: h.address(Layer.IPV6, "dst"),
    "ipv6.hlim": lambda h: h.hops(Layer.IPV6),
    "arp.opcode": lambda h: h.when(Layer.ARP, "sport") if h.captured("l3_offset", 8) else [],
    "icmp.type": lambda h: h.message(Layer.ICMP, "sport", 6),
    "icmp.code": lambda h: h.message(Layer.ICMP, "dport", 6),
    "icmpv6.type": lambda h: h.message(Layer.ICMPV6, "sport", 1),
    "icmpv6.code": lambda h: h.message(Layer.ICMPV6, "dport", 2),
    "tcp.srcport": lambda h: h.when(Layer.TCP | Layer.PORTS, "sport"),
    "tcp.dstport": lambda h: h.when(Layer.TCP | Layer.PORTS, "dport"),
    "tcp.stream": lambda h: h.stream(Layer.TCP),
    "tcp.seq": lambda h: h.relative_seq(),
    "tcp.seq_raw": lambda h: h.raw_seq(),
    "tcp.ack_raw": lambda h: h.when(Layer.TCP_COMPLETE, "ack"),
    "tcp.flags": lambda h: h.when(Layer.TCP_COMPLETE, "tcp_flags", "04x"),
    "tcp.window_size_value": lambda h: h.when(Layer.TCP_COMPLETE, "window"),
    "tcp.len": lambda h: h.tcp_len(),
    "udp.srcport": lambda h: h.when(Layer.UDP | Layer.PORTS, "sport"),
    "udp.dstport": lambda h: h.when(Layer.UDP | Layer.PORTS, "dport"),
    "udp.stream": lambda h: h.stream(Layer.UDP),
    "sctp.srcport": lambda h: h.when(Layer.SCTP | Layer.PORTS, "sport"),
    "sctp.dstport": lambda h: h.when(Layer.SCTP | Layer.PORTS, "dport"),
}
SHIMS: dict[str, tuple[Shim, Callable[[int], str]]] = {
    "vlan.id": (Shim.VLAN, lambda value: str(value >> 16 & 0xFFF)),
    "ieee8021ad.id": (Shim.SERVICE_VLAN, lambda value: str(value >> 16 & 0xFFF)),
    "mpls.label": (Shim.MPLS, lambda value: str(value >> 12)),
    "pppoe.session_id": (Shim.PPPOE, lambda value: f"0x{value >> 16:04x}"),
    "gre.proto": (Shim.GRE, lambda value: f"0x{value & 0xFFFF:04x}"),
    "vxlan.vni": (Shim.VXLAN, str),
    "geneve.vni": (Shim.GENEVE, lambda value: f"0x{value:06x}"),
    "ipv6.fraghdr.nxt": (Shim.FRAGMENT, lambda value: str(value >> 24)),
    "ipv6.routing.type": (Shim.ROUTING, lambda value: str(value & 0xFF)),
}
FRAME = ("frame.len", "frame.cap_len", "frame.interface_id", "frame.time_epoch")
ALL = (*FIELDS, *SHIMS, *FRAME)


def tshark_values(path: Path) -> list[Values]:
    """Return the values of all fields for every packet, outer before inner."""
    names = [argument for name in ALL for argument in ("-e", name)]
    separators = ["-E", "occurrence=a", "-E", "separator=;"]
    run = subprocess.run(
        ["tshark", *OPTIONS, "-r", path, "-T", "fields", *separators, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [
        {
            name: value.split(",") if value else []
            for name, value in zip(ALL, line.split(";"), strict=True)
        }
        for line in run.stdout.splitlines()
    ]


def column_values(batch: ColumnBatch, *, pcapng: bool = True) -> list[Values]:
    """Return what the columns say, in the same words."""
    packets: list[Values] = [{name: [] for name in ALL} for _ in range(batch.count)]
    for level in batch.levels:
        columns = {name: column.tolist() for name, column in level.columns.items()}
        for i, packet in enumerate(level.rows.tolist()):
            row = {name: column[i] for name, column in columns.items()}
            header = Header(row, batch.start + packet, batch)
            for name, values in FIELDS.items():
                packets[packet][name] += values(header)
    shims = batch.shims
    for packet, kind, value in zip(
        shims.rows.tolist(), shims.kind.tolist(), shims.value.tolist(), strict=True
    ):
        for name, (wanted, text) in SHIMS.items():
            if kind == wanted:
                packets[packet][name].append(text(value))
    for i, packet in enumerate(packets):
        packet["frame.len"] = [str(batch["origlen"][i])]
        packet["frame.cap_len"] = [str(batch["caplen"][i])]
        flags = int(batch["flags"][i])
        if pcapng and flags & RecordFlag.CUSTOM_BLOCK != RecordFlag.CUSTOM_BLOCK:
            number = batch.interface_numbers[int(batch["interface"][i])]
            packet["frame.interface_id"] = [str(number)]
        if not flags & RecordFlag.NO_TIMESTAMP:
            seconds, rest = divmod(int(batch["ts_ns"][i]), 10**9)
            packet["frame.time_epoch"] = [f"{seconds}.{rest:09d}"]
    return packets


def differences(path: Path, batch: ColumnBatch) -> list[str]:
    """Return one line for every packet and field that tshark and the columns see differently."""
    with path.open("rb") as file:
        pcapng = file.read(4) == b"\n\r\r\n"
    expected, found = tshark_values(path), column_values(batch, pcapng=pcapng)
    lines = []
    if len(expected) != len(found):
        lines.append(f"{len(found)} packets, tshark sees {len(expected)}")
    for number, (theirs, ours) in enumerate(zip(expected, found, strict=False), 1):
        lines += [
            f"#{number} {name}: {ours[name]}, tshark: {theirs[name]}"
            for name in ALL
            if ours[name] != theirs[name]
        ]
    return lines


def summary(lines: list[str]) -> str:
    """Return the differences in a form to read."""
    fields = Counter(line.split()[1] for line in lines if line.startswith("#"))
    return "\n".join([*lines[:40], str(dict(fields))])


def by_packet(lines: list[str]) -> dict[int, list[str]]:
    """Return the lines of `differences` by packet number."""
    found: dict[int, list[str]] = defaultdict(list)
    for line in lines:
        if line.startswith("#"):
            found[int(line[1:].split()[0])].append(line)
    return found
