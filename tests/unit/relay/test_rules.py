"""Rules over random traffic: counters add up, and no byte changes unless a rule says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunscope.cli.rules import check_rule, read_rules
from tunscope.engine.predicates import packet_predicate
from tunscope.errors import UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.header_fields import header_field, read_field
from tunscope.packet.layers import layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import repaired, sound_layers
from tunscope.relay.pipeline import Pipeline
from tunscope.relay.rules import RuleError, RuleSet, parse_rule

RAW = LinkType.RAW
HEADER4 = "4500000000010000 40{:02x}0000 0a0900{:02x} 0a0900{:02x}"


def packet(protocol: int, source: int, destination: int, payload: bytes) -> bytes:
    header = bytes.fromhex(HEADER4.format(protocol, source, destination).replace(" ", ""))
    upper = {1: "0800000100070001", 6: "c0000050000003e80000000050022000ffff0000"}.get(
        protocol, "c00000350000ffff"
    )
    return repaired(header + bytes.fromhex(upper) + payload, RAW, range(9))


class Sides:
    """Both ends of a relay and its capture; a side may refuse packets."""

    def __init__(self, refuses: frozenset[Direction] = frozenset()) -> None:
        self.out: list[tuple[Direction, bytes]] = []
        self.records: list[tuple[bytes, tuple[str, ...], int | None]] = []
        self._refuses = refuses
        self.asked: list[tuple[int, bytes, tuple[str, ...]]] = []

    def forward(self, direction: Direction, data: bytes) -> bool:
        if direction in self._refuses:
            return False
        self.out.append((direction, data))
        return True

    def record(
        self, data: bytes, ts_ns: int, direction: Direction, comments: tuple[str, ...],
        packet_id: int | None,
    ) -> int:  # fmt: skip
        self.records.append((data, comments, packet_id))
        return len(self.records)

    def changed(self, change: str, held: object) -> None:
        raise AssertionError("nothing is held here")

    def ask(self, number: int, data: bytes, settings: tuple[str, ...]) -> None:
        self.asked.append((number, data, settings))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def relay(
    texts: list[str], seed: int = 1, refuses: frozenset[Direction] = frozenset()
) -> tuple[Pipeline, Sides, Clock]:
    rules = [parse_rule(text) for text in texts]
    predicates = [packet_predicate(rule.filter_text) for rule in rules]
    sides, clock = Sides(refuses), Clock()
    return Pipeline(sides, RAW, RuleSet(rules, predicates, seed), clock), sides, clock


FILTERS = ["", "icmp", "tcp", "udp", "ip.src == 10.9.0.1", "ip.ttl > 32", "frame.len > 60", "ipv6"]
ACTIONS = [
    "set ip.ttl=3", "set ip.dst=192.0.2.9", "set tcp.dstport=99", 'set udp.payload="xyz"',
    "set ip.id=7, ip.dsfield=4", "drop", "delay 50ms 10ms", "delay 1s", "duplicate",
    "duplicate 3", "loss 50%", "loss 0.1", "comment hello",
]  # fmt: skip
RULES = st.builds("{} => {}".format, st.sampled_from(FILTERS), st.sampled_from(ACTIONS))
TRAFFIC = st.builds(
    packet, st.sampled_from([1, 6, 17]), st.integers(1, 4), st.integers(1, 4),
    st.binary(max_size=60),
)  # fmt: skip
EVENTS = st.lists(
    st.tuples(
        st.one_of(TRAFFIC, st.binary(max_size=40)),
        st.sampled_from([Direction.IN, Direction.OUT]),
        st.floats(0, 0.3),
    ),
    max_size=40,
)


@settings(max_examples=24, deadline=None)
@given(
    st.lists(RULES, max_size=4), EVENTS, st.integers(0, 99),
    st.sampled_from([frozenset(), frozenset({Direction.IN})]),
)  # fmt: skip
def test_counters_add_up_and_only_rules_change_bytes(
    texts: list[str],
    events: list[tuple[bytes, Direction, float]],
    seed: int,
    refuses: frozenset[Direction],
) -> None:
    pipeline, sides, clock = relay(texts, seed, refuses)
    counters = pipeline.counters
    for data, direction, wait in events:
        pipeline.arrive(direction, data, int(clock.now * 1e9))
        clock.now += wait
        pipeline.tick()
        total = counters.passed + counters.refused + counters.dropped + counters.delayed
        assert counters.arrived + counters.duplicated == total
    assert counters.arrived == len(events)
    pipeline.finish()
    assert counters.delayed == 0
    assert counters.passed == len(sides.out)
    arrived = Counter(data for data, _, _ in events)
    if not any("set" in text for text in texts):
        assert {data for _, data in sides.out} <= set(arrived)
        if not any("duplicate" in text for text in texts):
            assert not Counter(data for _, data in sides.out) - arrived
    if not texts:
        expected = [(way, data) for data, way, _ in events if way not in refuses]
        assert sides.out == expected
        assert [record[0] for record in sides.records] == [data for data, _, _ in events]
    for _, data in sides.out:
        if layers_of(data, RAW) and data not in arrived:
            assert sound_layers(data, RAW) == frozenset(range(len(layers_of(data, RAW))))


def test_the_same_seed_gives_the_same_verdicts() -> None:
    results = []
    for _ in range(2):
        pipeline, sides, _ = relay([" => loss 50%", " => delay 10ms 10ms"], seed=5)
        for number in range(50):
            pipeline.arrive(Direction.OUT, packet(17, 1, 2, bytes([number])), 0)
        pipeline.finish()
        results.append(sides.out)
    assert results[0] == results[1]
    assert 10 < len(results[0]) < 40


def test_an_edit_is_recorded_beside_its_original() -> None:
    pipeline, sides, _ = relay(["icmp => set ip.ttl=3"])
    original = packet(1, 1, 2, b"x")
    pipeline.arrive(Direction.OUT, original, 0)
    (first, second) = sides.records
    assert first == (original, ("tunscope: edited by rule 1",), 1)
    assert second[1:] == (("tunscope: edited from #1: ip.ttl 64 -> 3",), 1)
    assert sides.out == [(Direction.OUT, second[0])]
    assert read_field(second[0], RAW, header_field("ip.ttl")) == "3"


def test_verdicts_are_recorded() -> None:
    pipeline, sides, _ = relay(["udp => drop", "tcp => duplicate", "icmp => comment seen"])
    for protocol in (17, 6, 1):
        pipeline.arrive(Direction.IN, packet(protocol, 1, 2, b""), 0)
    assert [record[1] for record in sides.records] == [
        ("tunscope: dropped by rule 1",), (), ("tunscope: duplicated from #2",),
        ("tunscope: seen",),
    ]  # fmt: skip
    assert [record[2] for record in sides.records] == [None, 1, 1, None]
    assert pipeline.rules.matched == [1, 1, 1]


def test_a_delayed_packet_leaves_when_it_is_due() -> None:
    pipeline, sides, clock = relay([" => delay 50ms"])
    pipeline.arrive(Direction.OUT, packet(1, 1, 2, b""), 0)
    assert pipeline.deadline == pytest.approx(100.05)
    pipeline.tick()
    assert not sides.out
    clock.now += 0.051
    pipeline.tick()
    assert len(sides.out) == 1
    assert pipeline.deadline is None


def test_an_edit_that_does_not_fit_lets_the_packet_pass() -> None:
    pipeline, sides, _ = relay([" => set tcp.dstport=9"])
    pipeline.arrive(Direction.OUT, packet(17, 1, 2, b""), 0)
    assert pipeline.rules.failed == 1
    assert sides.out[0][1] == packet(17, 1, 2, b"")
    assert "does not fit" in sides.records[0][1][0]


QUERY = "udp => set dns.qry.name=other.test"


def test_an_application_field_is_asked_for_and_later_rules_go_on() -> None:
    pipeline, sides, _ = relay([QUERY, " => set ip.ttl=3"])
    original = packet(17, 1, 2, b"question")
    pipeline.arrive(Direction.OUT, original, 0)
    assert (sides.out, pipeline.counters.delayed) == ([], 1)
    ((number, data, wanted),) = sides.asked
    assert (data, wanted) == (original, ("dns.qry.name=other.test",))
    pipeline.answered(number, packet(17, 1, 2, b"changed"), ("dns.qry.name -> other.test",), "")
    assert sides.out[0][1].endswith(b"changed")
    assert read_field(sides.out[0][1], RAW, header_field("ip.ttl")) == "3"
    assert sides.records[0][1] == ("tunscope: edited by rule 1, rule 2",)
    assert "dns.qry.name -> other.test" in sides.records[1][1][0]


def test_without_an_answer_in_time_the_packet_passes_unchanged() -> None:
    pipeline, sides, clock = relay([QUERY])
    original = packet(17, 1, 2, b"question")
    pipeline.arrive(Direction.OUT, original, 0)
    clock.now = pipeline.deadline or 0
    pipeline.tick()
    assert sides.out == [(Direction.OUT, original)]
    assert pipeline.counters.unanswered == 1
    pipeline.answered(sides.asked[0][0], b"late", (), "")
    assert len(sides.out) == 1
    assert "did not answer in time" in sides.records[0][1][0]


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("icmp", 5, "no =>"),
        ("icmp => ", 9, "no action"),
        ("icmp => explode", 9, "no action"),
        ("icmp => set ip.ttl=300", 9, "0 to 255"),
        ("icmp => set ip.ttl", 9, "FIELD=VALUE"),
        ("icmp => set ip.tll=3", 9, "ip.tll"),
        ("dns => set dns.qry.nam=x", 12, "did you mean dns.qry.name"),
        ("dns => set dns.id=7, ip.ttl=999", 22, "0 to 255"),
        ("icmp => loss 105%", 9, "no share"),
        ("icmp => delay 5", 9, "no time"),
        ("icmp => delay 2h", 9, "no time"),
        ("icmp => duplicate 99", 9, "1 to 16"),
        ("icmp => drop it", 9, "no value"),
        ("icmp.typ == 8 => drop", 1, "icmp.typ"),
        ("  ip.ttl == 300 => drop", 13, ""),
    ],
)
def test_a_mistake_is_pointed_at(text: str, column: int, why: str) -> None:
    with pytest.raises(RuleError, match=why or None) as caught:
        check_rule(text)
    line, mark = caught.value.caret().splitlines()
    assert line == text
    assert mark.index("^") + 1 == column


def test_an_arrow_in_quotes_is_text() -> None:
    rule = parse_rule('frame contains "a=>b" => comment "x => y"')
    assert rule.filter_text == 'frame contains "a=>b"'


def test_a_file_of_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('seed = 7\n[[rule]]\nfilter = "icmp"\naction = "drop"\n[[rule]]\naction="drop"')
    assert read_rules(file) == (["icmp => drop", " => drop"], 7)
    for text, why in (
        ("seed = 'x'", "whole number"),
        ("rule = 3", "written as"),
        ("[[rule]]\nfilter = 'x'", "rule 1"),
        ("colour = 1", "'colour' is not understood"),
        ("=", "not TOML"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=why):
            read_rules(file)
