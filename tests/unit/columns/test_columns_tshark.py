"""Every header column against tshark, field by field, packet by packet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import column_samples
import pytest
from tshark_columns import differences, summary

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source
from tunscope.packet.linktype import LinkType

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
#: tshark unpacks IPComp; link types we do not decode.
NOT_COMPARED = {
    "tests_filter_AH-IPcomp-IPv4.pcap",
    "tests_filter_AH-IPcomp-IPv6.pcap",
    "tests_filter_arcnet-rfc1051-arp-icmp-http.pcap",
    "tests_filter_arcnet-rfc1201-arp-icmp-http.pcap",
    "tests_filter_brcm-tag-stp.pcap",
    "tests_filter_brcm-tag.pcap",
    "tests_filter_dsa.pcap",
    "tests_filter_http_PPI.pcap",
}

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is the judge")


def compared(path: Path) -> list[str]:
    index = CaptureIndex(open_source(path))
    index.start()
    try:
        assert index.wait(60)
        return differences(path, index.batch(0, index.count))
    finally:
        index.stop()


def written(path: Path, packets: Sequence[tuple[int, bytes, int]]) -> Path:
    records = column_samples.records(list(packets))
    linktypes = dict.fromkeys(linktype for linktype, _, _ in packets)
    with path.open("wb") as file:
        writer = PcapngWriter(file, [InterfaceDescription(linktype) for linktype in linktypes])
        for record in records:
            writer.write(record)
        writer.close()
    return path


def test_every_kind_of_frame(tmp_path: Path) -> None:
    frames = [bytes(packet) for packet in column_samples.ethernet_packets().values()]
    path = written(tmp_path / "x.pcapng", [(LinkType.ETHERNET, f, len(f)) for f in frames])
    lines = compared(path)
    assert not lines, summary(lines)


def test_every_link_type(tmp_path: Path) -> None:
    packets = [(linktype, data, len(data)) for linktype, data in column_samples.other_links()]
    lines = compared(written(tmp_path / "x.pcapng", packets))
    assert not lines, summary(lines)


def test_streams_are_numbered_alike(tmp_path: Path) -> None:
    frames = column_samples.tcp_streams()
    path = written(tmp_path / "x.pcapng", [(LinkType.ETHERNET, f, len(f)) for f in frames])
    lines = compared(path)
    assert not lines, summary(lines)


def test_frames_cut_short_at_every_length(tmp_path: Path) -> None:
    packets = [
        (LinkType.ETHERNET, bytes(packet)[:length], len(bytes(packet)))
        for packet in column_samples.ethernet_packets().values()
        for length in range(min(len(bytes(packet)), 140))
    ]
    assert len(packets) > 6000
    lines = compared(written(tmp_path / "x.pcapng", packets))
    assert not lines, summary(lines)


def test_other_link_types_cut_short_at_every_length(tmp_path: Path) -> None:
    packets = [
        (linktype, data[:length], len(data))
        for linktype, data in column_samples.other_links()
        for length in range(len(data))
    ]
    lines = compared(written(tmp_path / "x.pcapng", packets))
    assert not lines, summary(lines)


def sample_captures() -> list[Path]:
    return [
        path
        for path in sorted(CAPTURES.rglob("*"))
        if path.is_file() and path.suffix not in {"", ".md"} and path.name not in NOT_COMPARED
    ]


@pytest.mark.parametrize("path", sample_captures(), ids=lambda path: path.name)
def test_sample_captures(path: Path) -> None:
    lines = compared(path)
    assert not lines, summary(lines)
