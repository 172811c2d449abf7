"""Replays as an engine's answers tell them, and what is typed at the screen."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest
from scapy.layers.inet import IP, UDP

from tunscope.cli.replay_wish import mistake_of
from tunscope.cli.replays import EngineReplays, progress_of
from tunscope.device.facts import DeviceFacts
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.protocol import Message, Op
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.flow import flow_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.tui.replaying import ReplayPackets, ReplayWish

Heard = Callable[[Message | TunscopeError], None]
_ARPHRD_NONE = 0xFFFE
STATUS: Message = {
    "name": "in", "state": "playing", "error": "", "planned": 100, "pass": 1, "position": 10,
    "position_ns": 1_000_000_000, "sent": 10, "sent_bytes": 1000, "failed": {}, "skipped": {},
    "repeated": 0, "elapsed_ns": 2_000_000_000, "timing": None, "period_ns": 10_000_000_000,
    "loops": 1, "loop_delay_ns": 0, "limit": None, "duration_ns": None, "topspeed": False,
    "paused": False,
}  # fmt: skip


class Engine:
    """Notes what is asked, and what was behind the descriptors; answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Op, Mapping[str, Any], Heard]] = []
        self.said: list[tuple[str, bool]] = []
        self.files: list[tuple[bytes, bytes]] = []
        facts = DeviceFacts("tun0", 2, "tun", "up", 1500, _ARPHRD_NONE)
        self.replays = EngineReplays(
            cast("EngineClient", self),
            Opening(facts, "created", "tun0: created"),
            lambda text, failed: self.said.append((text, failed)),
        )

    def ask(
        self,
        op: Op,
        arguments: Mapping[str, Any],
        answered: Heard,
        fds: Mapping[str, int] | None = None,
    ) -> None:
        self.asked.append((op, arguments, answered))
        if fds:
            entries, packets = (os.pread(fds[name], 1 << 20, 0) for name in ("entries", "packets"))
            self.files.append((entries, packets))

    def answer(self, answer: Message | TunscopeError) -> None:
        self.asked.pop(0)[2](answer)

    def pull_until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline
            self.replays.pull()
            time.sleep(0.01)


def packets(*datas: bytes, cut: bool = False) -> ReplayPackets:
    def records() -> Iterator[tuple[int, PacketRecord]]:
        for number, data in enumerate(datas, 7):
            yield number, PacketRecord(data, number * 10**9, len(data) + cut, LinkType.RAW)

    return ReplayPackets("in", len(datas), records)


