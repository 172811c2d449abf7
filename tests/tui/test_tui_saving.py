"""Saving packets: what is in the file, and what is left when it does not work."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser, blocks_of
from textual.widgets import Input

from tunscope.capfile.reader import open_capture
from tunscope.capfile.writer import open_writer
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource, SpoolSource
from tunscope.tui.saving import SaveJob, whole
from tunscope.tui.screens.confirm import ConfirmScreen
from tunscope.tui.screens.quit import QuitScreen
from tunscope.tui.screens.stopping import StoppingScreen
from tunscope.tui.session import Ending, SessionState, Severity


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
    job = SaveJob(capture, whole(capture), tmp_path / name)
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
    job = SaveJob(capture, whole(capture), path)
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
    job = SaveJob(capture, whole(capture), tmp_path / target)
    run(job)
    assert job.result is not None
    assert job.result.severity is Severity.ERROR
    assert target in job.result.text
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert job.result.text.count(str(tmp_path / target)) == 1


async def test_w_asks_for_a_name_and_saves(open_browser: OpenBrowser, tmp_path: Path) -> None:
    target = tmp_path / "kept.pcapng"
    async with open_browser() as browser:
        await browser.press("w")
        assert "Save displayed packets to" in browser.line(-1)
        await browser.press("escape")
        assert not browser.main.prompt.asking
        await browser.command(f"w {target}")
        await browser.until(lambda: browser.app.messages)
        assert browser.app.messages[-1].text == f"saved 155 packets to {target}"
        assert browser.app.screen is browser.main
    assert target.exists()


@pytest.mark.parametrize("way", ["key", "command"])
async def test_a_name_that_is_no_good_stays_typed(
    open_browser: OpenBrowser, tmp_path: Path, way: str
) -> None:
    target = tmp_path / "folder" / "kept.pcapng"
    async with open_browser() as browser:
        entry = browser.main.query_one("PromptLine Input", Input)
        if way == "command":
            await browser.command(f"w {target}")
        else:
            await browser.press("w")
            entry.value = str(target)
            await browser.press("enter")
        await browser.until(lambda: browser.app.messages)
        assert "No such file or directory" in browser.app.messages[-1].text
        await browser.until(lambda: browser.main.prompt.asking)
        assert entry.has_focus
        assert entry.value == (f"w {target}" if way == "command" else str(target))
        target.parent.mkdir()
        await browser.press("enter")
        await browser.until(target.exists)
        assert browser.app.messages[-1].text == f"saved 155 packets to {target}"
        assert not browser.main.prompt.asking


async def test_save_and_quit_asks_for_a_better_name(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(live=True, unsaved=True) as browser:
        await browser.press("q", "s")
        entry = browser.main.query_one("PromptLine Input", Input)
        entry.value = str(tmp_path)
        await browser.press("enter")
        browser.update(state=SessionState.STOPPED)
        source = browser.app.capture.source
        assert isinstance(source, FileSource)
        source.finish()
        await browser.until(lambda: browser.app.messages and browser.main.prompt.asking)
        assert browser.main.prompt.topic == "save and quit"
        assert entry.value == str(tmp_path)


async def test_w_without_packets_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=0, live=True) as browser:
        await browser.press("w")
        assert not browser.main.prompt.asking
        assert "no packets yet" in browser.app.messages[-1].text


async def test_only_the_displayed_packets_are_saved(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    target = tmp_path / "marked.pcapng"
    async with open_browser() as browser:
        for number in ("7", "3"):
            await browser.press(number, "G", "m")
        await browser.press("M")
        await browser.until(lambda: browser.table.row_count == 2)
        await browser.command(f"w {target}")
        await browser.until(lambda: browser.app.messages)
        assert browser.app.messages[-1].text == f"saved 2 packets to {target}"
    original = tshark_lines(DATA / "browser_tun.pcapng")
    assert tshark_lines(target) == [original[2], original[6]]


async def test_a_file_that_is_there_is_overwritten_only_after_a_yes(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    target.write_bytes(b"old")
    async with open_browser() as browser:
        await browser.command(f"w {target}")
        assert isinstance(browser.app.screen, ConfirmScreen)
        assert "is there already" in browser.screen_text()
        await browser.press("enter", "escape")
        assert browser.app.screen is browser.main
        assert "nothing was saved" in browser.app.messages[-1].text
        assert target.read_bytes() == b"old"
        await browser.command(f"w {target}")
        await browser.press("y")
        await browser.until(lambda: "saved 155 packets" in browser.app.messages[-1].text)
    assert len(tshark_lines(target)) == 155


async def test_save_and_quit_waits_for_the_last_packets_and_saves_all_of_them(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    target = tmp_path / "all.pcapng"
    async with open_browser(packets=100, live=True, unsaved=True) as browser:
        await browser.press("3", "G", "m", "M")
        await browser.until(lambda: browser.table.row_count == 1)
        await browser.press("q", "s")
        assert browser.session.stopped
        browser.main.query_one("PromptLine Input", Input).value = str(target)
        await browser.press("enter")
        assert isinstance(browser.app.screen, StoppingScreen)
        assert "Waiting for the capture to stop: 100 packets so far" in browser.screen_text()
        await browser.grow(55)
        assert browser.app.return_value is None
        browser.update(state=SessionState.STOPPED)
        await browser.settle()
        assert not target.exists()  # the index has not read to the end: more may be there
        source = browser.app.capture.source
        assert isinstance(source, FileSource)
        source.finish()
        await browser.until(lambda: browser.app.return_value is not None)
    assert browser.app.return_value is Ending.RELEASE
    assert tshark_lines(target) == tshark_lines(DATA / "browser_tun.pcapng")


async def test_waiting_for_the_end_can_be_left_and_loses_nothing(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(live=True, unsaved=True) as browser:
        await browser.press("q", "s")
        browser.main.query_one("PromptLine Input", Input).value = str(tmp_path / "all.pcapng")
        await browser.press("enter", "escape")
        assert browser.app.screen is browser.main
        assert "nothing was saved" in browser.app.messages[-1].text
        await browser.press("q")
        assert isinstance(browser.app.screen, QuitScreen)
    assert list(tmp_path.glob("all*")) == []


async def test_what_is_saved_can_be_chosen(open_browser: OpenBrowser, tmp_path: Path) -> None:
    original = tshark_lines(DATA / "browser_tun.pcapng")
    async with open_browser() as browser:
        await browser.press("3", "G", "m")
        for name, keys in (("marked", 1), ("all", 2), ("range", 3)):
            await browser.press("W", *["down"] * keys, "enter")
            entry = browser.main.query_one("PromptLine Input", Input)
            if name == "range":
                assert entry.value == "1-155"
                entry.value = "2-4, 150-"
                await browser.press("enter")
            entry.value = str(tmp_path / f"{name}.pcapng")
            await browser.press("enter")
            await browser.until(lambda name=name: f"{name}.pcapng" in last_message(browser))
    assert tshark_lines(tmp_path / "marked.pcapng") == [original[2]]
    assert tshark_lines(tmp_path / "all.pcapng") == original
    assert tshark_lines(tmp_path / "range.pcapng") == original[1:4] + original[149:]


def last_message(browser: Browser) -> str:
    return browser.app.messages[-1].text if browser.app.messages else ""


async def test_a_wrong_range_is_told(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=5) as browser:
        await browser.press("W", "down", "down", "down", "enter")
        browser.main.query_one("PromptLine Input", Input).value = "7-9"
        await browser.press("enter")
        assert "the capture has 1 to 5" in last_message(browser)
        await browser.press("W", "down", "enter")
        assert "no packet is marked" in last_message(browser)


async def test_a_capture_that_was_saved_is_not_asked_about(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(packets=100, live=True, unsaved=True) as browser:
        await browser.command(f"w {tmp_path / 'all.pcapng'}")
        await browser.until(lambda: browser.app.messages)
        await browser.grow(1)
        await browser.press("q")
        assert isinstance(browser.app.screen, QuitScreen)  # there is one more now
        await browser.press("escape")
        await browser.command(f"w {tmp_path / 'more.pcapng'}")
        await browser.until(lambda: "101 packets" in last_message(browser))
        await browser.press("q")
        assert browser.app.return_value is Ending.RELEASE


async def test_the_file_being_captured_to_is_not_overwritten(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=5, live=True) as browser:
        before = browser.path.read_bytes()
        await browser.command(f"w {browser.path}")
        assert "is being written there" in last_message(browser)
        assert browser.path.read_bytes() == before


def test_packets_whose_segment_is_gone_are_left_out_and_counted(tmp_path: Path) -> None:
    head, blocks = blocks_of(DATA / "browser_tun.pcapng")
    spool = tmp_path / "spool"
    spool.mkdir()
    for number in (1, 2):
        part = blocks[(number - 1) * 50 : number * 50]
        (spool / f"{number:08d}.pcapng").write_bytes(head + b"".join(part))
    index = CaptureIndex(SpoolSource(spool))
    index.start()
    while index.count < 100:
        time.sleep(0.01)
    numbers = whole(index)
    (spool / "00000001.pcapng").unlink()
    while index.first_number == 1:
        time.sleep(0.01)
    job = SaveJob(index, numbers, tmp_path / "rest.pcapng")
    run(job)
    index.stop()
    assert job.result is not None
    assert job.result.complete
    assert job.result.severity is Severity.WARNING
    assert "saved 50 packets" in job.result.text
    assert "50 packets no longer kept, left out" in job.result.text
    original = tshark_lines(DATA / "browser_tun.pcapng")
    assert tshark_lines(tmp_path / "rest.pcapng") == original[50:100]


def test_names_and_comments_of_the_capture_are_saved_with_it(tmp_path: Path) -> None:
    source, target = tmp_path / "named.pcapng", tmp_path / "saved.pcapng"
    with (
        open_capture(DATA / "browser_tun.pcapng") as reader,
        open_writer(
            source, reader.interfaces, names={"10.9.0.2": "server.lab"}, comments=["whole"]
        ) as writer,
    ):
        for record in reader:
            writer.write(record)
    index = CaptureIndex(FileSource(source))
    index.start()
    assert index.wait(10)
    run(SaveJob(index, whole(index), target))
    index.stop()
    with open_capture(target) as saved:
        for _ in saved:
            pass
        assert saved.names == {"10.9.0.2": "server.lab"}
        assert saved.comments == ["whole"]


async def test_the_name_proposed_for_a_file_is_made_of_its_own(open_browser: OpenBrowser) -> None:
    async with open_browser(name="/srv/dumps.d/my capture.pcapng") as browser:
        assert re.fullmatch(r"my_capture-\d{8}-\d{6}\.pcapng", browser.app.suggested_path())
