"""`--peer` on real devices: the kernel itself asks, and judges the answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from capturing import Capturing, capturing, tshark_fields
from network_namespace import NetworkNamespace


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


def pings(netns: NetworkNamespace, target: str, count: int = 3) -> str:
    return netns.run("ping", "-c", str(count), "-i", "0.1", "-W", "2", target).stdout


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_everybody_at_the_far_end_answers_pings(
    netns: NetworkNamespace, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "out.pcapng"
    words = (f"{kind}0", "--addr", "10.9.0.1/24", "--addr", "fd00:9::1/64", "--pcap", file)
    with capturing(netns, *words, "--peer", "respond") as capture:
        assert " 0% packet loss" in pings(netns, "10.9.0.77")
        while netns.ip("-6 addr show tentative"):  # the kernel checks a tap's address first
            netns.run("sleep", "0.1")
        assert " 0% packet loss" in pings(netns, "fd00:9::77")
        assert capture.interrupt() == 0
    assert "packets answered by the peer" in capture.stderr
    replies = [row for row in tshark_fields(file, "icmp.type", "icmpv6.type") if row[0] == "0"]
    assert len(replies) == 3


def test_services_are_switched_on_by_name(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    hosts = tmp_path / "hosts"
    hosts.write_text("# names\n10.9.0.42 answer.test other.test\n")
    services = f"respond:tcp-rst,udp-echo,dns={hosts}"
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", tmp_path / "out.pcapng")
    code = """
import socket, struct
try:
    socket.create_connection(("10.9.0.5", 80), 3)
except ConnectionRefusedError:
    print("refused")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
s.sendto(b"hello", ("10.9.0.5", 7)); print(s.recv(99).decode())
query = struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\\6answer\\4test\\0" + struct.pack(">2H", 1, 1)
s.sendto(query, ("10.9.0.53", 53)); print(socket.inet_ntoa(s.recv(512)[-4:]))
"""
    with capturing(netns, *words, "--peer", services) as capture:
        assert netns.python(code).stdout.split() == ["refused", "hello", "10.9.0.42"]
        assert capture.interrupt() == 0


def test_two_devices_are_joined(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    here, there = netns_factory(), netns_factory()
    for one in (here, there):
        one.disable_ipv6()
    there.ip("tuntap add dev tun1 mode tun")
    there.ip("addr add 10.9.0.2/24 dev tun1")
    there.ip("link set tun1 up")
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", tmp_path / "out.pcapng")
    with capturing(here, *words, "--peer", f"device:tun1@{there.name}") as capture:
        assert " 0% packet loss" in pings(here, "10.9.0.2")
        for state, received in (("down", 0), ("up", 1)):
            there.ip(f"link set tun1 {state}")
            done = here.run("ping", "-c", "1", "-W", "1", "10.9.0.2", check=False)
            assert f"1 packets transmitted, {received} received" in done.stdout
        here.run("sleep", "1.2")
        there.ip("link del tun1")
        assert here.run("ping", "-c", "1", "-W", "1", "10.9.0.2", check=False).returncode == 1
        here.run("sleep", "1.2")
        assert capture.interrupt() == 0
    news = [line for line in capture.stderr.splitlines() if line.startswith("tunscope: tun1 ")]
    assert news == [
        "tunscope: tun1 is down: it takes no packets until it is up",
        "tunscope: tun1 is up again",
        "tunscope: tun1 was deleted: nobody is at the far end any more",
    ]
    assert "could not be passed on" in capture.stderr


def nodes(netns_factory: Callable[[], NetworkNamespace]) -> tuple[NetworkNamespace, ...]:
    """Return two machines on one network, 192.168.7.1 and .2."""
    one, two = netns_factory(), netns_factory()
    for node in (one, two):
        node.disable_ipv6()
    subprocess.run(
        ["ip", "link", "add", "v1", "netns", one.name, "type", "veth", "peer", "v2", "netns",
         two.name], check=True,
    )  # fmt: skip
    for node, number in ((one, 1), (two, 2)):
        node.ip(f"addr add 192.168.7.{number}/24 dev v{number}")
        node.ip(f"link set v{number} up")
    return one, two


def overlay(file: Path, mine: int, other: int, *words: str) -> list[str]:
    prefix = f"udp:172.{other}.0.0/16=192.168.7.{other}:8285"
    return [
        "tun0", "--addr", f"172.{mine}.0.1/16", "--route", f"172.{other}.0.0/16",
        "--peer", prefix, "--pcap", str(file), *words,
    ]  # fmt: skip


TRANSFER = """
import socket, sys
data = bytes(range(256)) * 2000
if sys.argv[1] == "server":
    s = socket.create_server(("172.2.0.1", 9000)); print("ready", flush=True)
    c, _ = s.accept(); got = bytearray()
    while len(got) < len(data): got += c.recv(1 << 20)
    c.sendall(got)
