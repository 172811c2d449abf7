"""The real screen in a terminal, on real devices: chosen, switched, vanishing, killed."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from capturing import packet_count
from network_namespace import NetworkNamespace
from terminal_screen import tunscope

from tunscope.capfile.blocks import section_header
from tunscope.columns.buffer import CHUNK


@pytest.fixture
def veth(netns: NetworkNamespace) -> NetworkNamespace:
    netns.disable_ipv6()
    netns.ip("link add v0 type veth peer name v1")
    netns.ip("addr add 10.66.0.1/24 dev v0")
    netns.ip("link set v0 up")
    netns.ip("link set v1 up")
    return netns


def ping(netns: NetworkNamespace, address: str, count: int) -> None:
    netns.run("ping", "-q", "-i", "0.02", "-W", "0.1", "-c", str(count), address, check=False)


def spools(home: Path) -> list[Path]:
    return [p for p in (home / "CACHE" / "tunscope" / "spool").glob("*") if p.is_dir()]


def engine_of(front_end: int) -> int:
    """Return the engine among the children of a front end."""
    for child in Path(f"/proc/{front_end}/task/{front_end}/children").read_text().split():
        if "tunscope.engine" in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    raise AssertionError("there is no engine")


def test_alone_it_lists_devices_captures_and_goes_on_to_the_next(
    veth: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "first.pcapng"
    with tunscope(veth, home) as screen:
        text = screen.until("v1")
        assert "10.66.0.1/24" in text
        screen.press("enter")  # lo
        screen.until("nothing yet on lo")
        ping(veth, "127.0.0.1", 5)
        screen.until("10 packets")
        engine = engine_of(screen.process.pid)
        screen.press("d")
        screen.until("v1")
        screen.press("end", "enter")
        screen.until("is not saved")
        screen.press("s")
        screen.until("then capture on")
        screen.press("\x15", str(target), "enter")  # Ctrl+U empties the line
        screen.until(lambda text: text.startswith((" v0  veth", " v1  veth")))
        assert target.exists()
        ping(veth, "10.66.0.2", 1)
        screen.until(lambda text: "ARP" in text)
        assert engine_of(screen.process.pid) == engine
        assert len(spools(home)) == 1  # that of the second capture
        screen.press("q")
        screen.until("is not saved")
        screen.press("d")
        assert screen.end() == 0
        screen.assert_restored()
    assert packet_count(target) == 10
    assert spools(home) == []


def test_a_device_is_made_from_the_form_and_goes_with_the_capture(
    veth: NetworkNamespace, home: Path
) -> None:
    with tunscope(veth, home) as screen:
        screen.until("v1")
        screen.press("n")
        screen.until("A new device")
        screen.press("down", "down", "10.67.0.1/24", "enter")
        screen.until("created")
        assert "tun0" in veth.links()
        ping(veth, "10.67.0.2", 2)
        screen.until("2 packets")
        screen.press("q", "d")
        assert screen.end() == 0
    assert "tun0" not in veth.links()


def test_without_a_terminal_it_prints_help(netns: NetworkNamespace) -> None:
    done = netns.tunscope()
    assert done.returncode == 0
    assert "Usage: tunscope" in done.stdout


def test_a_device_that_vanishes_is_told_and_its_packets_stay(
    veth: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    with tunscope(veth, home, "v0", "-f", "arp") as screen:
        screen.until("nothing yet on v0")
        ping(veth, "10.66.0.2", 1)
        screen.until("Who has 10.66.0.2")
        veth.ip("link del v0")
        screen.until("the device was deleted")
        screen.until("✖ failed")
        screen.press("w")
        screen.until("Save displayed packets to")
        screen.press("\x15", str(target), "enter")
        screen.until("saved ")
        screen.press("d")
        screen.until("loopback")
        screen.press("enter")  # the engine is there for another device
        screen.until("nothing yet on lo")
        screen.press("q")
        assert screen.end() == 0
        screen.assert_restored()
    assert packet_count(target) >= 1


def test_an_engine_that_is_killed_leaves_its_packets_to_browse_and_save(
    veth: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    with tunscope(veth, home, "lo") as screen:
        screen.until("nothing yet on lo")
        ping(veth, "127.0.0.1", 3)
        screen.until("6 packets")
        os.kill(engine_of(screen.process.pid), signal.SIGKILL)
        screen.until("ended unexpectedly")
        screen.until("✖ failed")
        screen.press("q")
        screen.until("The capture of 6 packets is not saved.")
        screen.press("s")
        screen.until("Save and quit, to")
        screen.press("\x15", str(target), "enter")
        assert screen.end() == 0
        screen.assert_restored()
    assert packet_count(target) == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_the_capture_and_restores_the_terminal(
    veth: NetworkNamespace, home: Path, number: signal.Signals
) -> None:
    with tunscope(veth, home, "lo") as screen:
        screen.until("nothing yet on lo")
        ping(veth, "127.0.0.1", 2)
        screen.until("4 packets")
        screen.process.send_signal(number)
        assert screen.end() == 0
        screen.assert_restored()
        assert b"the capture is kept in" in screen.output
    (spool,) = spools(home)
    assert packet_count(spool / "00000001.pcapng") == 4


def test_a_signal_ends_a_capture_of_nothing_without_a_trace(
    veth: NetworkNamespace, home: Path
) -> None:
    with tunscope(veth, home, "lo") as screen:
        screen.until("nothing yet on lo")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0
        screen.assert_restored()
        assert b"unexpected" not in screen.output
        assert b"kept" not in screen.output
    assert not spools(home)


def test_a_signal_before_the_screen_is_there_keeps_what_was_captured(
    veth: NetworkNamespace, home: Path
) -> None:
    with tunscope(veth, home, "lo") as screen:
        segment = begun(home)
        ping(veth, "127.0.0.1", 1)
        deadline = time.monotonic() + 20
        while segment.read_bytes().count(b"\x06\0\0\0") < 2:  # blocks of packets
            assert time.monotonic() < deadline
            time.sleep(0.001)
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0
        assert b"the capture is kept in" in screen.output
    assert packet_count(segment) == 2


def begun(home: Path) -> Path:
    """Return the first segment of a capture, once it has been written to."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for spool in spools(home):
            segment = spool / "00000001.pcapng"
            if segment.exists() and segment.stat().st_size:
                return segment
        time.sleep(0.001)
    raise AssertionError("nothing was written")


