"""What waits, what repeats it, what leaves in which order, and how numbers shift after an edit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP

from tunscope.packet.direction import Direction
from tunscope.packet.edit import apply, parse_assignment
from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import sound_layers
from tunscope.relay.hold import Held
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.pipeline import Pipeline
from tunscope.relay.rules import RuleSet, parse_rule
from tunscope.relay.sequence_shifts import SequenceShifts
from tunscope.relay.tcp_segment import segment_of

RAW = LinkType.RAW
OUT, IN = Direction.OUT, Direction.IN


class Sides:
    """Both ends of a relay, its capture, and its clock."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.comments: list[tuple[str, ...]] = []
        self.changes: list[tuple[str, int]] = []
        self.now = 100.0

    def forward(self, direction: Direction, data: bytes) -> bool:
        self.out.append(data)
        return True

    def record(
        self, data: bytes, ts_ns: int, direction: Direction, comments: tuple[str, ...],
        packet_id: int | None,
    ) -> int:  # fmt: skip
        self.comments.append(comments)
        return len(self.comments)

    def changed(self, change: str, held: Held) -> None:
        self.changes.append((change, held.identity))

    def ask(self, number: int, data: bytes, settings: tuple[str, ...]) -> None:
        raise AssertionError("nothing is asked here")

    def payloads(self) -> list[bytes]:
        return [bytes(IP(data)[TCP].payload) for data in self.out]


def holding(
    chooses: object = None, rules: tuple[str, ...] = (), **options: object
) -> tuple[Pipeline, Sides]:
    sides = Sides()
    parsed = [parse_rule(text) for text in rules]
    rule_set = RuleSet(parsed, [lambda record: True] * len(parsed), 1)
    pipeline = Pipeline(sides, RAW, rule_set, lambda: sides.now)
    predicate = chooses or (lambda record: True)
    pipeline.hold.configure(HoldOptions(**options), predicate)  # type: ignore[arg-type]  # test data
    return pipeline, sides


def segment(seq: int, payload: bytes, *, flags: str = "PA", ack: int = 1, **ip: object) -> bytes:
    header = TCP(sport=5000, dport=80, seq=seq, ack=ack, flags=flags)
    return bytes(IP(src="10.9.0.1", dst="10.9.0.2", **ip) / header / payload)


def acknowledgement(ack: int, **options: object) -> bytes:
    header = TCP(sport=80, dport=5000, seq=1, ack=ack, flags="A", **options)
    return bytes(IP(src="10.9.0.2", dst="10.9.0.1") / header)


def edit(pipeline: Pipeline, identity: int, payload: bytes) -> None:
    held = pipeline.hold.get(identity)
    assert held is not None
    assignment = parse_assignment(f"tcp.payload={payload.hex()}")
    held.data = apply(held.data, RAW, [assignment]).data
    pipeline.decide(identity, "release")


def test_a_held_packet_waits_for_its_verdict() -> None:
    pipeline, sides = holding()
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    assert (sides.out, pipeline.counters.held) == ([], 1)
    sides.now += 3.2
    assert pipeline.decide(1, "release")
    assert sides.payloads() == [b"hello"]
    assert sides.comments == [
        ("tunscope: held",), ("tunscope: released after 3.2 s, held as #1",)
    ]  # fmt: skip
    assert sides.changes == [("held", 1), ("released", 1)]
    assert not pipeline.decide(1, "drop"), "it is gone"


@pytest.mark.parametrize("span", [(100, 105), (100, 110), (98, 103), (103, 104)])
def test_a_retransmission_of_a_held_segment_is_grouped(span: tuple[int, int]) -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello", id=1), 0)
    pipeline.arrive(OUT, segment(span[0], b"x" * (span[1] - span[0]), id=2), 0)
    held = pipeline.hold.get(1)
    assert held is not None
    assert held.repeats == 1
    assert sides.out == []
    pipeline.arrive(OUT, segment(105, b"next"), 0)
    assert sides.payloads() == [b"next"], "the packet is held, not its flow"


def test_another_flow_is_not_a_retransmission() -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    other = IP(segment(100, b"HELLO"))
    other[TCP].sport = 5001
    pipeline.arrive(OUT, bytes(other), 0)
    assert len(sides.out) == 1


