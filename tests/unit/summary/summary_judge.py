"""tshark as the judge of summaries: the same packets, column by column."""

from __future__ import annotations

import os
import struct
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunscope.packet.record import PacketRecord
from tunscope.summary.conversation import ConversationTracker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: A fair comparison: no names, and nothing that needs several packets put together.
OPTIONS = (
    "-n",
    "-o",
    "ip.defragment:FALSE",
    "-o",
    "ipv6.defragment:FALSE",
    "-o",
    "tcp.desegment_tcp_streams:FALSE",
)
COLUMNS = ("Source", "Destination", "Protocol", "Info")
ETHERNET = 1


def record(
    data: bytes, ts_ns: int = 0, linktype: int = ETHERNET, snaplen: int | None = None
) -> PacketRecord:
    return PacketRecord(data[:snaplen], ts_ns, len(data), linktype)


def cut(records: Iterable[PacketRecord], lengths: Iterable[int]) -> list[PacketRecord]:
    """Return every packet as captured with each of the snapshot lengths."""
    packets = list(records)
    return [
        PacketRecord(packet.data[:length], packet.ts_ns, packet.origlen, packet.linktype)
        for length in lengths
        for packet in packets
    ]


def write_capture(path: Path, records: Sequence[PacketRecord]) -> None:
    """Write a nanosecond pcap by hand, so that no code under test is needed to make it."""
    linktype = records[0].linktype
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype))
        for packet in records:
            assert packet.linktype == linktype
            seconds, nanoseconds = divmod(packet.ts_ns, 10**9)
            size = len(packet.data)
            stream.write(struct.pack("<IIII", seconds, nanoseconds, size, packet.origlen))
            stream.write(packet.data)


def tshark_columns(path: Path) -> list[list[str]]:
    """Return the columns of each packet that tshark reads, also of a file it then rejects."""
    command = ["tshark", *OPTIONS, "-r", str(path), "-T", "fields", "-E", "separator=\x01"]
    for column in COLUMNS:
        command += ["-e", f"_ws.col.{column}"]
    done = subprocess.run(command, capture_output=True, check=False)
    lines = done.stdout.decode("utf-8", "replace").split("\n")
    return [line.split("\x01") for line in lines if line]


@dataclass
class Agreement:
    """How many packets agree with the judge, by the judge's Protocol column."""

    packets: Counter[str] = field(default_factory=Counter)
    protocols: Counter[str] = field(default_factory=Counter)
    infos: Counter[str] = field(default_factory=Counter)
    addresses: int = 0
    differences: list[str] = field(default_factory=list)

    def judge(self, name: str, records: Sequence[PacketRecord], columns: list[list[str]]) -> None:
        """Compare the summaries of `records` with what tshark says of the same packets."""
        assert len(columns) == len(records), f"{name}: tshark sees another number of packets"
        tracker = ConversationTracker()
        for number, (packet, expected) in enumerate(zip(records, columns, strict=True), 1):
            summary = tracker.summarize(packet)
            source, destination, protocol, info = expected
            self.packets[protocol] += 1
            self.protocols[protocol] += summary.protocol == protocol
            self.infos[protocol] += summary.info == info
            self.addresses += (summary.source, summary.destination) == (source, destination)
            if (summary.protocol, summary.info) != (protocol, info):
                self.differences.append(
                    f"{name} {number}: {protocol}|{info}| and not "
                    f"{summary.protocol}|{summary.info}|"
                )

    def judge_packets(self, name: str, records: Sequence[PacketRecord], folder: Path) -> None:
        path = folder / f"{name}.pcap"
        write_capture(path, records)
        self.judge(name, records, tshark_columns(path))

    def share(self, counts: Counter[str], protocols: Iterable[str] = ()) -> float:
        """Return which part of the packets, of `protocols` only if given, agrees."""
        wanted = set(protocols) or set(self.packets)
        total = sum(self.packets[name] for name in wanted)
        return sum(counts[name] for name in wanted) / total if total else 1.0

    def table(self) -> str:
        total = sum(self.packets.values())
        lines = [f"{'protocol':24}{'packets':>9}{'protocol':>10}{'info':>8}"]
        for name, count in self.packets.most_common():
            lines.append(f"{name:24}{count:9}{self.protocols[name]:10}{self.infos[name]:8}")
        lines.append(
            f"{'all':24}{total:9}{sum(self.protocols.values()):10}{sum(self.infos.values()):8}"
        )
        shown = int(os.environ.get("SUMMARY_DIFFERENCES", "0"))
        return "\n".join(lines + self.differences[:shown])

    def require(self, protocol: float, info: float, addresses: float = 0.98) -> None:
        """Print the table, and fail if less agrees than these shares."""
        print(f"\n{self.table()}")
        total = sum(self.packets.values())
        few = "\n".join(self.differences[:20])
        assert self.share(self.protocols) >= protocol, few
        assert self.share(self.infos) >= info, few
        assert self.addresses >= addresses * total, few
