"""Indexing makes way for a person at the keys, and ends all the same."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from captures import eventually

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.writer import open_writer
from tunscope.index.capture import CaptureIndex
from tunscope.index.giving_way import GivingWay
from tunscope.index.indexing import Indexer, Step
from tunscope.index.source import FileSource
from tunscope.index.tables import Tables
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord


def worked(keys_a_second: float, seconds: float = 10.0, piece: float = 0.005) -> float:
    """Return the share of the time in which pieces of work get done between keys."""
    way, now, done, next_key = GivingWay(), 100.0, 0.0, 100.0
    while now < 100.0 + seconds:
        if now >= next_key:
            way.ask(now)
            next_key += 1 / keys_a_second
        pause = way.pause(now)
        now += pause + piece
        done += piece
    return done / seconds


def test_work_that_nobody_waits_for_does_not_rest() -> None:
    assert GivingWay().pause(100.0) == 0


def test_a_key_finds_the_work_at_rest_until_it_is_answered() -> None:
    way = GivingWay()
    way.ask(100.0)
    assert way.pause(100.01) == pytest.approx(0.02)
    assert way.pause(100.031) == 0


def test_keys_that_never_end_leave_the_work_half_of_the_time() -> None:
    assert worked(keys_a_second=200) >= 0.45
    assert worked(keys_a_second=5) >= 0.8


def test_pieces_are_small_as_long_as_keys_are_to_be_expected() -> None:
    way = GivingWay()
    whole = way.piece(100.0)
    way.ask(100.0)
    assert way.piece(100.4) < whole
    assert way.piece(101.0) == whole


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture in which a packet of 200 KB stands among small ones."""
    path = tmp_path_factory.mktemp("giving_way") / "large.pcapng"
    with open_writer(path, [InterfaceDescription(LinkType.RAW, 262144)]) as writer:
        for number in range(3000):
            data = bytes(200_000 if number == 1500 else 60)
            writer.write(PacketRecord(data, number, len(data), LinkType.RAW))
    return path


@pytest.mark.parametrize("most", [1000, 4096, 150_000])
def test_pieces_smaller_than_a_packet_take_everything_in(capture: Path, most: int) -> None:
    tables = Tables()
    indexer = Indexer(FileSource(capture), tables)
    for _ in range(2 * capture.stat().st_size // most + 10):
        if indexer.step(most) is Step.DONE:
            break
    assert indexer.error is None
    assert not tables.contents.warnings
    assert tables.packets.count == 3000
    assert int(tables.packets["caplen"][1500]) == 200_000


def test_a_capture_is_taken_in_whole_while_keys_are_pressed(capture: Path) -> None:
    index = CaptureIndex(FileSource(capture))
    ended = threading.Event()

    def press() -> None:
        while not ended.wait(0.002):
            index.give_way()

    presser = threading.Thread(target=press)
    presser.start()
    try:
        index.start()
        assert index.wait(20)
        assert index.count == 3000
    finally:
        ended.set()
        presser.join()
        index.stop()


def test_indexing_can_be_nicer_than_the_rest_of_the_process(capture: Path) -> None:
    index = CaptureIndex(FileSource(capture, growing=True))
    own = os.getpriority(os.PRIO_PROCESS, 0)
    index.start(nice=5)
    try:
        eventually(lambda: index.count == 3000)
        names = {thread.name: thread.native_id or 0 for thread in threading.enumerate()}
        assert os.getpriority(os.PRIO_PROCESS, names["tunscope-index"]) == min(own + 5, 19)
        assert os.getpriority(os.PRIO_PROCESS, 0) == own
    finally:
        index.stop()
