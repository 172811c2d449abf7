"""The protocol hierarchy, as tshark's io,phs counts it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from captures import HEAD, TIMEOUT, indexing, packets
from tshark_statistics import DATA, PLAIN, gather, tshark

from tunscope.columns.batch import ColumnBatch, Rows
from tunscope.filter.compiled import compile_filter
from tunscope.index.source import FileSource
from tunscope.index.statistics.hierarchy import BEYOND, HierarchyTally
from tunscope.index.view import View

CAPTURES = [
    DATA / "browser_tap.pcapng",
    DATA / "captures/libpcap/tests_filter_geneve.pcap",
    DATA / "captures/libpcap/tests_filter_ah-ipip-ping.pcap",
    DATA / "captures/scapy/test_pcaps_netflowv9.pcap",
]
Counted = dict[tuple[str, ...], tuple[int, int]]


def counted_by_tshark(path: Path, display_filter: str = "") -> Counted:
    found: Counted = {}
    above: list[str] = []
    statistic = f"io,phs,{display_filter}" if display_filter else "io,phs"
    for line in tshark(path, statistic, *PLAIN).splitlines():
        match = re.match(r"^( *)(\S+)\s+frames:(\d+) bytes:(\d+)$", line)
        if match:
            above = [*above[: len(match[1]) // 2], match[2]]
            found[tuple(above)] = (int(match[3]), int(match[4]))
    return found


def counted(tally: HierarchyTally) -> Counted:
    return {
        _as_tshark(node.path): (node.packets, node.octets)
        for node in tally.tree().walk()
        if node.path
    }


def _as_tshark(path: tuple[str, ...]) -> tuple[str, ...]:
    """Here a payload nobody reads has the name of its port; tshark's own reader of it gives up."""
    return tuple("data" if name == "tplink-smarthome" else name for name in path)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_it_is_what_tshark_counts(path: Path) -> None:
    wanted = counted_by_tshark(path)
    # tshark reads on in HTTP bodies, which are no protocol here
    wanted = {key: value for key, value in wanted.items() if key[-1] != "data-text-lines"}
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = HierarchyTally()
        gather(index, tally)
        found = {k: v for k, v in counted(tally).items() if k[-1] != "data-text-lines"}
    assert found == wanted
    assert wanted


def test_columns_tell_the_same_as_each_packet_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_is_plain(
        self: HierarchyTally, batch: ColumnBatch, rows: Rows
    ) -> npt.NDArray[np.bool_]:
        return np.zeros(len(rows), np.bool_)

    captures = sorted((DATA / "captures").rglob("*.pcap"))
    assert len(captures) > 20
    for path in captures:
        with indexing(FileSource(path)) as index:
            assert index.wait(TIMEOUT)
            by_columns, by_packets = HierarchyTally(), HierarchyTally()
            gather(index, by_columns)
            with monkeypatch.context() as patch:
                patch.setattr(HierarchyTally, "_is_plain", nothing_is_plain)
                gather(index, by_packets)
            assert counted(by_columns) == counted(by_packets), path.name


def test_a_filter_selects_what_is_counted() -> None:
    path = DATA / "browser_tap.pcapng"
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        view.set_filter(compile_filter("dns or arp").columns_predicate)
        assert view.wait(TIMEOUT)
        tally = HierarchyTally()
        gather(index, tally, view.selection)
        assert counted(tally) == counted_by_tshark(path, "dns or arp")


def test_the_larger_come_first_and_ends_add_up() -> None:
    with indexing(FileSource(DATA / "browser_tap.pcapng")) as index:
        assert index.wait(TIMEOUT)
        tally = HierarchyTally()
        gather(index, tally)
        root = tally.tree()
        assert sum(node.ending for node in root.walk()) == root.packets == index.count
        for node in root.walk():
            sizes = [child.packets for child in node.children]
            assert sizes == sorted(sizes, reverse=True)
            assert node.ending + sum(sizes) == node.packets


def test_hostile_variety_is_counted_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunscope.index.statistics.hierarchy.MOST_PATHS", 1)
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 5, port=53) + packets(6, 9, port=40000))
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = HierarchyTally()
        gather(index, tally)
        found = counted(tally)
        assert found["raw", "ip", "udp", "dns"][0] == 5
        assert found["raw", "ip", BEYOND][0] == 4
