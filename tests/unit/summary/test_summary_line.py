"""Lines of `--print`, summaries with hints, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

import summary_headers as headers
import summary_traffic as traffic
from scapy.layers.inet import TCP
from scapy.layers.l2 import ARP

from tunscope.packet.record import PacketRecord
from tunscope.summary import FlowHints, summarize
from tunscope.summary.conversation import ConversationTracker
from tunscope.summary.line import clock_time, packet_line, relative_time


def test_an_arp_line_of_a_tap_names_both_stations_and_the_ethertype() -> None:
    ask = headers.BROADCAST / ARP(hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2")
    (packet,) = headers.records([ask])
    packet = PacketRecord(packet.data, packet.ts_ns, packet.origlen, 1, flags=2)
    summary = summarize(packet)
    assert summary.mac_source == "02:00:00:00:00:01"
    assert summary.mac_destination == "ff:ff:ff:ff:ff:ff"
    assert summary.ethertype == "0x0806"
    line = packet_line(7, packet, summary, "0.5")
    assert line == (
        "    7 0.5 ↑ 02:00:00:00:00:01 → ff:ff:ff:ff:ff:ff ARP 0x0806 42 "
        "Who has 10.0.0.2? Tell 10.0.0.1"
    )


def test_an_ip_line_shows_addresses_and_no_ethertype() -> None:
    packet = headers.records([headers.E / headers.HERE / TCP(sport=1, dport=40_000)])[0]
    line = packet_line(1, packet, summarize(packet), "0.0")
    assert "10.0.0.1 → 10.0.0.2 TCP 54 1 → 40000 [SYN]" in line


def test_times_keep_nanoseconds() -> None:
    assert relative_time(1_500_000_001, 1_000_000_000) == "0.500000001"
    assert relative_time(999_999_999, 1_000_000_000) == "-0.000000001"
    assert clock_time(1_000_000_123).endswith(".000000123")
    assert clock_time(2**70)


def test_hints_of_a_tracker_give_the_summary_that_the_tracker_gives() -> None:
    for packets in (*traffic.everything(), traffic.tcp_disorder(3)):
        observer, summarizer = ConversationTracker(), ConversationTracker()
        for packet in packets:
            hints = observer.observe(packet)
            expected = summarizer.summarize(packet)
            alone = summarize(packet, hints)
            if expected.protocol == "TCP" and "Continuation" not in expected.info:
                assert alone.info == expected.info


def test_without_hints_numbers_are_shown_as_sent() -> None:
    packet = headers.records(
        [headers.E / headers.HERE / TCP(sport=1, dport=40_000, seq=7_000, ack=9, flags="A")]
    )[0]
    assert "Seq=7000 Ack=9" in summarize(packet).info
    hints = FlowHints(sequence_base=6_999, acknowledgment_base=8, window_shift=2)
    assert "Seq=1 Ack=1 Win=32768" in summarize(packet, hints).info


def test_the_room_imports_no_heavy_package() -> None:
    heavy = "{'numpy', 'scapy', 'textual', 'pyroute2'}"
    code = f"import sys, tunscope.summary, tunscope.summary.line; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
