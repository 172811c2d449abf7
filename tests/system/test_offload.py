"""Unsegmented packets between two devices: whole while nobody looks, ordinary when one does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from capturing import capturing, tshark_fields
from network_namespace import NetworkNamespace

SIZE = 4_000_000
SERVER = f"""
import socket
s = socket.create_server(("10.9.0.2", 9000)); print("ready", flush=True)
c, _ = s.accept(); data = bytearray()
while len(data) < {SIZE}: data += c.recv(1 << 20)
c.sendall(data[::-1]); c.shutdown(socket.SHUT_WR); c.recv(1)
"""
CLIENT = f"""
import random, socket
sent = random.Random(1).randbytes({SIZE})
s = socket.create_connection(("10.9.0.2", 9000), 20); s.sendall(sent); got = bytearray()
while len(got) < {SIZE}: got += s.recv(1 << 20)
print(got[::-1] == sent)
"""


@pytest.mark.parametrize(
    ("words", "unsegmented"),
    [((), True), (("--rule", "icmp => drop"), False), (("-s", "100"), True)],
)
def test_a_transfer_arrives_whole(
    netns_factory: Callable[[], NetworkNamespace],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    unsegmented: bool,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    here, there = netns_factory(), netns_factory()
    for one in (here, there):
        one.disable_ipv6()
    file = tmp_path / "out.pcapng"
    peer = ("--peer", f"device:tun1@{there.name}", "--offload")
    with capturing(here, "tun0", "--addr", "10.9.0.1/24", *peer, "--pcap", file, *words) as capture:
        there.ip("addr add 10.9.0.2/24 dev tun1")
        there.ip("link set tun1 up")
        server = there.popen(sys.executable, "-c", SERVER, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        assert here.python(CLIENT).stdout == "True\n"
        if "--rule" in words:  # which drops it
            lost, patience = "100%", "1"
        else:
            lost, patience = "0%", "10"
        ping = ("ping", "-c", "1", "-W", patience, "10.9.0.2")
        assert f" {lost} packet loss" in here.run(*ping, check=False).stdout
        assert capture.interrupt() == 0
    rows = tshark_fields(file, "frame.len", "frame.packet_flags")
    flags = [int(row[1], 16) for row in rows]
    large = [row for row in rows if int(row[0]) > 1500]
    assert bool(large) == unsegmented
    assert any(flag & 1 << 11 for flag in flags) == unsegmented, "marked as segments to be made"
    assert any(flag & 1 << 9 for flag in flags) == unsegmented, "and with a partial checksum"


def test_a_peer_without_the_header_gets_ordinary_packets(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    here, there = netns_factory(), netns_factory()
    there.ip("tuntap add dev tun1 mode tun vnet_hdr")
    there.ip("addr add 10.9.0.2/24 dev tun1")
    there.ip("link set tun1 up")
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", tmp_path / "out.pcapng")
    with capturing(here, *words, "--peer", f"device:tun1@{there.name}") as capture:
        assert " 0% packet loss" in here.run("ping", "-c", "2", "-i", "0.1", "10.9.0.2").stdout
        assert capture.interrupt() == 0
