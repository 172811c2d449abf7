"""Packets and bytes an interval, as tshark's io,stat counts them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from captures import HEAD, TIMEOUT, indexing, packets
from tshark_statistics import DATA, gather, tshark

from tunscope.filter.compiled import compile_filter
from tunscope.index.filtering import FilterRun
from tunscope.index.selection import Selection
from tunscope.index.source import FileSource
from tunscope.index.statistics.io_series import NO_ROW, IoTally, Window
from tunscope.index.statistics.time_span import TimeSpan


def tshark_series(path: Path, interval: str, display_filter: str) -> list[tuple[int, int]]:
    """Return packets and bytes of every interval."""
    text = tshark(path, f"io,stat,{interval},{display_filter}")
    rows = re.findall(r"^\|\s*[\d.]+\s*<>\s*[\w.]+\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|$", text, re.M)
    return [(int(frames), int(octets)) for frames, octets in rows]


@pytest.mark.parametrize("display_filter", ["frame", "tcp", "icmp or dns"])
@pytest.mark.parametrize(("interval", "interval_ns"), [("0.1", 10**8), ("0.5", 5 * 10**8)])
def test_they_are_what_tshark_counts(display_filter: str, interval: str, interval_ns: int) -> None:
    path = DATA / "browser_tap.pcapng"
    wanted = tshark_series(path, interval, display_filter)
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        span = TimeSpan(index)
        assert not span.update()
        assert span.origin is not None
        run = FilterRun(index, compile_filter(display_filter).columns_predicate, 0)
        tally = IoTally(Window(span.origin, interval_ns, len(wanted)))
        gather(index, tally, Selection(index, run))
        counts = tally.counts()
        found = list(zip(counts.packets.tolist(), counts.octets.tolist(), strict=True))
        assert found == wanted
        assert len(wanted) >= 5
        run.cancel()


def test_the_first_packet_of_an_interval_is_known_and_others_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 100, size=60))
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        # packet n has time n microseconds; intervals of 10 from 20 on
        tally = IoTally(Window(20_000, 10_000, 3))
        gather(index, tally)
        counts = tally.counts()
        assert counts.packets.tolist() == [10, 10, 10]
        assert counts.octets.tolist() == [600, 600, 600]
        assert counts.first.tolist() == [19, 29, 39]
        tally = IoTally(Window(95_000, 10_000, 2))
        gather(index, tally)
        assert tally.counts().packets.tolist() == [6, 0]
        assert tally.counts().first.tolist() == [94, NO_ROW]


def test_the_span_is_that_of_all_packets_with_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(50, 60) + packets(10, 20) + packets(70, 80))
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        span = TimeSpan(index)
        span.update()
        assert (span.origin, span.earliest, span.latest) == (50_000, 10_000, 80_000)
