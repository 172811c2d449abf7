"""The player: order, passes, limits, refusals."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunscope.errors import UsageError
from tunscope.replay.packets import PacketChunk, PlanReader
from tunscope.replay.plan import PlanWriter
from tunscope.replay.player import Course, Player, Port, State
from tunscope.replay.sides import PlanSide

KERNEL, WIRE = PlanSide.KERNEL, PlanSide.WIRE


class RecordingPort:
    """Takes packets; refuses with `codes` first."""

    def __init__(self, codes: tuple[int, ...] = (), trouble: str = "") -> None:
        self.packets: list[bytes] = []
        self.codes = list(codes)
        self.trouble = trouble

    def check(self) -> str:
        return self.trouble

    def send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        if self.codes and (code := self.codes.pop(0)):
            return 0, code
        self.packets += [bytes(chunk.packet(index)) for index in range(first, stop)]
        return stop - first, 0


class Plans:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[int] = []

    def __call__(self, packets: list[tuple[bytes, int, PlanSide]]) -> PlanReader:
        with (
            tempfile.TemporaryFile(dir=self.folder) as entries,
            tempfile.TemporaryFile(dir=self.folder) as data,
        ):
            writer = PlanWriter(entries, data)
            for number, (packet, due, side) in enumerate(packets, 1):
                writer.add(packet, due, number, side)
            writer.finish()
            self.files.append(os.dup(data.fileno()))
            return PlanReader(entries.fileno(), self.files[-1])


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plans]:
    plans = Plans(tmp_path)
    yield plans
    for fd in plans.files:
        os.close(fd)


def play(reader: PlanReader, ports: dict[int, Port | str], course: Course) -> Player:
    player = Player(reader, ports, course, os.strerror)
    deadline = time.monotonic() + 10
    while player.state is State.PLAYING and time.monotonic() < deadline:
        player.play()
    return player


def test_packets_go_to_their_sides_in_order_and_not_before_their_time(plan: Plans) -> None:
    kernel, wire = RecordingPort(), RecordingPort()
    reader = plan([(b"a", 0, KERNEL), (b"b", 3_000_000, WIRE), (b"c", 6_000_000, KERNEL)])
    began = time.monotonic_ns()
    player = play(reader, {KERNEL: kernel, WIRE: wire}, Course(period_ns=6_000_000))
    assert time.monotonic_ns() - began >= 6_000_000
    assert (kernel.packets, wire.packets) == ([b"a", b"c"], [b"b"])
    assert player.state is State.DONE
    assert player.to_json()["sent"] == player.timing.count == 3


def test_passes_are_repeated_until_the_limit(plan: Plans) -> None:
    port = RecordingPort()
    reader = plan([(b"a", 0, KERNEL), (b"b", 1000, KERNEL)])
    play(reader, {KERNEL: port}, Course(period_ns=1000, loops=0, loop_delay_ns=1000, limit=5))
    assert b"".join(port.packets) == b"ababa"


def test_an_endless_replay_ends_by_its_duration(plan: Plans) -> None:
    reader = plan([(b"a", 0, KERNEL)])
    course = Course(period_ns=500_000, loops=0, duration_ns=5_200_000)
    player = play(reader, {KERNEL: RecordingPort()}, course)
    assert player.sent == 11


def test_more_packets_than_a_chunk_holds_come_all_at_top_speed(plan: Plans) -> None:
    port = RecordingPort()
    packets = [index.to_bytes(4, "big") for index in range(3000)]
    reader = plan([(packet, 0, KERNEL) for packet in packets])
    course = Course(period_ns=0, loops=2, topspeed=True)
    player = play(reader, {KERNEL: port}, course)
    assert port.packets == packets * 2
    assert player.to_json()["timing"] is None


def test_a_side_that_nobody_has_is_skipped_and_told(plan: Plans) -> None:
    reader = plan([(b"a", 0, KERNEL), (b"b", 0, WIRE)])
    player = play(reader, {KERNEL: RecordingPort(), WIRE: "nobody"}, Course(period_ns=0))
    assert player.skipped == {"nobody": 1}
    assert player.sent == 1


def test_one_refused_packet_does_not_stop_the_others(plan: Plans) -> None:
    port = RecordingPort((0, errno.EINVAL, 0))
    reader = plan([(b"a", 0, KERNEL), (b"b", 0, KERNEL), (b"c", 0, KERNEL)])
    player = play(reader, {KERNEL: port}, Course(period_ns=0))
    assert port.packets == [b"a", b"c"]
    assert sum(player.failed.values()) == 1
    assert player.state is State.DONE


def test_a_full_queue_is_tried_again(plan: Plans) -> None:
    port = RecordingPort((errno.ENOBUFS, errno.EAGAIN, 0))
    player = play(plan([(b"a", 0, KERNEL)]), {KERNEL: port}, Course(period_ns=0))
    assert port.packets == [b"a"]
    assert not player.failed


def test_a_device_that_is_down_ends_it(plan: Plans) -> None:
    port = RecordingPort((0, errno.ENETDOWN))
    reader = plan([(b"a", 0, KERNEL), (b"b", 0, KERNEL), (b"c", 0, KERNEL)])
    player = play(reader, {KERNEL: port}, Course(period_ns=0))
    assert player.state is State.FAILED
    assert player.error == os.strerror(errno.ENETDOWN)
    assert port.packets == [b"a"]


def test_nothing_is_sent_where_nobody_would_receive_it(plan: Plans) -> None:
    port = RecordingPort(trouble="no carrier")
    player = play(plan([(b"a", 0, KERNEL)]), {KERNEL: port}, Course(period_ns=0))
    assert (player.state, player.error, port.packets) == (State.FAILED, "no carrier", [])


@pytest.mark.parametrize("damage", [b"", b"x", bytes(32), b"\xff" * 32, bytes(31)])
def test_a_damaged_plan_is_refused(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "plan"
    file.write_bytes(damage)
    with open(file, "rb") as entries, pytest.raises(UsageError):
        PlanReader(entries.fileno(), entries.fileno())
