"""The relay when packets are judged one by one: rules between the kernel and the peer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from tunscope.engine.counters import Counters
from tunscope.engine.own_records import Record
from tunscope.engine.predicates import packet_predicate
from tunscope.engine.tun_port import TunPort
from tunscope.packet.direction import Direction
from tunscope.packet.printable import printable
from tunscope.relay.hold import Held
from tunscope.relay.peer import Peer
from tunscope.relay.pipeline import Change, Pipeline
from tunscope.relay.relay_options import RelayOptions
from tunscope.relay.rules import RuleSet, parse_rule

_SEEDS: Final = 1 << 32
_LARGEST_PACKET: Final = 65536 + 64
_PACKETS_A_TURN: Final = 256


class InlineRelay:
    """Carries packets of `linktype` between `kernel` and `peer`, as rules say.

    `wanted` says which packets are recorded, with `record`.
    """

    def __init__(
        self,
        kernel: TunPort,
        peer: Peer,
        linktype: int,
        wanted: Callable[[Direction, bytes], bool],
        record: Record,
    ) -> None:
        self._kernel = kernel
        self._peer = peer
        self._wanted = wanted
        self._record = record
        self._buffer = memoryview(bytearray(_LARGEST_PACKET))
        self._options = RelayOptions()
        self.recording = True
        self.filtered = self.unrecorded = 0
        self.listener: Callable[[Change, Held], None] = _nobody
        self.asker: Callable[[int, bytes, tuple[str, ...]], None] = _nobody_answers
        self.pipeline = Pipeline(self, linktype, RuleSet((), (), 0))

    def configure(self, options: RelayOptions) -> str:
        """Follow other rules from now on; return a sentence about them.

        UsageError for a wrong one: nothing changes then.
        """
        seed = random.randrange(_SEEDS) if options.seed is None else options.seed
        rules = [parse_rule(text) for text in options.rules]
        predicates = [packet_predicate(rule.filter_text) for rule in rules]
        hold = options.hold
        chooses = packet_predicate(hold.filter) if hold is not None else None
        self.pipeline.rules = RuleSet(rules, predicates, seed)
        self.pipeline.hold.configure(hold, chooses)
        self._options = options
        told = [f"rules: {'; '.join(options.rules)} (seed {seed})"] if options.rules else []
        if hold is not None:
            told.append(f"holding {hold.filter or 'everything'}")
        return printable("; ".join(told) or "no rules, no hold")

    @property
    def idle(self) -> bool:
        """Whether packets may as well pass without a look."""
        return not self._options.active and self.pipeline.idle

    def carry(self, read: Callable[[], bytes | None]) -> bool:
        """Take in some of what waits on both sides, and let go what is due.

        `read` gives the kernel's next packet, None if none waits. Return whether any came.
        """
        came = False
        for _ in range(_PACKETS_A_TURN):
            data = read()
            if data is None:
                break
            came = True
            self.pipeline.arrive(Direction.OUT, data, time.time_ns())
        for _ in range(_PACKETS_A_TURN):
            length = self._peer.receive_into(self._buffer)
            if not length:
                break
            came = True
            self.pipeline.arrive(Direction.IN, bytes(self._buffer[:length]), time.time_ns())
        self.pipeline.tick()
        return came

    def update(self, counters: Counters) -> None:
        """Add what passed here to the counters of the device."""
        here = self.pipeline.counters
        counters.received += here.arrived
        counters.filtered += self.filtered
        counters.dropped_output += self.unrecorded
        counters.dropped_peer += here.refused
        counters.passed += here.passed
        counters.dropped_rule = here.dropped
        counters.duplicated = here.duplicated
        counters.delayed = here.delayed
        counters.held = here.held
        counters.released = here.released
        counters.dropped_hold = here.dropped_hold
        counters.hold_overflows = here.overflows
        counters.unanswered = here.unanswered
        counters.rules = list(self.pipeline.rules.matched)

    def forward(self, direction: Direction, data: bytes) -> bool:
        """Give an outgoing packet to the peer, write an incoming one into the kernel."""
        if direction is Direction.OUT:
            return self._peer.send(memoryview(data))
        return self._kernel.write(data) == 0

    def changed(self, change: Change, held: Held) -> None:
        """Pass on what happened to a held packet."""
        self.listener(change, held)

    def ask(self, number: int, data: bytes, settings: tuple[str, ...]) -> None:
        """Pass the question on."""
        self.asker(number, data, settings)

    def record(
        self, data: bytes, ts_ns: int, direction: Direction, comments: tuple[str, ...],
        packet_id: int | None,
    ) -> int:  # fmt: skip
        """Record a packet, unless it is not wanted or nothing can be recorded now."""
        if not self._wanted(direction, data):
            self.filtered += 1
        elif not self.recording:
            self.unrecorded += 1
        else:
            return self._record(data, ts_ns, direction, comments, packet_id)
        return 0


def _nobody(change: Change, held: Held) -> None:
    """Nobody listens."""


def _nobody_answers(number: int, data: bytes, settings: tuple[str, ...]) -> None:
    """The question stays without an answer, and the packet goes on when its time is up."""
