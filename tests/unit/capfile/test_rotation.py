from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.capfile.rotation import (
    RingOfFiles,
    Rotation,
    StopConditions,
    parse_rotation,
    parse_stop_condition,
    parse_stop_conditions,
)
from tunscope.errors import UsageError
from tunscope.packet.record import PacketRecord

NOON = datetime(2026, 1, 31, 12, 0, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("duration:1.5", StopConditions(duration=1.5)),
        ("packets:10", StopConditions(packets=10)),
        ("filesize:3", StopConditions(filesize=3000)),
        ("files:2", StopConditions(files=2)),
    ],
)
def test_stop_conditions(text: str, expected: StopConditions) -> None:
    assert parse_stop_condition(text) == expected


def test_stop_conditions_add_up_and_the_last_of_a_kind_counts() -> None:
    assert parse_stop_conditions(["packets:10", "duration:3", "packets:5"]) == StopConditions(
        packets=5, duration=3
    )
    assert parse_stop_conditions([]) == StopConditions()


def test_rotation_options() -> None:
    assert parse_rotation(
        [
            "filesize:2",
            "duration:1.5",
            "interval:60",
            "packets:7",
            "files:3",
            "printname:-",
            "nametimenum:2",
        ]
    ) == Rotation(2000, 1.5, 60, 7, 3, "stdout", time_first=True)
    assert not parse_rotation([]).rotates
    assert parse_rotation(["printname:a:b", "packets:1"]).printname == "a:b"


@pytest.mark.parametrize(
    "text",
    [
        "packets:0",
        "packets:1.5",
        "packets:0x10",
        "packets",
        "packets:",
        "filesize:0",
        "files:0",
        "duration:-1",
        "filesize:5000000000",
        "foo:1",
        "packets: ",
    ],
)
def test_refuses_the_stop_conditions_that_dumpcap_refuses(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        parse_stop_condition(text)
    assert f"-a {text}" in str(error.value)
    assert "no such device" not in dumpcap_complaint("-a", text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "files:2",
        "printname:x",
        "printname:",
        "files:0",
        "interval:1.5",
        "interval:0",
        "packets:0",
        "nonsense:1",
        "duration:-3",
    ],
)
def test_refuses_the_rotations_that_dumpcap_refuses(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        parse_rotation([text])
    assert f"-b {text}" in str(error.value)
    assert "no such device" not in dumpcap_complaint("-b", text, tmp_path)


@pytest.mark.parametrize("text", ["duration:0", "duration:inf", "duration:nan", "duration:x"])
def test_a_duration_is_a_positive_number_of_seconds(text: str) -> None:
    # dumpcap takes these and then stops at once or never; a typing mistake should say so.
    with pytest.raises(UsageError):
        parse_stop_condition(text)


def test_an_endless_number_costs_nothing() -> None:
    with pytest.raises(UsageError):
        parse_stop_condition("packets:" + "9" * 100_000)


def test_names_and_ring_are_those_of_dumpcap(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    records = [PacketRecord(bytes(60), n, 60, 1) for n in range(7)]
    capture = (
        section_header("test")
        + interface_description(InterfaceDescription(1))
        + b"".join(map(enhanced_packet, records))
    )
    done = subprocess.run(
        [
            "dumpcap",
            "-q",
            "-i",
            "-",
            "-w",
            tmp_path / "theirs" / "x.y.pcapng",
            "-b",
            "packets:2",
            "-b",
            "files:2",
            "-b",
            "printname:stdout",
        ],
        input=capture,
        capture_output=True,
        check=True,
    )
    printed = [Path(line).name for line in done.stdout.decode().splitlines()]
    kept = sorted(path.name for path in (tmp_path / "theirs").iterdir())

    ring = RingOfFiles(tmp_path / "ours" / "x.y.pcapng", parse_rotation(["packets:2", "files:2"]))
    removed: list[Path] = []
    names = []
    for _ in printed:
        names.append(ring.next_name(NOON))
        removed += ring.surplus()
    assert [without_time(path.name) for path in names] == [without_time(n) for n in printed]
    assert [without_time(path.name) for path in ring.kept] == [without_time(n) for n in kept]
    assert removed == names[:-2]
    assert ring.opened == len(printed)
    assert names[0].name == "x.y_00001_20260131120005.pcapng"


def test_a_name_without_a_dot_gets_none() -> None:
    ring = RingOfFiles(Path("dir.d/x"), parse_rotation(["packets:2", "nametimenum:2"]))
    assert ring.next_name(NOON) == Path("dir.d/x_20260131120005_00001")
    assert ring.surplus() == []


def test_numbers_start_again_after_five_digits() -> None:
    ring = RingOfFiles(Path("x"), parse_rotation(["packets:1", "files:1"]))
    for _ in range(100_000):
        name = ring.next_name(NOON)
        ring.surplus()
    assert name.name.startswith("x_00000_")
    assert ring.kept == (name,)


def test_the_clock_ends_a_file_after_its_duration_or_at_the_next_multiple_of_the_interval() -> None:
    assert parse_rotation(["duration:2.5"]).switch_time(100.0) == 102.5
    assert parse_rotation(["interval:60"]).switch_time(100.0) == 120.0
    assert parse_rotation(["interval:60"]).switch_time(120.0) == 180.0
    assert parse_rotation(["interval:60", "duration:5"]).switch_time(119.0) == 120.0
    assert parse_rotation(["packets:5"]).switch_time(100.0) is None


def without_time(name: str) -> str:
    assert re.search(r"_\d{5}_\d{14}", name)
    return re.sub(r"\d{14}", "TIME", name)


def dumpcap_complaint(option: str, value: str, directory: Path) -> str:
    """Return dumpcap's first complaint; it finds fault with the option before the device."""
    done = subprocess.run(
        ["dumpcap", "-i", "no-such-if", "-w", directory / "x", option, value],
        capture_output=True,
        text=True,
        check=False,
    )
    return next(line for line in done.stderr.splitlines() if line.startswith("dumpcap:")).lower()
