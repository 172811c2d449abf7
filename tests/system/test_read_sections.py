"""`tunscope read` on a pcapng file of several sections, whose interfaces count from 0 again.

tshark is the judge. Its version 4.0 takes an interface's name from the section that describes
that number first, so the names it is asked for here are the same in all sections.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.packet.record import PacketRecord

FIELDS = ("frame.number", "frame.interface_id", "frame.interface_name", "frame.section_number")
FILTERS = (
    *("frame.interface_id == 0", "frame.interface_id == 1", "frame.interface_id != 1"),
    *("frame.interface_id > 1", "frame.interface_id", "frame.interface_id in {1..2}"),
    *("frame.section_number == 1", "frame.section_number == 2", "frame.section_number == 3"),
    *("frame.section_number == 4", "frame.section_number >= 2 && frame.interface_id == 1"),
    *('frame.interface_name == "eth1"', 'frame.interface_name contains "th0"'),
    *('!(frame.interface_name == "eth0")', "frame.interface_name", "!frame.section_number"),
)


def packets(*interfaces: int) -> bytes:
    return b"".join(
        enhanced_packet(PacketRecord(b"\x45" + bytes(40), 10**9, 41, 101, number))
        for number in interfaces
    )


def described(*names: str) -> bytes:
    return b"".join(interface_description(InterfaceDescription(101, name=name)) for name in names)


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sections") / "x.pcapng"
    begin = section_header("test")
    path.write_bytes(
        begin + described("eth0", "eth1", "eth2") + packets(0, 1, 2)
        + begin + described("eth0") + packets(0, 0) + described("eth1") + packets(1, 0)
        + begin  # a section without anything counts as well
        + begin + described("eth0", "eth1") + packets(1, 0)
    )  # fmt: skip
    return path


def lines(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def ours(path: Path, *options: str) -> list[str]:
    return lines(sys.executable, "-m", "tunscope", "read", path, *options)


def tshark(path: Path, *options: str) -> list[str]:
    return lines("tshark", "-n", "-r", path, *options)


def test_fields_are_tsharks(sections: Path) -> None:
    options = ["-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
    expected = tshark(sections, *options)
    assert len(expected) == 9
    assert ours(sections, *options) == expected


@pytest.mark.parametrize("text", FILTERS)
def test_filters_pass_what_tsharks_do(text: str, sections: Path) -> None:
    options = ["-Y", text, "-T", "fields", "-e", "frame.number"]
    assert ours(sections, *options) == tshark(sections, *options)
