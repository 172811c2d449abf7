"""Payloads that are random, cut or changed end neither in a traceback nor in a long wait."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tunscope.capfile.reader import open_capture
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.deep.applications import __all__ as applications
from tunscope.filter.deep.decode import decode_payloads
from tunscope.filter.dissect import FrameContext, dissect
from tunscope.filter.layers.dissection import Dissection, Network, Octets, Payload
from tunscope.packet.record import PacketRecord

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
PORTS = {
    "tcp": (53, 80, 443, 22, 1194, 40000),
    "udp": (53, 5353, 5355, 67, 68, 546, 547, 123, 137, 138, 443, 1194, 1900, 51820),
}


@cache
def records() -> tuple[PacketRecord, ...]:
    found: list[PacketRecord] = []
    for path in sorted((CAPTURES / "applications").glob("*.pcap*")):
        with open_capture(str(path)) as capture:
            found.extend(record for record in capture if record.caplen > 60)
    return tuple(found)


@seed(4017)
@settings(max_examples=400, deadline=None, database=None)
@given(st.data())
def test_changed_packets_are_dissected(data: st.DataObject) -> None:
    known = records()
    tracker = ConversationTracker()
    for number in range(1, 4):
        record = data.draw(st.sampled_from(known))
        octets = bytearray(record.data)
        for _ in range(data.draw(st.integers(0, 4))):
            octets[data.draw(st.integers(14, len(octets) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(20, len(octets)))
        changed = dataclasses.replace(record, data=bytes(octets[:cut]))
        dissect(changed, context=FrameContext(number, 0, 0), conversations=tracker)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@seed(4018)
@settings(max_examples=300, deadline=None, database=None)
@given(
    first=st.sampled_from((0, 1, 2, 4, 16, 17, 20, 22, 23, 64, 0xC0, 0xC3, 0xFF)),
    rest=st.binary(max_size=300),
    port=st.integers(0, 100),
    missing=st.integers(0, 50),
)
def test_random_payloads_are_decoded(
    transport: str, first: int, rest: bytes, port: int, missing: int
) -> None:
    ports = PORTS[transport]
    data = bytes((first,)) + rest
    record = records()[0]
    dissection = Dissection(record, frozenset(applications) | {"tls", "dns", "http"})
    network = Network(4, bytes(4), bytes((1, 2, 3, 4)), 17)
    octets = Octets(data, len(data) + missing)
    dissection.payloads.append(Payload(transport, 50000, ports[port % len(ports)], octets, network))
    decode_payloads(dissection)
