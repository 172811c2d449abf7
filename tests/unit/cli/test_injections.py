"""Orders carried out in time, one request after another, by an engine that is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tunscope.cli.injecting import Injections
from tunscope.dissect.building import Ends, build_template
from tunscope.engine.protocol import Message, Op, encode_error
from tunscope.errors import TunscopeError
from tunscope.packet.header_fields import header_field, read_field
from tunscope.tui.injection import InjectOrder
from tunscope.tui.session import Severity

PING, LINKTYPE = build_template("ping", Ends())


class Engine:
    """Answers when it is told to; the clock stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.requests: list[dict[str, Any]] = []
        self.waiting: list[Callable[[Message | TunscopeError], None]] = []
        self.number = 0
        self.injections = Injections(self.ask, "tun0", clock=lambda: self.now)

    def ask(
        self, op: Op, arguments: dict[str, Any], answered: Callable[[Message | TunscopeError], None]
    ) -> None:
        assert op is Op.INJECT
        self.requests.append(arguments)
        self.waiting.append(answered)

    def answer(self, error: TunscopeError | None = None) -> None:
        results: list[dict[str, Any]] = []
        for _ in self.requests[-1]["packets"]:
            self.number += 1
            results.append(
                {"number": self.number} if error is None else {"error": encode_error(error)}
            )
        self.waiting.pop()({"results": results})

    @property
    def packets(self) -> list[bytes]:
        return [bytes.fromhex(text) for request in self.requests for text in request["packets"]]


def order(**changes: Any) -> InjectOrder:
    return InjectOrder(PING, LINKTYPE, "kernel", **changes)


def test_one_packet_is_one_request_and_one_sentence() -> None:
    engine = Engine()
    engine.injections.add(order(comments=("tunscope: injected (kernel side)",), packet_id=9))
    assert engine.requests == [
        {"packets": [PING.hex()], "side": "kernel", "packet_id": 9,
         "comments": ["tunscope: injected (kernel side)"]}
    ]  # fmt: skip
    engine.answer()
    (told,) = engine.injections.told
    assert told.text == "injected 1 packet on tun0, kernel side: #1 (x there: the answers)"


def test_packets_leave_when_they_are_due_and_count_up() -> None:
    engine = Engine()
    engine.injections.add(order(count=3, interval=0.5, increments=("ip.id",)))
    for _ in range(3):
        engine.answer()
        engine.injections.pull()
        assert not engine.waiting
        engine.now += 0.5
        engine.injections.pull()
    identities = [read_field(p, LINKTYPE, header_field("ip.id")) for p in engine.packets]
    assert identities == ["1", "2", "3"]
    assert "3 packets" in engine.injections.told[0].text
    assert "#1 to #3" in engine.injections.told[0].text


def test_without_interval_they_leave_in_small_requests() -> None:
    engine = Engine()
    engine.injections.add(order(count=150, interval=0))
    while engine.waiting:
        engine.answer()
    assert [len(request["packets"]) for request in engine.requests] == [64, 64, 22]


def test_a_refusal_ends_the_order_and_the_next_one_goes_on() -> None:
    engine = Engine()
    engine.injections.add(order(count=5, interval=0))
    engine.injections.add(order())
    engine.answer(TunscopeError("tun0", "Input/output error (EIO): the device is down"))
    (told,) = engine.injections.told
    assert told.severity is Severity.ERROR
    assert "EIO" in told.text
    engine.injections.pull()
    assert len(engine.requests) == 2


def test_the_end_of_the_capture_ends_what_is_left() -> None:
    engine = Engine()
    engine.injections.add(order(count=2, interval=5))
    engine.answer()
    engine.injections.stop()
    assert "injected 1 packet" in engine.injections.told[0].text
    assert "the capture ended" in engine.injections.told[0].text
    engine.injections.pull()
    assert len(engine.requests) == 1
