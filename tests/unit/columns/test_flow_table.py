"""Conversations: endpoints, streams, bases, in one run of packets or many."""

from __future__ import annotations

import column_samples
import numpy as np
import pytest
from walked import MemorySource

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.columns.flows import TCP, UDP
from tunscope.columns.layout import Layer
from tunscope.index.indexing import Indexer, Step
from tunscope.index.reading import PacketReader
from tunscope.index.store import ColumnStore
from tunscope.index.tables import Tables


def source_of(frames: list[bytes]) -> MemorySource:
    records = column_samples.records([(1, frame, len(frame)) for frame in frames])
    data = section_header("test") + interface_description(InterfaceDescription(1))
    return MemorySource(data + b"".join(map(enhanced_packet, records)))


def indexed(frames: list[bytes], chunk: int = 1 << 20) -> Tables:
    tables = Tables()
    indexer = Indexer(source_of(frames), tables, chunk)
    while indexer.step() is not Step.DONE:
        pass
    return tables


def resolved(tables: Tables, store: ColumnStore, name: str) -> list[int]:
    """A column with addresses in place of their ids, which depend on the pieces."""
    if name.startswith("mac_"):
        return [int(tables.addresses.macs[number]) for number in store[name].tolist()]
    if name not in ("src", "dst"):
        return store[name].tolist()
    six = store["layers"] & np.uint32(Layer.IPV6) != 0
    return [
        int(tables.addresses.ipv6_address(number)) if v6 else number
        for number, v6 in zip(store[name].tolist(), six.tolist(), strict=True)
    ]


def test_the_pieces_a_capture_is_read_in_do_not_matter() -> None:
    frames = column_samples.tcp_streams() * 2
    frames += [bytes(packet) for packet in column_samples.ethernet_packets().values()]
    whole, pieces = indexed(frames), indexed(frames, chunk=256)
    tables = zip((whole.packets, *whole.inner), (pieces.packets, *pieces.inner), strict=True)
    for one, other in tables:
        for name in one.names:
            assert resolved(whole, one, name) == resolved(pieces, other, name), name
    for name in whole.shims.names:
        assert np.array_equal(whole.shims[name], pieces.shims[name]), name
    assert np.array_equal(whole.flows.streams, pieces.flows.streams)


def test_when_somebody_asks_does_not_matter() -> None:
    frames = column_samples.tcp_streams() * 2
    frames += [bytes(packet) for packet in column_samples.ethernet_packets().values()]
    at_last = indexed(frames, chunk=512)
    asked = Tables()
    indexer = Indexer(source_of(frames), asked, 512)
    count = 0
    while indexer.step() is not Step.DONE:
        assert asked.flows.count >= count
        count = asked.flows.count
    batch = at_last.batch(0, at_last.packets.count, PacketReader(source_of(frames), at_last))
    for level, table in zip(batch.levels, (asked.packets, *asked.inner), strict=True):
        assert level["flow"].tolist() == table["flow"].tolist()
    assert at_last.flows.count == count > 5
    assert np.array_equal(at_last.flows.streams, asked.flows.streams)


def test_packets_that_nobody_asked_about_count_when_they_are_gone() -> None:
    frames = column_samples.tcp_streams()
    tables = indexed(frames)
    tables.discard(len(frames))
    assert tables.flows.count == indexed(frames).flows.count > 5


def test_a_flow_knows_its_endpoints() -> None:
    packets = column_samples.ethernet_packets()
    flows = indexed([bytes(packets["udp over ipv6"]), bytes(packets["tcp"])]).flows
    first, second = flows.flow(1), flows.flow(2)
    assert (first.protocol, first.ipv6, first.stream, first.first) == (UDP, True, 0, 0)
    assert (second.protocol, second.ipv6, second.stream, second.first) == (TCP, False, 0, 1)
    assert (second.address_a, second.port_a) == (0x0A000001, 40000)
    assert (second.address_b, second.port_b) == (0x0A000002, 80)
    assert flows.protocols.tolist() == [0, UDP, TCP]
    assert (flows.find(TCP, 0), flows.find(UDP, 0), flows.find(TCP, 1)) == (2, 1, 0)
    with pytest.raises(IndexError):
        flows.flow(3)


def test_a_late_answer_corrects_its_sides_base_from_there_on() -> None:
    segment = column_samples.V4 / column_samples.TCP(sport=1, dport=2, flags="A", seq=11, ack=501)
    answer = column_samples.IP(src="10.0.0.2", dst="10.0.0.1") / column_samples.TCP(
        sport=2, dport=1, flags="SA", seq=900, ack=11
    )
    data = answer.copy()
    data[column_samples.TCP].flags = "A"
    frames = [bytes(column_samples.ETHERNET / packet) for packet in (segment, data, answer, data)]
    tables = indexed(frames)
    side_b = np.array([True, True, True])
    bases = tables.flows.sequence_bases(np.ones(3, np.uint32), side_b, np.array([1, 2, 3]))
    assert bases.tolist() == [500, 900, 900]
