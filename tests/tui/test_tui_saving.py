"""Saving packets: what is in the file, and what is left when it does not work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from browser_driver import DATA, OpenBrowser

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.index.view import View
from tunscope.tui.saving import SaveJob
from tunscope.tui.session import Severity


@pytest.fixture
def capture():
    index = CaptureIndex(FileSource(DATA / "browser_tun.pcapng"))
    index.start()
    assert index.wait(10)
    yield index
    index.stop()


def run(job: SaveJob) -> None:
    job.start()
    job.wait(20)
    assert job.result is not None


def tshark_lines(path: Path) -> list[str]:
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len",
         "-e", "ip.id", "-e", "frame.packet_flags_direction"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["x.pcapng", "x.pcapng.gz", "x.pcap"])
def test_every_packet_is_in_the_file(capture: CaptureIndex, tmp_path: Path, name: str) -> None:
    job = SaveJob(capture, View(capture), tmp_path / name)
    run(job)
    assert job.result is not None
    assert job.result.complete
    assert job.result.text == f"saved 155 packets to {tmp_path / name}"
    original, saved = tshark_lines(DATA / "browser_tun.pcapng"), tshark_lines(tmp_path / name)
    if name.endswith(".pcap"):  # it has no directions
        original = [line.rpartition("\t")[0] for line in original]
        saved = [line.rpartition("\t")[0] for line in saved]
    assert saved == original
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_cancelled_save_leaves_the_old_file(capture: CaptureIndex, tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(b"old")
    job = SaveJob(capture, View(capture), path)
    job.cancel()
    run(job)
    assert job.result is not None
    assert not job.result.complete
    assert "cancelled" in job.result.text
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("target", ["missing/x.pcapng", "folder"])
def test_what_cannot_be_written_is_told(capture: CaptureIndex, tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    job = SaveJob(capture, View(capture), tmp_path / target)
    run(job)
    assert job.result is not None
    assert job.result.severity is Severity.ERROR
    assert target in job.result.text
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


async def test_w_asks_for_a_name_and_saves(open_browser: OpenBrowser, tmp_path: Path) -> None:
    target = tmp_path / "kept.pcapng"
    async with open_browser() as browser:
        await browser.press("w")
        assert "Save displayed packets to" in browser.line(-1)
        await browser.press("escape")
        assert not browser.main.prompt.asking
        await browser.type(f":w {target}")
        await browser.press("enter")
        await browser.until(lambda: browser.app.messages)
        assert browser.app.messages[-1].text == f"saved 155 packets to {target}"
        assert browser.app.screen is browser.main
    assert target.exists()


async def test_w_without_packets_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=0, live=True) as browser:
        await browser.press("w")
        assert not browser.main.prompt.asking
        assert "no packets yet" in browser.app.messages[-1].text