@pytest.mark.parametrize("verdict", ["release", "drop"])
def test_a_late_retransmission_gets_the_same_verdict(verdict: str) -> None:
    pipeline, sides = holding()
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    pipeline.decide(1, verdict)
    passed = len(sides.out)
    sides.now += 119
    pipeline.arrive(OUT, segment(100, b"hello", id=2), 0)
    assert len(sides.out) == passed + (verdict == "release")
    assert pipeline.counters.held == 0
    sides.now += 2
    pipeline.arrive(OUT, segment(100, b"hello", id=3), 0)
    assert pipeline.counters.held == 1, "after two minutes it is a packet like any other"


@pytest.mark.parametrize(
    ("seq", "data", "expected_seq", "expected"),
    [
        (100, b"hello", 100, b"goodbye!"),
        (95, b"aheadhello", 95, b"aheadgoodbye!"),
        (100, b"hellobehind", 100, b"goodbye!behind"),
        (102, b"llobehind", 100, b"goodbye!behind"),
        (101, b"el", 100, b"goodbye!"),
    ],
)
def test_a_late_retransmission_of_an_edit_is_edited_alike(
    seq: int, data: bytes, expected_seq: int, expected: bytes
) -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    edit(pipeline, 1, b"goodbye!")
    pipeline.arrive(OUT, segment(seq, data, id=9), 0)
    again = IP(sides.out[-1])
    assert (again[TCP].seq, bytes(again[TCP].payload)) == (expected_seq, expected)
    assert sound_layers(sides.out[-1], RAW) == {0, 1}


def test_a_reset_always_passes() -> None:
    pipeline, sides = holding()
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    pipeline.arrive(OUT, segment(100, b"", flags="R"), 0)
    assert len(sides.out) == 1


def test_packets_of_a_flow_leave_in_order() -> None:
    pipeline, sides = holding()
    for seq, payload in ((100, b"one"), (103, b"two"), (106, b"three")):
        pipeline.arrive(OUT, segment(seq, payload), 0)
    pipeline.arrive(OUT, bytes(IP(src="10.9.0.1", dst="10.9.0.3") / ICMP()), 0)
    pipeline.decide(3, "release")
    pipeline.decide(2, "drop")
    assert sides.out == []
    pipeline.decide(4, "release")
    assert len(sides.out) == 1, "another flow does not wait"
    pipeline.decide(1, "release")
    assert [bytes(IP(data)[TCP].payload) for data in sides.out[1:]] == [b"one", b"three"]
    assert pipeline.counters.dropped_hold == 1


@pytest.mark.parametrize(("then", "count"), [("release", 1), ("drop", 0)])
def test_the_time_limit_decides(then: str, count: int) -> None:
    pipeline, sides = holding(seconds=2.0, then=then)
    pipeline.arrive(OUT, segment(100, b"x"), 0)
    assert pipeline.deadline == 102.0
    sides.now = 102.0
    pipeline.tick()
    assert len(sides.out) == count
    assert pipeline.deadline is None


@pytest.mark.parametrize(
    ("when_full", "passed", "waiting"),
    [("pass", 1, [1, 2]), ("drop", 0, [1, 2]), ("oldest", 1, [2, 3])],
)
def test_a_full_queue_does_what_was_said(when_full: str, passed: int, waiting: list[int]) -> None:
    pipeline, sides = holding(maximum=2, when_full=when_full)
    for number in range(3):
        pipeline.arrive(OUT, bytes(IP(dst="10.9.0.2") / UDP(sport=number + 1)), 0)
    assert len(sides.out) == passed
    assert [held.identity for held in pipeline.hold.waiting()] == waiting
    assert pipeline.counters.overflows == 1


def test_the_end_of_the_relay_loses_nothing() -> None:
    pipeline, sides = holding()
    pipeline.arrive(OUT, segment(100, b"x"), 0)
    pipeline.arrive(IN, bytes(IP(dst="10.9.0.1") / ICMP()), 0)
    pipeline.finish()
    assert len(sides.out) == 2
    assert pipeline.counters.held == 0


