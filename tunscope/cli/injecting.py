"""Injections on their way from the screen to the engine: in time, one request after another."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tunscope.engine.protocol import Message, Op, decode_error
from tunscope.errors import TunscopeError
from tunscope.tui import units
from tunscope.tui.session import SessionMessage, Severity

if TYPE_CHECKING:
    from tunscope.tui.injection import InjectOrder

#: Packets sent with one request, and their bytes at most: a request must fit a socket's buffer.
_CHUNK: Final = 64
_CHUNK_BYTES: Final = 32_000

#: Asks the engine; the answer, or the error, comes later.
Ask = Callable[[Op, dict[str, Any], Callable[[Message | TunscopeError], None]], None]


@dataclass
class _Injection:
    order: InjectOrder
    packets: Iterator[bytes]
    started: float
    asked: int = 0
    sent: int = 0
    numbers: list[int] = field(default_factory=list)


class Injections:
    """Carries orders out one after another; `told` is what there is to say about them."""

    def __init__(
        self, ask: Ask, device: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._device = device
        self._clock = clock
        self._waiting: deque[InjectOrder] = deque()
        self._now: _Injection | None = None
        self._unanswered = False
        self.told: list[SessionMessage] = []

    def add(self, order: InjectOrder) -> None:
        """Begin an injection, behind those before it."""
        self._waiting.append(order)
        self.pull()

    def stop(self) -> None:
        """Give up what was not sent yet."""
        self._waiting.clear()
        if self._now is not None:
            self._end("the capture ended")

    def pull(self) -> None:
        """Send what is due."""
        if self._now is None and self._waiting:
            self._begin(self._waiting.popleft())
        job = self._now
        if job is None or self._unanswered:
            return
        order, due = job.order, job.order.count
        if order.interval:
            due = min(due, int((self._clock() - job.started) / order.interval) + 1)
        size = min(due - job.asked, _CHUNK, max(1, _CHUNK_BYTES // len(order.data)))
        if size > 0:
            packets = list(islice(job.packets, size))
            job.asked += len(packets)
            self._unanswered = True
            self._ask(Op.INJECT, _request(order, packets), self._answered)

    def _begin(self, order: InjectOrder) -> None:
        from tunscope.cli.inject_packets import series
        from tunscope.packet.header_fields import header_field

        fields = tuple(map(header_field, order.increments))
        packets = series(order.data, order.linktype, fields, order.count)
        self._now = _Injection(order, packets, self._clock())

    def _answered(self, answer: Message | TunscopeError) -> None:
        self._unanswered = False
        job = self._now
        if job is None:
            return
        if isinstance(answer, TunscopeError):
            self._end(str(answer))
            return
        for outcome in answer["results"]:
            if "error" in outcome:
                self._end(str(decode_error(outcome["error"])))
                return
            job.sent += 1
            if outcome["number"]:
                job.numbers.append(outcome["number"])
        if job.sent >= job.order.count:
            self._end("")
        self.pull()

    def _end(self, problem: str) -> None:
        job, self._now = self._now, None
        assert job is not None, "one was at work"
        numbers = job.numbers
        done = ""
        if job.sent:
            done = f"injected {units.packets(job.sent)} on {self._device}, {job.order.side} side"
        if numbers:
            last = f" to #{numbers[-1]}" if len(numbers) > 1 else ""
            done += f": #{numbers[0]}{last} (x there: the answers)"
        if problem:
            text = f"{done}; then {problem}" if done else problem
            self.told.append(SessionMessage(f"inject: {text}", Severity.ERROR))
        else:
            self.told.append(SessionMessage(done))


def _request(order: InjectOrder, packets: list[bytes]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "packets": [packet.hex() for packet in packets],
        "side": order.side,
        "comments": list(order.comments),
    }
    if order.packet_id is not None:
        request["packet_id"] = order.packet_id
    return request
