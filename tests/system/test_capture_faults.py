"""A headless capture when something around it fails: readers, disks, devices, engines, people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from capturing import capturing, packet_count, tshark_fields
from network_namespace import NetworkNamespace

Factory = Callable[[], NetworkNamespace]

FLOOD = Path(__file__).parents[2] / "benchmarks" / "flood.py"


def joined(netns_factory: Factory) -> tuple[NetworkNamespace, NetworkNamespace]:
    a, b = netns_factory(), netns_factory()
    for netns in (a, b):
        netns.disable_ipv6()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    a.ip("link set v0 up")
    b.ip("link set v1 up")
    return a, b


def ping(netns: NetworkNamespace, address: str, count: int) -> None:
    netns.run("ping", "-q", "-i", "0.02", "-W", "0.1", "-c", str(count), address, check=False)


def engine_of(pid: int) -> int:
    """Return the pid of the engine that front end `pid` started."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def test_a_packet_on_loopback_is_recorded_once(netns: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    with capturing(netns, "lo", "--pcap", file, "icmp") as capture:
        ping(netns, "127.0.0.1", 3)
        assert capture.interrupt() == 0
    assert tshark_fields(file, "icmp.type") == [["8"], ["0"]] * 3


def test_a_bridge_shows_frames_that_only_pass_through(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, b = joined(netns_factory)
    a.ip("link add br0 type bridge")
    a.ip("link set v0 master br0")
    a.ip("link set br0 up")
    file = tmp_path / "x.pcapng"
    time.sleep(0.2)
    with capturing(a, "br0", "--pcap", file, "udp") as capture:
        b.run(sys.executable, FLOOD, "v1", "100", "5", "ethernet")
        time.sleep(0.3)
        assert capture.interrupt() == 0
    assert packet_count(file) == 5


def test_packets_that_came_before_a_device_was_deleted_are_kept(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, b = joined(netns_factory)
    file = tmp_path / "x.pcapng"
    with capturing(a, "v0", "--pcap", file) as capture:
        b.run(sys.executable, FLOOD, "v1", "100", "58", "ethernet")
        a.ip("link del v0")
        assert capture.wait() == 1
    assert "v0: the device was deleted" in capture.stderr
    assert packet_count(file) == 58


@pytest.mark.parametrize("count", [800, 3000])
def test_a_second_ctrl_c_ends_a_capture_whose_reader_stalls(
    netns_factory: Factory, count: int
) -> None:
    a, b = joined(netns_factory)
    read_end, write_end = os.pipe()
    with capturing(a, "v0", "--pcap", "-", stdout=write_end) as capture:
        os.close(write_end)
        b.run(sys.executable, FLOOD, "v1", "60", str(count), "ethernet")
        time.sleep(0.5)
        capture.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        started = time.monotonic()
        capture.process.send_signal(signal.SIGINT)
        capture.process.wait(10)
        assert time.monotonic() - started < 3
    os.close(read_end)


def test_a_closed_stdout_is_refused(netns: NetworkNamespace) -> None:
    done = netns.run("sh", "-c", f"{sys.executable} -m tunscope lo --pcap - -c 1 >&-", check=False)
    assert done.returncode == 2
    assert done.stderr == "tunscope: --pcap -: stdout is closed\n"


def test_a_reader_that_leaves_an_owned_device_is_no_vanished_device(
    netns: NetworkNamespace,
) -> None:
    netns.disable_ipv6()
    read_end, write_end = os.pipe()
    with capturing(netns, "tun0", "--addr", "10.9.0.1/24", "--pcap", "-", stdout=write_end) as c:
        os.close(write_end)
        netns.run(sys.executable, FLOOD, "tun0", "100", "3000", "ip")
        time.sleep(0.5)
        os.close(read_end)
        assert c.wait() == 0
    assert "the reader of the capture went away" in c.stderr
    assert "deleted" not in c.stderr


def test_a_killed_engine_is_told_and_its_file_is_kept(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, b = joined(netns_factory)
    file = tmp_path / "x.pcapng"
    with capturing(a, "v0", "--pcap", file) as capture:
        b.run(sys.executable, FLOOD, "v1", "100", "58", "ethernet")
        time.sleep(1.5)
        os.kill(engine_of(capture.process.pid), signal.SIGKILL)
        assert capture.wait() == 1
    assert "killed by signal 9" in capture.stderr.splitlines()[-1]
    assert "58 packets captured" in capture.stderr
    assert packet_count(file) == 58


def test_a_full_disk_behind_print_is_one_line_and_a_failure(netns: NetworkNamespace) -> None:
    with open("/dev/full", "wb") as full, capturing(netns, "lo", "--print", stdout=full) as capture:
        ping(netns, "127.0.0.1", 3)
        assert capture.wait() == 1
    assert "Traceback" not in capture.stderr
    assert capture.stderr.splitlines()[-1].startswith("tunscope: ")
    assert "No space left" in capture.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("delay", [0.1, 0.5])
def test_a_signal_while_starting_leaves_nothing_behind(
    netns: NetworkNamespace, tmp_path: Path, number: signal.Signals, delay: float
) -> None:
    netns.ip("tuntap add dev tun3 mode tun")
    file = tmp_path / "x.pcapng"
    words = ["tun3", "--addr", "10.9.0.1/24", "--pcap", file]
    process = netns.popen(
        sys.executable, "-m", "tunscope", *words, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 10
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(delay)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=10)
    assert "Traceback" not in stderr
    deadline = time.monotonic() + 3
    while "10.9.0.1" in netns.ip("addr show dev tun3") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "10.9.0.1" not in netns.ip("addr show dev tun3")
    if "capturing to" not in stderr:
        assert not file.exists()


def test_an_attached_device_that_was_configured_may_vanish(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.ip("tuntap add dev tun3 mode tun")
    file = tmp_path / "x.pcapng"
    words = ("--addr", "10.9.0.1/24", "--route", "10.10.0.0/16", "--mtu", "1400")
    with capturing(netns, "tun3", *words, "--pcap", file) as capture:
        netns.ip("link del tun3")
        assert capture.wait() == 1
    assert "tun3: the device was deleted" in capture.stderr


def test_files_of_n_packets_hold_n_packets_in_a_burst(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, b = joined(netns_factory)
    words = ("--pcap", tmp_path / "x.pcapng", "-b", "packets:100", "-c", "2000")
    with capturing(a, "v0", *words) as capture:
        b.run(sys.executable, FLOOD, "v1", "100", "2000", "ethernet")
        assert capture.wait() == 0
    assert [packet_count(file) for file in sorted(tmp_path.iterdir())] == [100] * 20


def test_a_duration_also_ends_a_capture_under_full_load(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    words = ("--addr", "10.9.0.1/24", "--pcap", tmp_path / "x.pcapng", "-a", "duration:1.5")
    with capturing(netns, "tun0", *words) as capture:
        flood = netns.popen(sys.executable, FLOOD, "tun0", "60", "30000000", "ip")
        started = time.monotonic()
        try:
            assert capture.wait() == 0
        finally:
            took = time.monotonic() - started
            flood.kill()
    assert took < 15, took


def test_nobody_reading_stderr_is_no_failure(netns: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    with capturing(netns, "lo", "--pcap", file, "-c", "4", "icmp") as capture:
        assert capture.process.stderr is not None
        capture.process.stderr.close()
        ping(netns, "127.0.0.1", 5)
        assert capture.process.wait(10) == 0


def test_a_capture_under_nohup_outlives_the_hangup(netns: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    words = ("lo", "--pcap", file, "icmp")
    with capturing(netns, *words, preexec_fn=ignore_hangups) as capture:
        capture.process.send_signal(signal.SIGHUP)
        os.kill(engine_of(capture.process.pid), signal.SIGHUP)
        time.sleep(0.3)
        ping(netns, "127.0.0.1", 3)
        assert capture.interrupt() == 0
    assert packet_count(file) == 6


def ignore_hangups() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_frames_for_others_are_left_alone_when_asked(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, _ = joined(netns_factory)
    file = tmp_path / "x.pcapng"
    for words, wanted in (((), 1), (("-p",), 0)):
        with capturing(a, "v0", "--pcap", file, *words) as capture:
            (link,) = json.loads(a.ip("-d -j link show dev v0"))
            assert link["promiscuity"] == wanted
            assert capture.interrupt() == 0
    (link,) = json.loads(a.ip("-d -j link show dev v0"))
    assert link["promiscuity"] == 0


def test_a_killed_front_end_and_a_stalled_reader_do_not_keep_the_device(
    netns: NetworkNamespace,
) -> None:
    netns.disable_ipv6()
    read_end, write_end = os.pipe()
    with capturing(netns, "tun0", "--addr", "10.9.0.1/24", "--pcap", "-", stdout=write_end) as c:
        os.close(write_end)
        netns.run(sys.executable, FLOOD, "tun0", "100", "3000", "ip")
        time.sleep(0.5)
        c.process.kill()
        c.process.wait()
    deadline = time.monotonic() + 15
    while netns.links() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert netns.links() == []
    os.close(read_end)
