"""The hold queue of a running engine, kept up to date by its events and answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tunscope.engine.protocol import HeldPacket, HoldEvent, Message, Op
from tunscope.errors import TunscopeError
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.relay_options import RelayOptions
from tunscope.tui.holding import Answered, HoldWish, Waiting

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient

#: Seconds between looks at a queue that another front end may change as well.
_LOOK_AGAIN: Final = 2.0


class EngineHolds:
    """Implements `tui.holding.Holds`; `say` is told what failed, `client` is polled elsewhere."""

    def __init__(self, client: EngineClient, say: Callable[[str, bool], None]) -> None:
        """`say` takes a sentence and whether it is an error."""
        self._client = client
        self._say = say
        self.refusal = ""
        self._relay = RelayOptions()
        self._waiting: dict[int, Waiting] = {}
        self._looked = 0.0
        client.ask(Op.DESCRIBE, {}, self._described)

    @property
    def wish(self) -> HoldWish | None:
        """What the engine was asked to hold."""
        hold = self._relay.hold
        if hold is None:
            return None
        return HoldWish(hold.filter, hold.direction, hold.seconds, hold.then)

    @property
    def waiting(self) -> Sequence[Waiting]:
        """What waits, as far as is known."""
        return tuple(self._waiting.values())

    def end(self) -> None:
        """The capture is over: the engine let everything go."""
        self.refusal = "the capture has ended"
        self._relay = RelayOptions()
        self._waiting.clear()

    def take(self, event: HoldEvent) -> None:
        """Take in what happened in the queue."""
        packet = event.packet
        if event.change in {"held", "repeated"}:
            self._put(packet)
        else:
            self._waiting.pop(packet.identity, None)

    def take_options(self, relay: Message) -> None:
        """Take in what the relay does now: somebody else may have changed it."""
        self._relay = RelayOptions.from_json(relay)

    def pull(self) -> None:
        """Look at the queue again where others may have changed it."""
        if self._waiting and not self.refusal:
            now = time.monotonic()
            if now - self._looked >= _LOOK_AGAIN:
                self._look()

    def set_wish(self, wish: HoldWish | None, answered: Answered | None = None) -> None:
        """Have the engine hold other packets."""
        hold = None
        if wish is not None:
            hold = replace(
                self._relay.hold or HoldOptions(),
                filter=wish.filter,
                direction=wish.direction,
                seconds=wish.seconds,
                then=wish.then,
            )
        told = "hold off" if wish is None else f"holding {wish}"
        self._configure(replace(self._relay, hold=hold), told, answered)

    @property
    def rules(self) -> Sequence[str]:
        """What the engine was asked to follow."""
        return self._relay.rules

    def add_rule(self, rule: str, answered: Answered) -> None:
        """Have the engine follow one more rule."""
        rules = (*self._relay.rules, rule)
        self._configure(replace(self._relay, rules=rules), f"rule {len(rules)}: {rule}", answered)

    def remove_rule(self, place: int) -> None:
        """Have the engine follow a rule no more."""
        rules = list(self._relay.rules)
        told = f"no longer: {rules.pop(place)}"
        self._configure(replace(self._relay, rules=tuple(rules)), told, None)

    def give_verdict(self, identities: Sequence[int] | None, verdict: str) -> None:
        """Have the engine carry out a verdict."""
        if self.refusal:
            self._say(f"{verdict}: {self.refusal}", True)
            return
        ids = None if identities is None else list(identities)
        self._client.ask(Op.VERDICT, {"ids": ids, "verdict": verdict}, self._judged)

    def edit(self, identity: int, data: bytes, answered: Answered) -> None:
        """Have the engine release a packet with other bytes."""
        if self.refusal:
            answered(f"release: {self.refusal}")
            return
        arguments = {"held": identity, "data": data.hex(), "release": True}

        def heard(answer: Message | TunscopeError) -> None:
            answered(str(answer) if isinstance(answer, TunscopeError) else "")
            self._look()

        self._client.ask(Op.EDIT, arguments, heard)

    def _configure(self, options: RelayOptions, told: str, answered: Answered | None) -> None:
        answered = answered or self._refused
        if self.refusal:
            answered(f"hold: {self.refusal}")
            return

        def heard(answer: Message | TunscopeError) -> None:
            if isinstance(answer, TunscopeError):
                answered(str(answer))
                return
            self._relay = options
            self._say(told, False)
            answered("")

        arguments: dict[str, Any] = {"relay": options.to_json()}
        self._client.ask(Op.RELAY, arguments, heard)

    def _refused(self, problem: str) -> None:
        if problem:
            self._say(problem, True)

    def _described(self, answer: Message | TunscopeError) -> None:
        if isinstance(answer, TunscopeError):
            return
        self._relay = RelayOptions.from_json(answer["relay"])
        if self._relay.hold is not None:
            self._look()

    def _judged(self, answer: Message | TunscopeError) -> None:
        if isinstance(answer, TunscopeError):
            self._say(str(answer), True)
        self._look()

    def _look(self) -> None:
        if not self.refusal:
            self._looked = time.monotonic()
            self._client.ask(Op.HELD, {"after": 0}, self._listed)

    def _listed(self, answer: Message | TunscopeError) -> None:
        if isinstance(answer, TunscopeError):
            return
        packets = [HeldPacket.from_json(value) for value in answer["packets"]]
        if not answer["more"]:
            there = {packet.identity for packet in packets}
            for identity in [one for one in self._waiting if one not in there]:
                del self._waiting[identity]
        for packet in packets:
            self._put(packet)

    def _put(self, packet: HeldPacket) -> None:
        known = self._waiting.get(packet.identity)
        since = time.monotonic() - packet.age if known is None else known.since
        self._waiting[packet.identity] = Waiting(packet, since)
