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
from tunscope.replay.course import Course, State
from tunscope.replay.packets import PacketChunk, PlanReader
from tunscope.replay.plan import PlanWriter
from tunscope.replay.player import Player, Port
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
    course = Course(period_ns=20_000_000, loops=0, duration_ns=210_000_000)
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


MS = 1_000_000


def spread(plan: Plans, count: int = 5, gap_ms: int = 60_000) -> PlanReader:
    """Packets so far apart that only what somebody does at the controls sends them."""
    packets = [bytes([97 + n]) for n in range(count)]
    return plan([(packet, n * gap_ms * MS, KERNEL) for n, packet in enumerate(packets)])


def paused(reader: PlanReader, port: Port, **course: int) -> Player:
    period = 5 * 60_000 * MS
    return Player(reader, {KERNEL: port}, Course(period, paused=True, **course), os.strerror)


def test_each_step_sends_one_packet_and_stands_still(plan: Plans) -> None:
    port = RecordingPort()
    player = paused(spread(plan), port)
    player.play()
    assert port.packets == []
    assert player.wakes_at is None
    for count in range(1, 6):
        player.step()
        assert player.wakes_at is not None
        player.play()
        assert len(port.packets) == count
    assert player.state is State.DONE
    assert b"".join(port.packets) == b"abcde"
    assert player.to_json()["timing"] is None


def test_a_step_that_meets_a_full_queue_is_made_later(plan: Plans) -> None:
    port = RecordingPort((errno.EAGAIN,))
    player = paused(spread(plan), port)
    player.step()
    player.play()
    assert port.packets == []
    time.sleep(0.001)
    player.play()
    assert port.packets == [b"a"]
    assert player.wakes_at is None


def test_a_pause_moves_what_is_to_come(plan: Plans) -> None:
    port = RecordingPort()
    player = Player(
        plan([(b"a", 0, KERNEL), (b"b", 30 * MS, KERNEL)]),
        {KERNEL: port}, Course(period_ns=30 * MS), os.strerror,
    )  # fmt: skip
    player.play()
    player.pause()
    time.sleep(0.05)
    player.play()
    assert port.packets == [b"a"]
    player.resume()
    resumed = time.monotonic_ns()
    while player.state is State.PLAYING:
        player.play()
    assert time.monotonic_ns() - resumed > 25 * MS
    elapsed = player.to_json()["elapsed_ns"]
    assert elapsed < time.monotonic_ns() - resumed + 25 * MS  # the pause is no part of it


def test_going_on_after_a_step_keeps_the_next_gap(plan: Plans) -> None:
    port = RecordingPort()
    reader = plan([(b"a", 900_000 * MS, KERNEL), (b"b", 900_020 * MS, KERNEL)])
    player = paused(reader, port)
    player.step()
    player.play()
    player.resume()
    began = time.monotonic_ns()
    while player.state is State.PLAYING:
        player.play()
    assert 19 * MS < time.monotonic_ns() - began < 5_000 * MS
    assert port.packets == [b"a", b"b"]


def test_packets_are_left_out_and_sent_again_and_the_sum_is_right(plan: Plans) -> None:
    port = RecordingPort()
    player = paused(spread(plan), port, loops=2)
    player.move(2)
    for _ in range(2):
        player.step()
        player.play()
    player.seek(1)
    player.step()
    player.play()
    assert port.packets == [b"c", b"d", b"b"]
    assert player.skipped == {"passed over by hand": 2}
    assert player.repeated == 3
    player.move(99)  # to the next pass
    status = player.to_json()
    assert (status["pass"], status["position"]) == (2, 0)
    player.move(99)
    assert player.state is State.DONE
    assert player.sent + sum(player.skipped.values()) == 2 * 5 + player.repeated


def test_time_is_moved_within_a_pass(plan: Plans) -> None:
    port = RecordingPort()
    player = paused(spread(plan), port)
    player.move_time(150_000 * MS)  # between the third and the fourth
    player.step()
    player.play()
    player.move_time(-130_000 * MS)
    player.step()
    player.play()
    assert port.packets == [b"d", b"b"]  # the first that is due 50 s after the start or later
    assert player.to_json()["position_ns"] == 60_000 * MS


def test_a_paused_replay_is_stopped_and_an_ended_one_stays_so(plan: Plans) -> None:
    player = paused(spread(plan), RecordingPort())
    player.stop()
    player.resume()
    player.step()
    player.seek(3)
    player.play()
    assert player.state is State.STOPPED
    assert player.sent == 0


def test_jumping_about_keeps_a_bounded_part_of_the_plan(plan: Plans) -> None:
    reader = plan([(b"x", n, KERNEL) for n in range(3000)])
    for n in range(0, 3000, 7):
        assert reader.chunk(n).first == n
    assert len(reader._kept) < 40
    assert reader.chunk(2999).count == 1


@pytest.mark.parametrize("damage", [b"", b"x", bytes(32), b"\xff" * 32, bytes(31)])
def test_a_damaged_plan_is_refused(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "plan"
    file.write_bytes(damage)
    with open(file, "rb") as entries, pytest.raises(UsageError):
        PlanReader(entries.fileno(), entries.fileno())
