"""The dissector's thread: the latest request wins, and one fault does not end it."""

from __future__ import annotations

import threading

import pytest

import tunscope.dissect
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.tui.dissection import Dissection, Dissector

RECORD = PacketRecord(b"\x45", 0, 1, LinkType.RAW)


def test_a_waiting_request_is_replaced_and_a_fault_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    found: list[Dissection] = []

    def field_tree(record: PacketRecord, learned: object) -> None:
        begun.set()
        go_on.wait(10)
        raise ValueError("a hostile packet")

    monkeypatch.setattr(tunscope.dissect, "field_tree", field_tree, raising=False)
    enough = threading.Event()

    def done(dissection: Dissection) -> None:
        found.append(dissection)
        if len(found) == 2:
            enough.set()

    dissector = Dissector(done)
    dissector.start()
    dissector.request(1, RECORD)
    assert begun.wait(10)
    dissector.request(2, RECORD)
    dissector.request(3, RECORD)
    go_on.set()
    assert enough.wait(10)
    dissector.stop()
    assert [dissection.number for dissection in found] == [1, 3]
    assert all(dissection.root is None for dissection in found)
    assert all("ValueError: a hostile packet" in dissection.note for dissection in found)