UDPS = [bytes(IP(src="10.9.0.2", dst="10.9.0.9") / UDP(sport=n, dport=9)) for n in (1, 2)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.replays.end()


@pytest.fixture
def begun(engine: Engine) -> Engine:
    """An engine that was asked to play two packets."""
    engine.replays.start(ReplayWish("tun0", speed="2 x"), packets(*UDPS))
    assert engine.replays.progress is not None
    assert engine.replays.progress.state == "preparing"
    engine.pull_until(lambda: engine.asked)
    return engine


def test_a_wish_becomes_a_plan_that_the_engine_is_asked_to_play(begun: Engine) -> None:
    engine = begun
    op, arguments, _ = engine.asked[0]
    assert op is Op.REPLAY
    assert arguments["period_ns"] == 500_000_000
    assert (arguments["record"], arguments["paused"], arguments["name"]) == (True, False, "in")
    entries, sent = engine.files[0]
    assert sent == b"".join(UDPS)
    dues = [row[1] for row in struct.iter_unpack("<QQIIII", entries)]
    assert dues == [0, 500_000_000]
    assert engine.replays.flows == {flow_of(data, LinkType.RAW) for data in UDPS}
    engine.answer({"planned": 2})
    assert engine.asked[0][0] is Op.REPLAY_STATUS
    engine.answer(STATUS)
    assert engine.replays.progress is not None
    assert engine.replays.progress.state == "playing"


def test_another_one_is_refused_while_one_runs(begun: Engine) -> None:
    engine = begun
    engine.replays.start(ReplayWish("tun0"), packets(*UDPS))
    assert engine.said == [("replay: another one is running on this device", True)]


def test_answers_to_the_last_one_do_not_count_for_the_next(begun: Engine) -> None:
    engine = begun
    engine.answer({"planned": 2})
    engine.answer(STATUS | {"state": "finished"})
    assert engine.replays.flows
    engine.replays.start(ReplayWish("tun0"), packets(UDPS[1]))
    assert not engine.replays.flows
    engine.pull_until(lambda: engine.asked)
    assert engine.replays.flows == {flow_of(UDPS[1], LinkType.RAW)}


def test_what_cannot_be_sent_is_told_and_nothing_begins(engine: Engine) -> None:
    engine.replays.start(ReplayWish("tun0"), packets(UDPS[0], cut=True))
    engine.pull_until(lambda: engine.said)
    assert engine.asked == []
    assert engine.replays.progress is None
    assert "1 cut short when captured" in engine.said[0][0]


def test_a_preparation_can_be_cancelled(engine: Engine) -> None:
    def endless() -> Iterator[tuple[int, PacketRecord]]:
        number = 0
        while True:
            number += 1
            yield number, PacketRecord(UDPS[0], 0, len(UDPS[0]), LinkType.RAW)

    engine.replays.start(ReplayWish("tun0"), ReplayPackets("in", 10, endless))
    engine.pull_until(lambda: engine.replays.progress and engine.replays.progress.sent)
    engine.replays.stop()
    engine.pull_until(lambda: engine.said)
    assert engine.said == [("replay: cancelled", False)]
    assert engine.replays.progress is None
    assert engine.asked == []


def test_a_refusal_of_the_engine_is_told(begun: Engine) -> None:
    engine = begun
    engine.answer(UsageError("replay", "nobody is at the far end"))
    assert engine.replays.progress is None
    assert engine.said == [("replay: nobody is at the far end", True)]


def test_controls_reach_the_engine_and_the_end_is_told_once(begun: Engine) -> None:
    engine = begun
    engine.answer({"planned": 2})
    engine.answer(STATUS)
    engine.replays.control("move", 3)
    op, arguments, _ = engine.asked[0]
    assert (op, arguments) == (Op.REPLAY_CONTROL, {"action": "move", "by": 3})
    engine.answer(STATUS | {"state": "paused"})
    engine.replays.stop()
    assert engine.asked[0][0] is Op.REPLAY_STOP
    engine.answer(STATUS | {"state": "stopped"})
    assert engine.said == [("replay stopped; 10 packets sent", False)]
    engine.replays.control("step")
    engine.replays.stop()
    engine.replays.pull()
    assert engine.asked == []
    engine.replays.forget()
    assert engine.replays.progress is None


def test_one_that_somebody_else_began_is_shown(engine: Engine) -> None:
    engine.replays.note(0)
    assert engine.asked == []
    engine.replays.note(12)
    engine.answer(STATUS)
    assert engine.replays.progress is not None
    assert engine.replays.progress.name == "in"
    assert not engine.replays.flows


def test_the_end_of_the_capture_ends_it(begun: Engine) -> None:
    engine = begun
    engine.answer({"planned": 2})
    engine.answer(STATUS)
    engine.replays.end()
    assert engine.replays.progress is not None
    assert engine.replays.progress.state == "stopped"
    assert engine.replays.refusal == "the capture has ended"


@pytest.mark.parametrize(
    ("changes", "planned", "duration", "rate"),
    [
        ({}, 100, 10.0, 10.0),
        ({"loops": 3, "loop_delay_ns": 10**9, "repeated": 5}, 305, 32.0, 10.0),
        ({"loops": 0}, None, None, 10.0),
        ({"loops": 0, "duration_ns": 5 * 10**9}, None, 5.0, 10.0),
        ({"limit": 30}, 30, None, 10.0),
        ({"limit": 300}, 100, None, 10.0),
        ({"topspeed": True, "period_ns": 0}, 100, None, None),
    ],
)
def test_what_is_planned_follows_from_the_course(
    changes: Message, planned: int | None, duration: float | None, rate: float | None
) -> None:
    progress = progress_of(STATUS | changes, {})
    assert (progress.planned, progress.duration, progress.planned_rate) == (planned, duration, rate)


def test_time_left_is_that_of_the_schedule_or_of_the_rate() -> None:
    assert progress_of(STATUS, {}).left == 9.0
    assert progress_of(STATUS | {"topspeed": True, "period_ns": 0}, {}).left == 18.0
    assert progress_of(STATUS | {"loops": 0}, {}).left is None
    assert progress_of(STATUS | {"state": "done"}, {}).left is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("", ""),
        ("--map 10.0.0.0/8=192.168.0.0/16 --loop 3 --mtu fragment --seed 4 --limit 7", ""),
        ("--nonsense", "No such option"),
        ("--loop -1", "--loop"),
        ("--speed 2 --pps 3", "two speeds at once"),
        ("--ttl 999", "is not 0 to 255"),
        ("--range 3-4", "the field Packets"),
        ("more", "unexpected extra argument"),
        ("--help", "tunscope replay --help"),
        ("--marked", "marks are made"),
    ],
)
def test_options_are_those_of_the_command_line(options: str, why: str) -> None:
    mistake = mistake_of(ReplayWish("tun0", options=options))
    assert why in mistake
    assert bool(mistake) == bool(why)
    assert "\n" not in mistake