else:
    s = socket.create_connection(("172.2.0.1", 9000), 20); s.sendall(data); got = bytearray()
    while len(got) < len(data): got += s.recv(1 << 20)
    print(got == data)
"""


NO = "--no-offload"
AT_MOST = ("-a", "duration:60")


@pytest.mark.parametrize("offload", [(NO, NO), ("", "--offload"), ("", NO)])
def test_an_overlay_joins_two_nodes_and_lets_nobody_else_in(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path, offload: tuple[str, str]
) -> None:
    one, two = nodes(netns_factory)
    two.ip("addr add 192.168.7.99/24 dev v2")
    first, second = tmp_path / "1.pcapng", tmp_path / "2.pcapng"
    with (
        capturing(one, *overlay(first, 1, 2, *filter(None, offload[:1]))) as left,
        capturing(two, *overlay(second, 2, 1, *filter(None, offload[1:]))) as right,
    ):
        assert " 0% packet loss" in pings(one, "172.2.0.1")
        assert " 0% packet loss" in pings(two, "172.1.0.1")
        server = two.popen("python3", "-c", TRANSFER, "server", stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        assert one.run("python3", "-c", TRANSFER, "client").stdout == "True\n"
        strange = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("192.168.7.99", 8286))
s.sendto(bytes.fromhex("4500001400010000401100000a0100010a020001"), ("192.168.7.1", 8285))
"""
        two.python(strange)
        _end(left)
        _end(right)
    assert "1 packets of unknown or broken origin refused" in left.stderr
    assert "refused" not in right.stderr
    rows = tshark_fields(first, "icmp.type", "frame.len")
    assert len([row for row in rows if row[0]]) == 12
    assert any(int(row[1]) > 3000 for row in rows) == (offload[0] != NO)


FORWARDER = Path(__file__).parents[2] / "benchmarks" / "overlay_forwarder.c"


@pytest.mark.parametrize("words", [(), (NO,)], ids=["offload", "plain"])
def test_a_program_that_moves_one_packet_a_call_is_a_peer(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path, words: tuple[str, ...]
) -> None:
    program = tmp_path / "forwarder"
    subprocess.run(["cc", "-O2", "-o", program, FORWARDER], check=True)
    one, two = nodes(netns_factory)
    two.ip("tuntap add dev tun0 mode tun")
    two.ip("addr add 172.2.0.1/16 dev tun0")
    two.ip("link set tun0 up")
    two.ip("route add 172.1.0.0/16 dev tun0")
    other = two.popen(
        str(program), "tun0", "192.168.7.1", "8285", stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    with capturing(one, *overlay(tmp_path / "1.pcapng", 1, 2, *words, *AT_MOST)) as capture:
        assert " 0% packet loss" in pings(one, "172.2.0.1")
        server = two.popen("python3", "-c", TRANSFER, "server", stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        assert one.run("python3", "-c", TRANSFER, "client").stdout == "True\n"
        other.kill()
        other.wait()
        lost = ("ping", "-c", "2", "-i", "0.1", "-W", "0.2", "172.2.0.1")
        assert one.run(*lost, check=False).returncode == 1
        assert capture.process.stderr is not None
        told = iter(capture.process.stderr.readline, "")
        assert any("the peer 192.168.7.2:8285 does not answer" in line for line in told)
        _end(capture)
    assert "refused" not in capture.stderr.replace("Connection refused", "")


def _end(capture: Capturing) -> None:
    assert capture.interrupt() == 0


def test_a_peer_of_an_observed_device_is_refused(netns: NetworkNamespace, tmp_path: Path) -> None:
    done = netns.tunscope("lo", "--peer", "respond", "--pcap", str(tmp_path / "x.pcapng"))
    assert done.returncode == 2
    assert "only an owned device has one" in done.stderr


def test_a_port_that_is_taken_is_told(netns: NetworkNamespace, tmp_path: Path) -> None:
    holder = "import socket,time; s=socket.socket(2,2); s.bind(('',8285)); time.sleep(20)"
    netns.popen("python3", "-c", holder)
    netns.run("sleep", "0.4")
    done = netns.tunscope(
        "tun0", "--peer", "udp:127.0.0.1:8285", "--pcap", str(tmp_path / "x.pcapng")
    )
    assert done.returncode == 1
    assert "--peer-bind PORT" in done.stderr
    assert netns.links() == []