@pytest.mark.parametrize("payload", [b"much longer than before", b"", b"hi", b"HELLO"])
def test_the_connection_goes_on_after_an_edit(payload: bytes) -> None:
    shift = len(payload) - 5
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    edit(pipeline, 1, payload)
    pipeline.arrive(OUT, segment(105, b"more"), 0)
    assert IP(sides.out[-1])[TCP].seq == 105 + shift
    assert sound_layers(sides.out[-1], RAW) == {0, 1}
    for sent, expected in ((100, 100), (105 + shift, 105), (109 + shift, 109)):
        if sent == 100 and not payload:
            continue  # nothing lies between: it acknowledges what is gone
        pipeline.arrive(IN, acknowledgement(sent), 0)
        assert IP(sides.out[-1])[TCP].ack == expected
        assert sound_layers(sides.out[-1], RAW) == {0, 1}


def test_a_part_of_an_edit_is_no_part_of_the_original() -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    edit(pipeline, 1, b"a longer text")
    pipeline.arrive(IN, acknowledgement(104), 0)
    assert IP(sides.out[-1])[TCP].ack == 100


def test_selective_acknowledgements_shift_too() -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    edit(pipeline, 1, b"hello you")
    sack = [("NOP", None), ("NOP", None), ("SAck", (114, 120))]
    pipeline.arrive(IN, acknowledgement(109, options=sack), 0)
    header = IP(sides.out[-1])[TCP]
    assert header.ack == 105
    assert dict(header.options)["SAck"] == (110, 116)


def test_a_new_connection_begins_with_its_own_numbers() -> None:
    pipeline, sides = holding(lambda record: b"hello" in record.data)
    pipeline.arrive(OUT, segment(100, b"hello"), 0)
    edit(pipeline, 1, b"hello you")
    pipeline.arrive(OUT, segment(7000, b"", flags="S"), 0)
    pipeline.arrive(OUT, segment(7001, b"x"), 0)
    assert IP(sides.out[-1])[TCP].seq == 7001


EDITS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20), st.integers(0, 40)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(EDITS, st.sampled_from([1, 0xFFFFFFE0, 0x7FFFFFF0]))
def test_numbers_outside_edits_go_there_and_back(
    edits: list[tuple[int, int, int]], base: int
) -> None:
    """A stream is cut into pieces, some of them edited: every boundary is found again."""
    shifts = SequenceShifts()
    position, boundaries = 0, [(0, 0)]
    sent = 0
    for gap, old, new in edits:
        position, sent = position + gap, sent + gap
        boundaries.append((position, sent))
        found = segment_of(segment(base + position & 0xFFFFFFFF, b"x" * old), RAW)
        assert found is not None
        shifts.note(found, new)
        position, sent = position + old, sent + new
        boundaries.append((position, sent))
    for original, seen in boundaries:
        data = segment(base + original & 0xFFFFFFFF, b"")
        received = IP(shifts.translated(data, RAW))[TCP].seq
        assert received == (base + seen) & 0xFFFFFFFF
    last, seen = boundaries[-1]
    answer = acknowledgement((base + seen) & 0xFFFFFFFF)
    assert IP(shifts.translated(answer, RAW))[TCP].ack == (base + last) & 0xFFFFFFFF


VERDICTS = st.sampled_from(["release", "drop", "wait"])


@settings(max_examples=24, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), VERDICTS), max_size=40),
    st.sampled_from([(), (" => duplicate",), (" => loss 30%",), (" => delay 5ms",)]),
    st.integers(1, 5),
)
def test_counters_add_up_with_a_hold(
    events: list[tuple[int, int, str]], rules: tuple[str, ...], maximum: int
) -> None:
    pipeline, sides = holding(lambda record: record.data[-1] % 2 == 0, rules, maximum=maximum)
    for place, size, verdict in events:
        pipeline.arrive(OUT, segment(100 + place, bytes([place]) * size), 0)
        sides.now += 0.002
        pipeline.tick()
        if verdict != "wait" and pipeline.hold.waiting():
            pipeline.decide(pipeline.hold.waiting()[-1].identity, verdict)
        counters = pipeline.counters
        assert counters.held == len(pipeline.hold)
        assert counters.arrived + counters.duplicated == (
            counters.passed + counters.refused + counters.dropped + counters.dropped_hold
            + counters.delayed + counters.held
        )  # fmt: skip
    pipeline.finish()
    assert pipeline.counters.held == pipeline.counters.delayed == 0
    assert pipeline.counters.passed == len(sides.out)
