"""Capture properties, judged by capinfos."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.reader import open_capture
from tunscope.capfile.writer import open_writer
from tunscope.engine.counters import Counters
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.capture_totals import CaptureTotals
from tunscope.tui.properties import properties

DATA = Path(__file__).parents[2] / "data"


def shown(path: Path, counters: Counters | None = None) -> dict[str, dict[str, str]]:
    index = CaptureIndex(FileSource(path), chunk=4096)
    index.start()
    assert index.wait(20)
    totals = CaptureTotals()
    totals.update(index)
    groups = properties(index, totals, counters)
    index.stop()
    return {heading: dict(facts) for heading, facts in groups}


def capinfos(path: Path) -> dict[str, str]:
    text = subprocess.run(
        ["capinfos", "-M", path], capture_output=True, text=True, check=True,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    ).stdout  # fmt: skip
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip(), value.strip())
        elif " = " in line:
            name, _, value = line.partition(" = ")
            found.setdefault(name.strip(), value.strip())
    return found


def make(path: Path, *, backwards: bool = False) -> Path:
    """Write a capture of two interfaces, cut packets and a comment."""
    interfaces = [
        InterfaceDescription(101, 128, "tun0", "lab", "port 80", "Linux 6", "a card"),
        InterfaceDescription(1, 0, "eth0", mac=bytes(6), speed=10**9),
    ]
    with (
        open_capture(DATA / "browser_tun.pcapng") as reader,
        open_writer(path, interfaces, comments=["all of it\nsecond line"]) as writer,
    ):
        records = [replace(r, data=r.data[:128], interface=0) for r in reader]
        if backwards:
            records.reverse()
        for record in records:
            writer.write(record)
    return path


@pytest.mark.parametrize("kind", ["tun", "tap", "made", "backwards", "pcap"])
def test_capinfos_says_the_same(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    if kind in {"tun", "tap"}:
        path = DATA / f"browser_{kind}.pcapng"
    else:
        name = "x.pcap" if kind == "pcap" else "x.pcapng"
        path = make(tmp_path / name, backwards=kind == "backwards")
    judge, ours = capinfos(path), shown(path)
    file, times = ours["File"], ours["Time"]
    assert file["Format"] == ("pcap" if kind == "pcap" else "pcapng")
    assert file["Packets"].replace(",", "") == judge["Number of packets"]
    assert f"{int(judge['File size'].split()[0]):,} bytes" in file["Size"]
    assert f"{int(judge['Data size'].split()[0]):,} bytes" in file["Data"]
    assert times["Duration"].replace(",", "").split()[0] == judge["Capture duration"].split()[0]
    assert times["First packet"].startswith(judge["First packet time"])
    assert times["Last packet"].startswith(judge["Last packet time"])
    assert times["Strict time order"] == {"True": "yes", "False": "no"}[judge["Strict time order"]]
    average = float(judge["Average packet size"].split()[0])
    assert float(file["Average packet"].split()[0].replace(",", "")) == pytest.approx(average, 1e-3)


def test_interfaces_are_described(tmp_path: Path) -> None:
    ours = shown(make(tmp_path / "x.pcapng"))
    first, second = ours["Interface 0"], ours["Interface 1"]
    assert first["Name"] == "tun0"
    assert first["Packet limit"] == "128 bytes"
    assert first["Capture filter"] == "port 80"
    assert first["Operating system"] == "Linux 6"
    assert first["Hardware"] == "a card"
    assert first["Packets"] == "155"
    assert second["MAC address"] == "00:00:00:00:00:00"
    assert second["Packets"] == "0"
    assert second["Speed"] == "1.0 Gb/s"
    assert "Comments" in ours
    assert ours["Captured by"]["Application"] == "tunscope"


def test_counters_and_an_empty_capture(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcapng"
    with open_writer(path):
        pass
    ours = shown(path, Counters(received=1234, dropped_kernel=5))
    assert ours["This capture"]["Received"] == "1,234"
    assert ours["This capture"]["Dropped by the kernel"] == "5"
    assert ours["File"]["Packets"] == "0"
    assert "no packet has a time" in ours["Time"].values()


def test_hostile_texts_are_made_harmless(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    hostile = "\x1b[2J\u202e[b]"
    interfaces = [InterfaceDescription(101, name=hostile, filter=hostile, comments=(hostile,))]
    with open_writer(path, interfaces, comments=[hostile]):
        pass
    text = repr(shown(path)).replace("\\", "")
    assert not re.search("[\x1b\u202e]", str(list(shown(path).values())))
    assert "[b]" in text
