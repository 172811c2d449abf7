"""The hold queue as an engine's events and answers tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from tunscope.cli.holds import EngineHolds
from tunscope.engine.client import EngineClient
from tunscope.engine.protocol import HeldPacket, HoldEvent, Message, Op
from tunscope.errors import UsageError
from tunscope.packet.direction import Direction
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.relay_options import RelayOptions
from tunscope.tui.holding import HoldWish

Heard = Callable[[Message | UsageError], None]


class Engine:
    """Notes what is asked; answers when it is told to."""

    def __init__(self, relay: RelayOptions | None = None) -> None:
        self.asked: list[tuple[Op, Mapping[str, Any], Heard]] = []
        self.said: list[tuple[str, bool]] = []
        client = cast("EngineClient", self)
        self.holds = EngineHolds(client, lambda text, failed: self.said.append((text, failed)))
        self.answer({"relay": (relay or RelayOptions()).to_json()})

    def ask(self, op: Op, arguments: Mapping[str, Any], answered: Heard) -> None:
        self.asked.append((op, arguments, answered))

    def answer(self, answer: Message | UsageError) -> None:
        self.asked.pop(0)[2](answer)

    @property
    def ids(self) -> list[int]:
        return [one.packet.identity for one in self.holds.waiting]


def packet(identity: int, *, repeats: int = 0) -> HeldPacket:
    return HeldPacket(identity, identity, Direction.OUT, 0, 2.0, repeats, 0, b"E", False, "")


def test_what_was_asked_for_on_the_command_line_is_known() -> None:
    engine = Engine(RelayOptions(("dns => drop",), 7, HoldOptions("icmp", Direction.IN, 3.0)))
    assert engine.holds.wish == HoldWish("icmp", Direction.IN, 3.0)
    assert engine.asked[0][0] is Op.HELD
    engine.answer({"packets": [packet(1).to_json(), packet(2).to_json()], "more": False})
    assert engine.ids == [1, 2]


def test_events_keep_the_queue_up_to_date() -> None:
    engine = Engine()
    for identity in (1, 2, 3):
        engine.holds.take(HoldEvent("held", packet(identity)))
    since = engine.holds.waiting[1].since
    engine.holds.take(HoldEvent("repeated", packet(2, repeats=1)))
    engine.holds.take(HoldEvent("released", packet(1)))
    engine.holds.take(HoldEvent("dropped", packet(3)))
    (left,) = engine.holds.waiting
    assert (left.packet.identity, left.packet.repeats, left.since) == (2, 1, since)
    assert left.age >= 2


def test_another_filter_keeps_rules_and_the_bound_of_the_queue() -> None:
    options = RelayOptions(("dns => drop",), 7, HoldOptions("icmp", maximum=5, when_full="drop"))
    engine = Engine(options)
    engine.asked.clear()
    engine.holds.set_wish(HoldWish("tcp", Direction.OUT))
    op, arguments, _ = engine.asked[0]
    wanted = RelayOptions.from_json(arguments["relay"])
    assert op is Op.RELAY
    assert wanted.rules == ("dns => drop",)
    assert wanted.hold == HoldOptions("tcp", Direction.OUT, maximum=5, when_full="drop")
    engine.answer({})
    assert engine.holds.wish == HoldWish("tcp", Direction.OUT)
    assert engine.said == [("holding out: tcp", False)]


def test_a_refused_filter_changes_nothing_and_is_told() -> None:
    engine = Engine()
    problems: list[str] = []
    engine.holds.set_wish(HoldWish("tcp"), problems.append)
    engine.answer(UsageError("hold", "nobody is at the far end"))
    assert engine.holds.wish is None
    assert problems == ["hold: nobody is at the far end"]
    assert not engine.said  # who asked says it


def test_a_refusal_that_nobody_waits_for_is_a_message() -> None:
    engine = Engine(RelayOptions(("dns => drop",)))
    for ask in (lambda: engine.holds.set_wish(None), lambda: engine.holds.remove_rule(0)):
        ask()
        engine.answer(UsageError("hold", "nobody is at the far end"))
        assert engine.said.pop() == ("hold: nobody is at the far end", True)
    assert engine.holds.rules == ("dns => drop",)


def test_what_another_program_changed_is_known_and_kept() -> None:
    engine = Engine(RelayOptions((), 7, HoldOptions("icmp")))
    engine.asked.clear()
    others = RelayOptions(("dns => drop",), 7, HoldOptions("udp", Direction.OUT))
    engine.holds.take_options(others.to_json())
    assert engine.holds.wish == HoldWish("udp", Direction.OUT)
    engine.holds.add_rule("tcp => drop", lambda problem: None)
    assert engine.asked[0][1]["relay"]["rules"] == ("dns => drop", "tcp => drop")
    engine.holds.take_options(RelayOptions().to_json())
    assert engine.holds.wish is None


def test_rules_are_added_behind_those_there_are() -> None:
    engine = Engine(RelayOptions(("dns => drop",)))
    engine.holds.add_rule("tcp => set ip.ttl=3", lambda problem: None)
    assert engine.asked[0][1]["relay"]["rules"] == ("dns => drop", "tcp => set ip.ttl=3")


def test_a_rule_is_taken_away_and_the_others_stay() -> None:
    engine = Engine(RelayOptions(("dns => drop", "icmp => drop", "tcp => drop")))
    engine.holds.remove_rule(1)
    assert engine.asked[0][1]["relay"]["rules"] == ("dns => drop", "tcp => drop")
    engine.answer({})
    assert engine.holds.rules == ("dns => drop", "tcp => drop")
    assert engine.said == [("no longer: icmp => drop", False)]


def test_after_a_verdict_the_queue_is_looked_at() -> None:
    engine = Engine()
    for identity in (1, 2):
        engine.holds.take(HoldEvent("held", packet(identity)))
    engine.holds.give_verdict((1,), "release")
    assert engine.asked[0][:2] == (Op.VERDICT, {"ids": [1], "verdict": "release"})
    engine.answer({"count": 1})
    engine.answer({"packets": [packet(2).to_json()], "more": False})
    assert engine.ids == [2]


def test_an_edit_that_comes_too_late_is_told() -> None:
    engine = Engine()
    problems: list[str] = []
    engine.holds.edit(5, b"abc", problems.append)
    assert engine.asked[0][:2] == (Op.EDIT, {"held": 5, "data": "616263", "release": True})
    engine.answer(UsageError("hold", "no such packet waits (any more)"))
    assert problems == ["hold: no such packet waits (any more)"]


def test_the_end_of_the_capture_empties_the_queue() -> None:
    engine = Engine(RelayOptions(("dns => drop",), 7, HoldOptions("icmp")))
    engine.holds.take(HoldEvent("held", packet(1)))
    engine.holds.end()
    assert not engine.ids
    assert engine.holds.wish is None
    assert not engine.holds.rules
    assert engine.holds.refusal == "the capture has ended"
    engine.asked.clear()
    engine.holds.pull()
    assert not engine.asked


def test_after_the_end_nothing_is_asked_of_the_engine() -> None:
    engine = Engine()
    engine.holds.end()
    engine.asked.clear()
    problems: list[str] = []
    engine.holds.edit(5, b"abc", problems.append)
    engine.holds.add_rule("tcp => drop", problems.append)
    engine.holds.give_verdict(None, "release")
    assert not engine.asked
    assert problems == ["release: the capture has ended", "hold: the capture has ended"]
    assert engine.said == [("release: the capture has ended", True)]
