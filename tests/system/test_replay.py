"""`tunscope replay` on real devices: what arrives is what tshark shows of the source, on time."""

from __future__ import annotations

import contextlib
import json
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from capturing import capturing, packet_count, tshark_fields
from network_namespace import NetworkNamespace
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from terminal_screen import tunscope

NULL, ETHERNET, RAW, SLL, SLL2 = 0, 1, 101, 113, 276
SENDER = "02:aa:00:00:00:01"


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


def pcap(path: Path, linktype: int, packets: list[bytes], gap: float = 0.0) -> Path:
    """Write a pcap file by hand, nanosecond times."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for index, packet in enumerate(packets):
        seconds, rest = divmod(round(index * gap * 1e9), 10**9)
        out.append(struct.pack("<IIII", 1000 + seconds, rest, len(packet), len(packet)) + packet)
    path.write_bytes(b"".join(out))
    return path


def ip_packets() -> list[bytes]:
    return [
        bytes(IP(src="10.9.0.2", dst="10.9.0.9") / UDP(sport=1, dport=2) / b"odd"),
        bytes(IPv6(src="fd00::2", dst="fd00::9") / UDP(sport=3, dport=4) / b"six"),
        bytes(IP(src="10.9.0.2", dst="10.9.0.9", ttl=3) / ICMP() / (b"x" * 500)),
    ]


ARP_PACKET = bytes(ARP(hwsrc=SENDER, psrc="10.9.0.2", pdst="10.9.0.9"))


def kind_of(packet: bytes) -> int:
    return {4: 0x0800, 6: 0x86DD}.get(packet[0] >> 4, 0x0806)


def framed(kind: str, packet: bytes) -> bytes:
    protocol, mac = kind_of(packet).to_bytes(2, "big"), bytes.fromhex(SENDER.replace(":", ""))
    match kind:
        case "ethernet":
            return (b"\2\0\0\0\0\7" + mac + protocol + packet).ljust(60, b"\0")
        case "vlan":
            return b"\2\0\0\0\0\7" + mac + b"\x81\0\0\5" + protocol + packet
        case "sll":
            return b"\0\0\0\1\0\6" + mac + b"\0\0" + protocol + packet
        case "sll2":
            return protocol + b"\0\0\0\0\0\1\0\1\0\6" + mac + b"\0\0" + packet
        case "null":
            return (2 if kind_of(packet) == 0x0800 else 30).to_bytes(4, "little") + packet
    return packet


LINKTYPES = {
    "ethernet": ETHERNET, "vlan": ETHERNET, "raw": RAW, "sll": SLL, "sll2": SLL2, "null": NULL,
}  # fmt: skip


def ip_packets_by_tshark(file: Path) -> list[str]:
    """Return what tshark shows as the IP packet of each packet that has one."""
    command = ["tshark", "-n", "-r", str(file), "-T", "jsonraw"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = []
    for packet in json.loads(output):
        layers: dict[str, Any] = packet["_source"]["layers"]
        frame = layers["frame_raw"][0]
        if "ip_raw" in layers:
            start, size = layers["ip_raw"][1], int(layers["ip"]["ip.len_raw"][0], 16)
        elif "ipv6_raw" in layers:
            start, size = layers["ipv6_raw"][1], 40 + int(layers["ipv6"]["ipv6.plen_raw"][0], 16)
        else:
            continue
        found.append(frame[2 * start : 2 * (start + size)])
    return found


def frames_by_tshark(file: Path) -> list[str]:
    command = ["tshark", "-n", "-r", str(file), "-T", "jsonraw"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [packet["_source"]["layers"]["frame_raw"][0] for packet in json.loads(output)]


@contextlib.contextmanager
def tcpdump(netns: NetworkNamespace, device: str, file: Path, *words: str) -> Iterator[None]:
    # -B: its ring has a place of 64 KiB a packet, 32 in all without it.
    child = netns.popen(
        "tcpdump", "-Z", "root", "-i", device, "-Q", "in", "-w", file, "--immediate-mode",
        "-B", "16384", *words,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    line = child.stderr.readline()
    while "listening" not in line:
        line = child.stderr.readline()
    yield
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    child.wait(timeout=10)


def wait_for_packets(netns: NetworkNamespace, device: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        (link,) = json.loads(netns.ip(f"-j -s link show {device}"))
        if link["stats64"]["rx"]["packets"] >= 5:
            time.sleep(0.3)
            return
        time.sleep(0.05)
    raise AssertionError("nothing was replayed")


def persistent(netns: NetworkNamespace, name: str, mode: str) -> None:
    netns.ip(f"tuntap add {name} mode {mode}")
    netns.ip(f"link set {name} up")


@pytest.mark.parametrize("mode", ["tun", "tap"])
def test_every_link_type_becomes_what_the_device_carries(
    quiet: NetworkNamespace, tmp_path: Path, mode: str
) -> None:
    persistent(quiet, "dev0", mode)
    expected: list[str] = []
    skipped = {}
    with tcpdump(quiet, "dev0", tmp_path / "out.pcap"):
        for kind, linktype in LINKTYPES.items():
            packets = ip_packets() + ([] if kind in {"raw", "null"} else [ARP_PACKET])
            file = pcap(tmp_path / kind, linktype, [framed(kind, packet) for packet in packets])
            words = ("--side", "kernel", "--topspeed", "--wait", "0", "--json")
            done = quiet.tunscope("replay", file, "dev0", *words)
            assert done.returncode == 0, done.stderr
            skipped[kind] = json.loads(done.stdout)["skipped"]
            expected += (
                frames_by_tshark(file)
                if mode == "tap" and linktype == ETHERNET
                else ip_packets_by_tshark(file)
            )
            if mode == "tap" and kind in {"sll", "sll2"}:
                expected.append(ARP_PACKET.hex())
    arrived = frames_by_tshark(tmp_path / "out.pcap")
    if mode == "tap":
        whole = len(frames_by_tshark(tmp_path / "ethernet")) * 2
        made = arrived[whole:]
        for frame in made:
            assert frame[24:28] == f"{kind_of(bytes.fromhex(frame[28:])):04x}"
        arrived = arrived[:whole] + [frame[28:] for frame in made]
    assert arrived == expected
    if mode == "tun":
        assert skipped["ethernet"] == skipped["sll2"] == {"no IP packet": 1}
    else:
        assert not any(skipped.values())


def test_the_frame_of_a_cooked_packet_keeps_its_sender(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    persistent(quiet, "tap0", "tap")
    file = pcap(tmp_path / "in", SLL2, [framed("sll2", ip_packets()[0])])
    with tcpdump(quiet, "tap0", tmp_path / "out.pcap"):
        quiet.tunscope("replay", file, "tap0", "--wait", "0")
        words = ("--src-mac", "02:00:00:00:00:55", "--dst-mac", "02:00:00:00:00:66")
        quiet.tunscope("replay", file, "tap0", "--wait", "0", *words)
    mac = quiet.ip("-br link show tap0").split()[2]
    assert tshark_fields(tmp_path / "out.pcap", "eth.src", "eth.dst") == [
        [SENDER, mac],
        ["02:00:00:00:00:55", "02:00:00:00:00:66"],
    ]


def test_the_gaps_of_the_capture_are_kept(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    a, b = netns_factory(), netns_factory()
    for side in (a, b):
        side.disable_ipv6()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    a.ip("link set v0 up")
    b.ip("link set v1 up")
    frame = bytes(Ether(dst="02:00:00:00:00:02", src=SENDER) / ip_packets()[0])
    file = pcap(tmp_path / "in", ETHERNET, [frame] * 40, gap=0.01)
    with tcpdump(b, "v1", tmp_path / "out.pcap"):
        done = a.tunscope("replay", file, "v0", "--speed", "2", "--json", "--wait", "0")
    report = json.loads(done.stdout)
    assert report["sent"] == 40
    assert report["duration"] >= 0.195
    rows = tshark_fields(tmp_path / "out.pcap", "frame.time_relative")
    assert len(rows) == 40
    assert float(rows[-1][0]) > 0.15, "39 gaps of 5 ms, on a machine that may be late"


def test_a_capture_of_a_tun_replayed_as_recorded_gets_the_same_answers(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    recorded, again = tmp_path / "recorded.pcapng", tmp_path / "again.pcapng"
    device = ("tun7", "--addr", "10.9.0.1/24")
    with capturing(quiet, *device, "--pcap", recorded) as capture:
        words = ("-c", "5", "-i", "0.02", "--increment", "icmp.seq", "--wait", "0.3")
        quiet.tunscope("inject", "tun7", "--template", "ping", *words)
        assert capture.interrupt() == 0
    with capturing(quiet, *device, "--pcap", again) as capture:
        words = ("--side", "as-recorded", "--json")
        done = quiet.tunscope("replay", recorded, "tun7", *words)
        assert capture.interrupt() == 0
    report = json.loads(done.stdout)
    assert report["sent"] == report["answers"] == 5
    assert report["skipped"] == {"nobody is at the far end": 5}
    fields = ("frame.packet_flags_direction", "ip.src", "ip.dst", "icmp.type", "icmp.seq", "data")
    rows = tshark_fields(again, *fields)
    assert len(rows) == 10
    assert sorted(rows) == sorted(tshark_fields(recorded, *fields))
    assert ["tunscope: replayed"] in tshark_fields(again, "frame.comment")


def test_filters_ranges_and_limits_select(quiet: NetworkNamespace, tmp_path: Path) -> None:
    packets = [bytes(IP(src="10.9.0.2", dst="10.9.0.9") / UDP(dport=n)) for n in range(1, 21)]
    file = pcap(tmp_path / "in", RAW, packets)
    words = ("-Y", "udp.dstport > 5", "--range", "3-8,12-", "--limit", "6", "--wait", "0")
    persistent(quiet, "tun0", "tun")
    with tcpdump(quiet, "tun0", tmp_path / "out.pcap"), file.open("rb") as stream:
        done = quiet.tunscope("replay", "-", "tun0", *words, stdin=stream)
    assert done.returncode == 0, done.stderr
    rows = tshark_fields(tmp_path / "out.pcap", "udp.dstport")
    assert [int(row[0]) for row in rows] == [6, 7, 8, 12, 13, 14]


def test_what_is_too_long_or_cut_is_counted_and_not_sent(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    file = tmp_path / "in"
    long, whole = bytes(IP(dst="10.9.0.9") / UDP() / (b"x" * 1600)), ip_packets()[0]
    pcap(file, RAW, [long, whole])
    cut = struct.pack("<IIII", 1000, 0, 20, len(whole)) + whole[:20]
    file.write_bytes(file.read_bytes() + cut)
    persistent(quiet, "tun0", "tun")
    with tcpdump(quiet, "tun0", tmp_path / "out.pcap"):
        done = quiet.tunscope("replay", file, "tun0", "--wait", "0")
        strict = quiet.tunscope("replay", file, "tun0", "--wait", "0", "--strict")
    assert done.returncode == 0
    assert "1 packets skipped: longer than the device's MTU" in done.stdout
    assert "1 packets skipped: cut short when captured" in done.stdout
    assert strict.returncode == 2
    assert "packet 1: longer than the device's MTU" in strict.stderr
    assert packet_count(tmp_path / "out.pcap") == 1


def test_a_device_that_goes_down_ends_it(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets(), gap=0.05)
    persistent(quiet, "tun0", "tun")
    child = quiet.popen(
        sys.executable, "-m", "tunscope", "replay", file, "tun0", "--loop", "0",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    child.stderr.readline()
    wait_for_packets(quiet, "tun0")
    quiet.ip("link set tun0 down")
    stdout, stderr = child.communicate(timeout=20)
    assert child.returncode == 1
    assert "the device is down" in stderr
    assert "ended early" in stdout


@pytest.mark.parametrize(
    ("content", "words", "why"),
    [
        (b"", (), "has no packets to replay"),
        (b"neither fish nor flesh", (), "neither a pcap nor a pcapng"),
        (None, ("--speed", "-3"), "is not between"),
        (None, ("--pps", "1e300"), "is not between"),
        (None, ("--mbps", "nan"), "is not between"),
        (None, ("--speed", "2", "--topspeed"), "two speeds at once"),
        (None, ("--range", "9-"), "no packet was selected"),
        (None, ("-Y", "ip.ttl =="), ""),
    ],
)
def test_bad_input_is_told_in_a_line_and_nothing_is_sent(
    quiet: NetworkNamespace, tmp_path: Path, content: bytes | None, words: tuple[str, ...], why: str
) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets())
    if content is not None:
        file.write_bytes(content)
    done = quiet.tunscope("replay", file, "tun0", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert quiet.links() == []


def test_an_unknown_link_type_is_refused(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = pcap(tmp_path / "in", 105, [b"\x80" * 60])
    done = quiet.tunscope("replay", file, "tun0")
    assert done.returncode == 2
    assert "IEEE802_11 is not converted" in done.stderr


def test_a_capture_with_a_replay_in_it_has_both_and_ends_with_it(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    packets = [bytes(IP(src="10.9.0.2", dst="10.9.0.1") / ICMP(id=7, seq=n)) for n in range(3)]
    file, out = pcap(tmp_path / "in", RAW, packets), tmp_path / "out.pcapng"
    words = ("--addr", "10.9.0.1/24", "--replay", file, "--pcap", out, "--wait", "0.3", "--json")
    done = quiet.tunscope("tun0", *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["sent"] == report["answers"] == 3
    assert "6 packets captured" in done.stderr
    rows = tshark_fields(out, "frame.comment", "icmp.type", "icmp.seq")
    assert [row for row in rows if row[0]] == [
        ["tunscope: replayed", "8", str(n)] for n in range(3)
    ]
    assert [row for row in rows if not row[0]] == [["", "0", str(n)] for n in range(3)]


def veth(netns_factory: Callable[[], NetworkNamespace]) -> tuple[NetworkNamespace, ...]:
    """Return two quiet namespaces with v0 in the first and its peer v1 in the second, both up."""
    a, b = netns_factory(), netns_factory()
    for side in (a, b):
        side.disable_ipv6()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    a.ip("link set v0 up")
    b.ip("link set v1 up")
    return a, b


def test_what_an_observed_device_was_sent_is_marked_in_the_capture(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    a, b = veth(netns_factory)
    frames = [
        bytes(Ether(dst="02:00:00:00:00:02", src=SENDER) / IP(dst="10.9.0.9") / UDP(dport=n))
        for n in range(1, 41)
    ]
    file, out = pcap(tmp_path / "in", ETHERNET, frames), tmp_path / "out.pcapng"
    with tcpdump(b, "v1", tmp_path / "seen.pcap"):
        words = ("--replay", file, "--topspeed", "--wait", "0.1")
        done = a.tunscope("v0", "udp dst port 7 or udp dst port 40", "--pcap", out, *words)
    assert done.returncode == 0, done.stderr
    assert packet_count(tmp_path / "seen.pcap") == 40
    fields = ("udp.dstport", "frame.comment", "frame.packet_flags_direction")
    replayed = ["tunscope: replayed", "0x00000002"]
    assert tshark_fields(out, *fields) == [["7", *replayed], ["40", *replayed]]


def test_bare_packets_find_their_neighbours_on_a_network(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    a, b = netns_factory(), netns_factory()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    for netns, device, host in ((a, "v0", 1), (b, "v1", 2)):
        netns.ip(f"addr add 10.9.0.{host}/24 dev {device}")
        netns.ip(f"addr add fd00::{host}/64 dev {device} nodad")
        netns.ip(f"link set {device} up")
    ends = [("10.9.0.1", to) for to in ("10.9.0.2", "10.9.0.77", "10.9.0.255", "224.0.0.5")]
    packets = [bytes(IP(src=src, dst=dst) / UDP(dport=4242)) for src, dst in ends]
    packets.append(bytes(IPv6(src="fd00::1", dst="fd00::2") / UDP(dport=4242)))
    file = pcap(tmp_path / "in", RAW, packets)
    words = ("--topspeed", "--wait", "0", "--map", "10.9.0.0/24=10.9.0.0/24")
    a.run("ping", "-q", "-c", "1", "-w", "10", "fd00::2")  # IPv6 begins a while after the link
    with tcpdump(b, "v1", tmp_path / "out.pcap", "udp dst port 4242"):
        done = a.tunscope("replay", file, "v0", *words)
    assert done.returncode == 0, done.stderr
    assert "nobody answers for 1 address: packets there go to everybody" in done.stderr
    mac = b.ip("-br link show v1").split()[2]
    everybody = "ff:ff:ff:ff:ff:ff"
    rows = tshark_fields(tmp_path / "out.pcap", "eth.dst")
    assert [row[0] for row in rows] == [mac, everybody, everybody, "01:00:5e:00:00:05", mac]


def test_packets_are_sent_one_a_key(quiet: NetworkNamespace, tmp_path: Path) -> None:
    packets = [bytes(IP(src="10.9.0.2", dst="10.9.0.9") / UDP(dport=n)) for n in range(1, 7)]
    file = pcap(tmp_path / "in", RAW, packets, gap=3600)
    persistent(quiet, "tun0", "tun")

    def received() -> int:
        (link,) = json.loads(quiet.ip("-j -s link show tun0"))
        return int(link["stats64"]["rx"]["packets"])

    words = ("replay", str(file), "tun0", "--step", "--wait", "0")
    folder = str(tmp_path / "run")
    with tunscope(quiet, tmp_path, *words, XDG_RUNTIME_DIR=folder) as screen:
        screen.until("0 of 6")
        for count in (1, 2):
            screen.press(" ")
            screen.until(f"{count} of 6")
            assert received() == count
        screen.press("q")
        assert screen.end() == 0
        assert "2 packets sent" in screen.text()
        assert "ended early: stopped" in screen.text()


def test_keys_need_a_terminal(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets())
    command = quiet.command("setsid", "-w", sys.executable, "-m", "tunscope")
    for words, why in (
        (["replay", file, "tun0", "--step"], "there is no terminal to press keys in"),
        (["tun0", "--replay", file, "--step", "--pcap", tmp_path / "out"], "takes no keys"),
        (["replay", file, "tun0", "--marked"], "marks are made in the screen"),
    ):
        done = subprocess.run(
            [*command, *map(str, words)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert why in done.stderr
    assert quiet.links() == []


@pytest.mark.parametrize("keep", [True, False])
def test_tags_are_kept_or_stripped(quiet: NetworkNamespace, tmp_path: Path, keep: bool) -> None:
    persistent(quiet, "tap0", "tap")
    file = pcap(tmp_path / "in", ETHERNET, [framed("vlan", packet) for packet in ip_packets()])
    words = () if keep else ("--vlan", "strip")
    with tcpdump(quiet, "tap0", tmp_path / "out.pcap"):
        done = quiet.tunscope("replay", file, "tap0", "--topspeed", "--wait", "0", *words)
    assert done.returncode == 0, done.stderr
    sent, arrived = frames_by_tshark(file), frames_by_tshark(tmp_path / "out.pcap")
    assert arrived == (sent if keep else [frame[:24] + frame[32:] for frame in sent])


def test_ends_decide_the_sides(
    netns_factory: Callable[[], NetworkNamespace], tmp_path: Path
) -> None:
    netns = netns_factory()
    netns.disable_ipv6()
    netns.ip("tuntap add tun0 mode tun")
    netns.ip("tuntap add tun1 mode tun")
    netns.ip("link set tun0 up")
    netns.ip("link set tun1 up")
    there, back = (
        bytes(IP(src=a, dst=b) / UDP(sport=1, dport=2) / b"x")
        for a, b in (("10.9.0.2", "10.9.0.9"), ("10.9.0.9", "10.9.0.2"))
    )
    file, out = pcap(tmp_path / "in", RAW, [there, back, there]), tmp_path / "out.pcapng"
    words = ("--peer", "device:tun1", "--replay", file, "--client", "10.9.0.2", "--wait", "0.2")
    with tcpdump(netns, "tun1", tmp_path / "peer.pcap"):
        done = netns.tunscope("tun0", *words, "--pcap", out, "--topspeed")
    assert done.returncode == 0, done.stderr
    rows = tshark_fields(out, "ip.src", "frame.packet_flags_direction", "frame.comment")
    marked = [row[:2] for row in rows if row[2]]
    assert marked == [
        ["10.9.0.2", "0x00000001"], ["10.9.0.9", "0x00000002"], ["10.9.0.2", "0x00000001"],
    ]  # fmt: skip
    assert frames_by_tshark(tmp_path / "peer.pcap") == [back.hex()]


def test_passes_have_their_pause_and_duration_ends_them(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets()[:1] * 3, gap=0.02)
    persistent(quiet, "tun0", "tun")
    words = ("--wait", "0", "--json", "-q")
    done = quiet.tunscope("replay", file, "tun0", "--loop", "3", "--loop-delay", "0.1", *words)
    report = json.loads(done.stdout)
    assert (report["sent"], report["planned"]) == (9, 9)
    assert report["duration"] >= 3 * 0.04 + 2 * 0.1
    assert report["planned_duration"] == pytest.approx(0.32)
    done = quiet.tunscope("replay", file, "tun0", "--loop", "0", "--duration", "0.3", *words)
    report = json.loads(done.stdout)
    assert report["end"] == "done"
    assert report["duration"] == pytest.approx(0.3, abs=0.05)
    assert set(report["timing"]) == {"median", "p95", "p99", "max"}


def test_options_of_a_replay_are_refused_without_one(tmp_path: Path) -> None:
    words = ["tun0", "--pcap", str(tmp_path / "x"), "--speed", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tunscope", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "tunscope: --speed: is for --replay FILE\n"


def test_packets_are_rewritten_on_their_way(quiet: NetworkNamespace, tmp_path: Path) -> None:
    long = bytes(IP(src="10.9.0.2", dst="10.9.0.9") / UDP(sport=7, dport=53) / (b"x" * 2000))
    file = pcap(tmp_path / "in", RAW, [ip_packets()[0], long])
    persistent(quiet, "tun0", "tun")
    words = ("--map", "10.9.0.0/24=192.168.7.0/24", "--map-port", "53=5353", "--ttl", "9")
    more = ("--set", "ip.dsfield.dscp=46", "--mtu", "fragment", "--wait", "0", "--topspeed")
    with tcpdump(quiet, "tun0", tmp_path / "out.pcap"):
        done = quiet.tunscope("replay", file, "tun0", *words, *more)
    assert done.returncode == 0, done.stderr
    assert "2 packets rewritten" in done.stdout
    assert "1 packets fragmented" in done.stdout
    checks = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    fields = ("ip.src", "ip.dst", "ip.ttl", "ip.dsfield.dscp", "ip.checksum.status",
              "udp.dstport", "udp.checksum.status")  # fmt: skip
    names = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-n", "-r", str(tmp_path / "out.pcap"), *checks, "-T", "fields", *names]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    start = ["192.168.7.2", "192.168.7.9", "9", "46", "1"]
    assert [line.split("\t") for line in output.splitlines()] == [
        [*start, "2", "1"],
        [*start, "", ""],
        [*start, "5353", "1"],
    ]


@pytest.mark.parametrize("within_capture", [False, True])
def test_a_device_that_is_deleted_ends_it_with_a_report(
    quiet: NetworkNamespace, tmp_path: Path, within_capture: bool
) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets(), gap=0.05)
    persistent(quiet, "tun0", "tun")
    words = ["replay", file, "tun0"]
    if within_capture:
        words = ["tun0", "--replay", file, "--pcap", tmp_path / "out.pcapng"]
    child = quiet.popen(
        sys.executable, "-m", "tunscope", *words, "--loop", "0",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    child.stderr.readline()
    wait_for_packets(quiet, "tun0")
    quiet.ip("link delete tun0")
    stdout, stderr = child.communicate(timeout=20)
    assert child.returncode == 1
    # the kernel takes a device down before it deletes it, and a packet may meet it so
    assert "the device was deleted" in stderr or "the device is down" in stderr
    assert "ended early" in stdout
    assert "packets sent" in stdout


def test_a_side_that_cannot_be_reached_is_refused(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = pcap(tmp_path / "in", RAW, ip_packets())
    done = quiet.tunscope("replay", file, "tun0", "--side", "wire")
    assert done.returncode == 2
    assert "nobody is at the far end" in done.stderr
    quiet.ip("link add v0 type veth peer name v1")
    done = quiet.tunscope("replay", file, "v0", "--side", "kernel")
    assert done.returncode == 2
    assert "belongs to whoever owns the device" in done.stderr