@contextlib.contextmanager
def home_behind_sudo() -> Iterator[tuple[pwd.struct_passwd, Path, dict[str, str]]]:
    """Yield nobody, a folder of theirs, and what sudo sets when they call it."""
    nobody = pwd.getpwnam("nobody")
    for path in (Path(sys.prefix).resolve(), Path(__file__).resolve()):
        if not all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents):
            pytest.skip("the checkout lies in a folder that others may not enter")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        sudo = {"SUDO_UID": str(nobody.pw_uid), "SUDO_GID": str(nobody.pw_gid)}
        yield nobody, Path(folder), sudo


def test_under_sudo_the_screen_has_no_rights_and_still_makes_devices_and_knows_owners(
    veth: NetworkNamespace,
) -> None:
    with home_behind_sudo() as (nobody, folder, user), tunscope(veth, folder, **user) as screen:
        screen.until("v1")
        front_end = Path(f"/proc/{screen.process.pid}/status").read_text()
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}" in front_end
        assert "CapEff:\t0000000000000000" in front_end
        screen.press("n")
        screen.until("A new device")
        screen.press("down", "down", "10.67.0.1/24", "enter")
        screen.until("created")
        ping(veth, "10.67.0.2", 2)
        screen.until("2 packets")
        screen.press("d")
        engine = engine_of(screen.process.pid)
        screen.until(lambda text: f" {engine} " in text)  # the owner of tun0, a root process
        screen.press("esc")
        screen.until("2 packets")
        screen.press("q")
        screen.until("is not saved")
        screen.press("d")
        assert screen.end() == 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs a second processor")
def test_under_sudo_a_large_file_is_read_without_rights(veth: NetworkNamespace) -> None:
    with home_behind_sudo() as (nobody, folder, user):
        large = folder / "sections.pcapng"  # takes seconds to read
        section = section_header("test")
        large.write_bytes(section * (2 * 4 * CHUNK // len(section)))
        with tunscope(veth, folder, str(large), **user) as screen:
            person = f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}"
            deadline = time.monotonic() + 10
            while not any(person in status for status in indexers_of(screen.process.pid)):
                assert time.monotonic() < deadline, "nobody reads the file without rights"
                time.sleep(0.01)
            screen.until("loading")
            screen.press("q")
            assert screen.end() == 0
            assert not indexers_of(screen.process.pid)


def indexers_of(process: int) -> list[str]:
    """Return the status of every process forked from `process` that is no other program."""
    found = []
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{process}/cmdline").read_bytes()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for child in children:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/cmdline").read_bytes() == words:
                    found.append(Path(f"/proc/{child}/status").read_text())
    return found


def test_a_bounded_spool_keeps_the_newest_packets_through_a_burst(
    veth: NetworkNamespace, home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    with tunscope(veth, home, "lo", "--keep", "4MB") as screen:
        screen.until("nothing yet on lo")
        veth.run("ping", "-q", "-f", "-s", "1400", "-c", "4000", "127.0.0.1")
        screen.until("seq=4000/")  # the last of 8,000; the first may go before they are numbered
        screen.until("MB of 4.0 MB")
        screen.until("follow on")
        screen.press("W")
        screen.until("Save which packets?")
        screen.press("down", "down", "enter")
        screen.until(lambda text: " packets to " in text)
        screen.press("\x15", str(target), "enter")
        screen.until("saved ")
        screen.press("q")
        with contextlib.suppress(OSError):  # it asks only if packets went before they were seen
            screen.press("d")
        assert screen.end() == 0
    # 4 MB are 2,700 packets; a segment, a quarter of it, goes at a time.
    assert 1500 < packet_count(target) < 2800
