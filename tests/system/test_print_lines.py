"""`--print`: a line a packet while the capture runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from capturing import capturing, tshark_fields
from network_namespace import NetworkNamespace


def pinging(netns: NetworkNamespace, count: int = 20) -> None:
    netns.popen(
        "ping", "-q", "-i", "0.02", "-c", str(count), "10.9.0.2",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_arp_on_a_tap_is_printed_with_macs_and_ethertype(netns: NetworkNamespace) -> None:
    netns.disable_ipv6()
    words = ("tap0", "--addr", "10.9.0.1/24", "--mac", "02:00:00:00:00:09", "--print", "-c", "1")
    with capturing(netns, *words) as capture:
        pinging(netns)
        assert capture.wait() == 0
    (line,) = capture.stdout.splitlines()
    for word in ("02:00:00:00:00:09", "ff:ff:ff:ff:ff:ff", "0x0806", "Who has 10.9.0.2?", "↑"):
        assert word in line


def test_lines_and_file_hold_the_same_packets(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file = tmp_path / "x.pcapng"
    words = ("tun0", "--addr", "10.9.0.1/24", "--print", "--pcap", file, "-c", "6")
    with capturing(netns, *words) as capture:
        pinging(netns)
        assert capture.wait() == 0
    numbers = [int(line.split()[0]) for line in capture.stdout.splitlines()]
    assert numbers == [1, 2, 3, 4, 5, 6]
    infos = tshark_fields(file, "_ws.col.Info")
    for line, (info,) in zip(capture.stdout.splitlines(), infos, strict=True):
        assert line.endswith(info.split("(no response")[0].strip())


def test_a_capture_on_stdout_prints_on_stderr(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file = tmp_path / "copied.pcapng"
    words = ("tun0", "--addr", "10.9.0.1/24", "--print", "--pcap", "-", "-c", "5", "-q")
    with file.open("wb") as stdout:
        process = netns.popen(
            sys.executable, "-m", "tunscope", *words, stdout=stdout, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        while netns.run("ip", "addr", "show", "tun0", check=False).stdout.count("10.9.0.1") == 0:
            assert process.poll() is None
        pinging(netns, 60)
        _, printed = process.communicate(timeout=20)
    assert process.returncode == 0
    assert len(tshark_fields(file, "ip.dst")) == len(printed.splitlines()) == 5


def test_a_reader_that_leaves_ends_the_capture_quietly(netns: NetworkNamespace) -> None:
    netns.disable_ipv6()
    command = f"{sys.executable} -m tunscope tun0 --addr 10.9.0.1/24 --print -q | head -2"
    shell = netns.popen(
        "sh", "-c", command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while netns.run("ip", "addr", "show", "tun0", check=False).stdout.count("10.9.0.1") == 0:
        assert shell.poll() is None
    pinging(netns, 60)
    stdout, stderr = shell.communicate(timeout=20)
    assert len(stdout.splitlines()) == 2
    assert stderr == ""
    assert netns.links() == []
