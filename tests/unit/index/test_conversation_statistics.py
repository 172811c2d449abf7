"""Conversations and endpoints, as tshark counts them; filtered, growing, cancelled."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from captures import HEAD, TIMEOUT, eventually, indexing, packets
from tshark_statistics import DATA, gather, tshark_conversations, tshark_endpoints

from tunscope.filter.compiled import compile_filter
from tunscope.index.capture import CaptureIndex
from tunscope.index.selection import Selection
from tunscope.index.source import FileSource
from tunscope.index.statistics.conversations import ConversationTally, Kind
from tunscope.index.statistics.endpoints import endpoints_of
from tunscope.index.statistics.gathering import Gathering
from tunscope.index.view import View

NAMES = {
    Kind.ETHERNET: "eth",
    Kind.IPV4: "ip",
    Kind.IPV6: "ipv6",
    Kind.TCP: "tcp",
    Kind.UDP: "udp",
}
CAPTURES = [
    DATA / "browser_tun.pcapng",
    DATA / "browser_tap.pcapng",
    DATA / "captures/libpcap/tests_filter_geneve.pcap",
    DATA / "captures/libpcap/tests_filter_ah-ipip-ping.pcap",
    DATA / "captures/hadrielk/be_difficult_test202.pcapng",
]


def end(index: CaptureIndex, kind: Kind, address: int, port: int, ipv6: bool) -> str:
    if kind is Kind.ETHERNET:
        return index.addresses.mac(int(address)).hex(":")
    text = (
        index.addresses.ipv6_address(int(address)) if ipv6 else ipaddress.IPv4Address(int(address))
    )
    return f"{text}:{port}" if kind.has_ports else str(text)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_they_are_what_tshark_counts(path: Path) -> None:
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = ConversationTally()
        gather(index, tally)
        for kind, name in NAMES.items():
            table = tally.table(kind)
            found = Counter()
            for i in range(len(table)):
                a = end(index, kind, table.address_a[i], table.port_a[i], table.ipv6[i])
                b = end(index, kind, table.address_b[i], table.port_b[i], table.ipv6[i])
                sent, received = table.packets[i].tolist()
                found[frozenset([(a, sent), (b, received)]), sent + received] += 1
            assert found == tshark_conversations(path, name)
            ends = endpoints_of(table)
            assert {
                " ".join(
                    end(index, kind, ends.address[i], ends.port[i], ends.ipv6[i]).rsplit(
                        ":", 1 if kind.has_ports else 0
                    )
                ): (
                    int(ends.packets[i, 0]),
                    int(ends.octets[i, 0]),
                    int(ends.packets[i, 1]),
                    int(ends.octets[i, 1]),
                )
                for i in range(len(ends))
            } == tshark_endpoints(path, name)


def test_the_first_packet_comes_from_end_a_and_times_are_those_of_the_packets() -> None:
    with indexing(FileSource(DATA / "browser_tun.pcapng")) as index:
        assert index.wait(TIMEOUT)
        tally = ConversationTally()
        gather(index, tally)
        table = tally.table(Kind.TCP)
        assert (table.port_b[0], table.stream[0]) == (80, 0)
        rows = np.flatnonzero(index.store["flow"] == index.flows.find(6, 0))
        times = index.store["ts_ns"][rows]
        assert (table.first_ns[0], table.last_ns[0]) == (times.min(), times.max())


def test_a_filter_selects_what_is_counted() -> None:
    with indexing(FileSource(DATA / "browser_tun.pcapng")) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        view.set_filter(compile_filter("tcp.port == 40122 or dns").columns_predicate, near=90)
        tally = ConversationTally()
        gather(index, tally, view.selection)
        assert view.wait(TIMEOUT)
        assert tally.sizes()[Kind.TCP] == 1
        assert int(tally.table(Kind.IPV4).packets.sum()) == len(view)


def test_counting_goes_on_while_the_capture_grows(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 500))
    with indexing(FileSource(path, growing=True)) as index:
        tally = ConversationTally()
        counting = Gathering(Selection(index), tally, lambda: tally.table(Kind.UDP))
        eventually(lambda: index.count == 500)
        counting.start()
        eventually(lambda: counting.result and counting.result.packets.sum() == 500)
        with path.open("ab") as stream:
            stream.write(packets(501, 900))
        eventually(lambda: index.count == 900)
        counting.wake()
        eventually(lambda: counting.result.packets.sum() == 900 and counting.caught_up)
        counting.cancel()


def test_a_cancelled_gathering_stops_and_keeps_its_result(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 9000))
    going_on = threading.Event()

    class Slow:
        seen = 0

        def add(self, batch, rows) -> None:
            self.seen += len(rows)
            if batch.start:
                going_on.wait(TIMEOUT)

    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = Slow()
        counting = Gathering(Selection(index), tally, lambda: tally.seen)
        counting.start()
        eventually(lambda: counting.result)
        counting.cancel()
        going_on.set()
        assert 0 < counting.progress < 1
        assert 0 < counting.result < 9000


def test_what_goes_wrong_is_told_and_ends_it() -> None:
    class Broken:
        def add(self, batch, rows) -> None:
            raise OSError("the file is gone")

    with indexing(FileSource(DATA / "browser_tun.pcapng")) as index:
        assert index.wait(TIMEOUT)
        counting = Gathering(Selection(index), Broken(), lambda: True)
        counting.start()
        eventually(lambda: counting.caught_up)
        assert str(counting.error) == "the file is gone"
