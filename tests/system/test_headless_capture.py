"""`tunscope DEVICE --pcap` on real devices; tshark, capinfos, python-pcapng and scapy judge."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from capturing import capturing, packet_count, tshark_fields
from network_namespace import NetworkNamespace
from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket, InterfaceDescription

Factory = Callable[[], NetworkNamespace]

FLOOD = Path(__file__).parents[2] / "benchmarks" / "flood.py"


def pinging(netns: NetworkNamespace, address: str = "10.9.0.2", count: int = 50) -> None:
    netns.popen(
        "ping", "-q", "-i", "0.02", "-c", str(count), address,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_ten_packets_of_a_new_tun(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file = tmp_path / "out.pcapng"
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", file, "-a", "packets:10")
    with capturing(netns, *words) as capture:
        assert "created tun0" in capture.start_line
        assert "10.9.0.1/24" in capture.start_line
        pinging(netns)
        assert capture.wait() == 0
    assert "10 packets captured" in capture.stderr
    facts = subprocess.run(
        ["capinfos", "-M", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert "Number of packets:   10" in facts
    assert "Raw IP" in facts
    assert "nanoseconds" in facts
    rows = tshark_fields(file, "frame.packet_flags_direction", "ip.dst")
    assert rows == [["0x00000002", "10.9.0.2"]] * 10
    with file.open("rb") as stream:
        blocks = list(FileScanner(stream))
    packets = [block for block in blocks if isinstance(block, EnhancedPacket)]
    assert len(packets) == 10
    (interface,) = [block for block in blocks if isinstance(block, InterfaceDescription)]
    assert interface.options["if_name"] == "tun0"
    from scapy.layers.inet import ICMP
    from scapy.utils import rdpcap

    assert sum(ICMP in packet for packet in rdpcap(str(file))) == 10
    assert netns.links() == [], "what tunscope created is gone"


def test_a_tap_shows_arp_with_macs_and_ethertype(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file = tmp_path / "tap.pcapng"
    words = ("tap0", "--addr", "10.9.0.1/24", "--mac", "02:00:00:00:00:09", "--pcap", file)
    with capturing(netns, *words, "-c", "1") as capture:
        pinging(netns, count=3)
        assert capture.wait() == 0
    (row,) = tshark_fields(file, "eth.src", "eth.dst", "eth.type", "arp.dst.proto_ipv4")
    assert row == ["02:00:00:00:00:09", "ff:ff:ff:ff:ff:ff", "0x0806", "10.9.0.2"]


def tun_flags(netns: NetworkNamespace, name: str) -> dict[str, object]:
    (link,) = json.loads(netns.ip(f"-d -j link show dev {name}"))
    data: dict[str, object] = link["linkinfo"]["info_data"]
    return data


@pytest.mark.parametrize("flags", ["", "multi_queue", "pi", "vnet_hdr", "pi vnet_hdr"])
def test_a_persistent_device_is_attached_and_stays_as_it_was(
    netns: NetworkNamespace, tmp_path: Path, flags: str
) -> None:
    netns.disable_ipv6()
    netns.ip(f"tuntap add dev tun7 mode tun {flags}")
    netns.ip("addr add 10.9.0.1/24 dev tun7")
    netns.ip("link set tun7 up")
    before = tun_flags(netns, "tun7")
    file = tmp_path / "out.pcapng"
    with capturing(netns, "tun7", "--pcap", file, "-c", "5") as capture:
        assert "attached to tun7" in capture.start_line
        pinging(netns)
        assert capture.wait() == 0
    assert tun_flags(netns, "tun7") == before
    assert tshark_fields(file, "ip.dst") == [["10.9.0.2"]] * 5, "no header of the device recorded"


HOLDER = """
import fcntl, os, struct, sys, time
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", sys.argv[1].encode(), 0x1001))
print("held", flush=True)
time.sleep(60)
"""


def test_a_device_that_somebody_holds_is_observed_and_its_owner_named(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    holder = netns.popen(sys.executable, "-c", HOLDER, "tun5", stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    netns.ip("addr add 10.9.0.1/24 dev tun5")
    netns.ip("link set tun5 up")
    file = tmp_path / "out.pcapng"
    with capturing(netns, "tun5", "--pcap", file, "-c", "3") as capture:
        assert "observing tun5" in capture.start_line
        assert f"pid {holder.pid}" in capture.start_line
        pinging(netns)
        assert capture.wait() == 0
    assert tshark_fields(file, "frame.packet_flags_direction") == [["0x00000002"]] * 3


def test_everything_sent_before_ctrl_c_is_in_the_file(
    netns_factory: Factory, tmp_path: Path
) -> None:
    ours, theirs = netns_factory(), netns_factory()
    for netns in (ours, theirs):
        netns.disable_ipv6()
    ours.ip(f"link add v0 type veth peer name v1 netns {theirs.name}")
    ours.ip("link set v0 up")
    theirs.ip("link set v1 up")
    counts = []
    for turn in range(10):
        file = tmp_path / f"{turn}.pcapng"
        with capturing(ours, "v0", "--pcap", file) as capture:
            theirs.run(sys.executable, FLOOD, "v1", "100", "58", "ethernet")
            time.sleep(0.05)
            assert capture.interrupt() == 0
        counts.append(packet_count(file))
        assert "58 packets captured" in capture.stderr
    assert counts == [58] * 10


def test_every_packet_offered_to_an_owned_tun_is_received_or_counted_as_dropped(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    file = tmp_path / "out.pcapng"
    with capturing(netns, "tun0", "--addr", "10.9.0.1/24", "--pcap", file) as capture:
        sent = int(
            netns.run(sys.executable, FLOOD, "tun0", "100", "200000", "ip").stdout.split()[0]
        )
        assert capture.interrupt() == 0
    numbers = {line.split(" ", 1)[1]: int(line.split()[0]) for line in capture.stderr.splitlines()}
    received = numbers["packets received by filter"]
    assert received + numbers["packets dropped by device queue"] == sent == 200000
    assert numbers["packets captured"] == received == packet_count(file)


def test_a_capture_on_stdout_is_read_by_tshark(netns: NetworkNamespace) -> None:
    netns.disable_ipv6()
    capture = f"{sys.executable} -m tunscope tun0 --addr 10.9.0.1/24 -c 4 -q --pcap -"
    shell = netns.popen(
        "sh", "-c", f"{capture} | tshark -l -n -r - -T fields -e ip.dst",
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while netns.run("ip", "link", "show", "tun0", check=False).returncode:
        time.sleep(0.05)
    time.sleep(0.5)
    pinging(netns)
    assert shell.communicate(timeout=20)[0].split() == ["10.9.0.2"] * 4


def test_the_capture_filter_also_works_on_an_owned_tun(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    file = tmp_path / "out.pcapng"
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", file, "-c", "3", "dst", "host", "10.9.0.3")
    with capturing(netns, *words) as capture:
        pinging(netns, "10.9.0.2")
        pinging(netns, "10.9.0.3")
        assert capture.wait() == 0
    assert tshark_fields(file, "ip.dst") == [["10.9.0.3"]] * 3
    with file.open("rb") as stream:
        (interface,) = [b for b in FileScanner(stream) if isinstance(b, InterfaceDescription)]
    assert "dst host 10.9.0.3" in str(interface.options["if_filter"])


@pytest.mark.parametrize(("side", "wanted"), [("in", "0x00000001"), ("out", "0x00000002")])
def test_one_direction_of_an_observed_device(
    netns_factory: Factory, tmp_path: Path, side: str, wanted: str
) -> None:
    a, b = joined(netns_factory)
    file = tmp_path / "out.pcapng"
    with capturing(a, "v0", "--pcap", file, "-c", "4", "-Q", side) as capture:
        pinging(a, "10.9.0.2")
        assert capture.wait() == 0
    assert tshark_fields(file, "frame.packet_flags_direction") == [[wanted]] * 4
    assert b.links() == ["v1"]


def joined(netns_factory: Factory) -> tuple[NetworkNamespace, NetworkNamespace]:
    a, b = netns_factory(), netns_factory()
    for netns in (a, b):
        netns.disable_ipv6()
    a.ip(f"link add v0 type veth peer name v1 netns {b.name}")
    for netns, device, address in ((a, "v0", "10.9.0.1"), (b, "v1", "10.9.0.2")):
        netns.ip(f"addr add {address}/24 dev {device}")
        netns.ip(f"link set {device} up")
    return a, b


def test_snaplen_cuts_what_is_stored_and_keeps_the_length(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, _ = joined(netns_factory)
    file = tmp_path / "out.pcapng"
    with capturing(a, "v0", "--pcap", file, "-c", "5", "-s", "60") as capture:
        pinging(a)
        assert capture.wait() == 0
    rows = tshark_fields(file, "frame.cap_len", "frame.len", "eth.type")
    pings = [row[:2] for row in rows if row[2] == "0x0800"]
    assert pings
    assert all(row == ["60", "98"] for row in pings)


def test_a_tagged_frame_keeps_its_tag(netns_factory: Factory, tmp_path: Path) -> None:
    a, b = joined(netns_factory)
    file = tmp_path / "out.pcapng"
    frame = bytes.fromhex("ffffffffffff 020000000001 8100 2064 0800") + bytes(60)
    with capturing(a, "v0", "--pcap", file, "-c", "1", "vlan") as capture, b.entered():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("v1", 0))
            sender.send(frame)
        assert capture.wait() == 0
    assert tshark_fields(file, "vlan.id", "vlan.priority", "vlan.etype") == [["100", "1", "0x0800"]]


def test_a_packet_of_64_kib_is_stored_whole(netns_factory: Factory, tmp_path: Path) -> None:
    a, b = joined(netns_factory)
    for netns, device in ((a, "v0"), (b, "v1")):
        netns.ip(f"link set {device} mtu 65535")
    file = tmp_path / "out.pcapng"
    with capturing(a, "v0", "--pcap", file, "-c", "2", "-Q", "out", "udp") as capture:
        a.python(
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            "[s.sendto(bytes(65507), ('10.9.0.2', 9)) for _ in range(2)]"
        )
        assert capture.wait() == 0
    assert tshark_fields(file, "frame.cap_len") == [["65549"]] * 2


def test_files_rotate_as_dumpcap_names_them(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", tmp_path / "x.pcapng", "-c", "25")
    rotation = ("-b", "packets:5", "-b", "files:3", "-b", "printname:stdout")
    with capturing(netns, *words, *rotation) as capture:
        for _ in range(5):  # the next file is handed over between two bursts
            pinging(netns, count=5)
            time.sleep(0.4)
        assert capture.wait() == 0
    files = sorted(tmp_path.iterdir())
    assert [file.name[:7] for file in files] == ["x_00003", "x_00004", "x_00005"]
    assert [packet_count(file) for file in files] == [5, 5, 5]
    told = [Path(line) for line in capture.stdout.split()]
    assert told[-3:] == files
    assert len(told) == 5


def test_usr1_prints_statistics_and_goes_on(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    file = tmp_path / "x.pcapng"
    with capturing(netns, "tun0", "--addr", "10.9.0.1/24", "--pcap", file, "-c", "8") as capture:
        pinging(netns, count=3)
        time.sleep(0.5)
        capture.process.send_signal(__import__("signal").SIGUSR1)
        time.sleep(0.3)
        pinging(netns)
        assert capture.wait() == 0
    assert capture.stderr.splitlines()[0] == "3 packets captured"
    assert packet_count(file) == 8


def test_a_full_disk_ends_the_capture_with_a_valid_file(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, b = joined(netns_factory)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=True)
    try:
        with capturing(a, "v0", "--pcap", disk / "x.pcapng") as capture:
            b.run(sys.executable, FLOOD, "v1", "1000", "2000", "ethernet")
            assert capture.wait() == 1
        assert "disk is full" in capture.stderr
        captured = int(capture.stderr.split(" packets captured")[0].split()[-1])
        assert packet_count(disk / "x.pcapng") == captured > 100
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("flavour", ["observed", "owned"])
def test_a_device_that_vanishes_ends_the_capture_and_keeps_it(
    netns: NetworkNamespace, tmp_path: Path, flavour: str
) -> None:
    netns.disable_ipv6()
    file = tmp_path / "x.pcapng"
    netns.ip("tuntap add dev tun3 mode tun")
    netns.ip("addr add 10.9.0.1/24 dev tun3")
    netns.ip("link set tun3 up")
    observe = ["--observe"] if flavour == "observed" else []
    with capturing(netns, "tun3", "--pcap", file, *observe) as capture:
        pinging(netns, count=5)
        time.sleep(0.5)
        netns.ip("link del tun3")
        assert capture.wait() == 1
    assert "tun3: the device was deleted" in capture.stderr
    expected = 5 if flavour == "owned" else packet_count(file)
    assert f"{expected} packets captured" in capture.stderr
    assert packet_count(file) == expected


def test_a_device_that_goes_down_and_comes_back_is_captured_on(
    netns_factory: Factory, tmp_path: Path
) -> None:
    a, _ = joined(netns_factory)
    file = tmp_path / "x.pcapng"
    with capturing(a, "v0", "--pcap", file, "icmp") as capture:
        pinging(a, count=5)
        time.sleep(0.4)
        a.ip("link set v0 down")
        time.sleep(0.4)
        a.ip("link set v0 up")
        time.sleep(0.4)
        pinging(a, count=5)
        time.sleep(0.6)
        assert capture.interrupt() == 0
    assert "v0 is down" in capture.stderr
    assert packet_count(file) == 20


def test_a_loopback_packet_is_recorded_once(netns: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    with capturing(netns, "lo", "--pcap", file, "icmp") as capture:
        pinging(netns, "127.0.0.1", count=3)
        time.sleep(0.5)
        assert capture.interrupt() == 0
    assert packet_count(file) == 6


def test_a_killed_front_end_leaves_a_whole_file_and_no_device(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.disable_ipv6()
    file = tmp_path / "x.pcapng"
    with capturing(netns, "tun0", "--addr", "10.9.0.1/24", "--pcap", file) as capture:
        pinging(netns, count=5)
        time.sleep(0.4)
        capture.process.kill()
        capture.process.wait()
    deadline = time.monotonic() + 5
    while netns.links() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert netns.links() == []
    assert packet_count(file) == 5


def test_files_belong_to_the_person_behind_sudo(netns: NetworkNamespace, tmp_path: Path) -> None:
    netns.disable_ipv6()
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1234, 1234)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    environment = os.environ | {"SUDO_UID": "1234", "SUDO_GID": "1234"}
    file = home / "x.pcapng"
    words = ("tun0", "--addr", "10.9.0.1/24", "--pcap", file, "-c", "2")
    with capturing(netns, *words, env=environment) as capture:
        status = Path(f"/proc/{capture.process.pid}/status").read_text()
        assert "Uid:\t1234\t1234\t1234\t1234" in status, "the front end has no rights left"
        pinging(netns)
        assert capture.wait() == 0
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1234)


BAD = {
    "unknown device": (["nosuch0", "--observe", "--pcap", "F"], "nosuch0"),
    "typo": (["ethh0", "--pcap", "F"], "ethh0"),
    "long name": (["tun4567890123456", "--pcap", "F"], "16"),
    "bad address": (["tun0", "--addr", "10.9.0.1/99", "--pcap", "F"], "10.9.0.1/99"),
    "bad filter": (["tun0", "-f", "tcpp port 80", "--pcap", "F"], "tcpp port 80"),
    "bad filter, observed": (["lo", "-f", "tcpp port 80", "--pcap", "F"], "tcpp port 80"),
    "no folder": (["tun0", "--pcap", "F/none/x.pcapng"], "none/x.pcapng"),
    "no bridge": (["tap0", "--bridge", "br9", "--pcap", "F"], "br9"),
    "rotating stdout": (["tun0", "--pcap", "-", "-b", "packets:3"], "-b"),
    "bad limit": (["tun0", "--pcap", "F", "-a", "parsecs:3"], "parsecs"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    netns: NetworkNamespace, tmp_path: Path, what: str
) -> None:
    words, named = BAD[what]
    file = tmp_path / "f.pcapng"
    done = netns.tunscope(*(word.replace("F", str(file), 1) for word in words))
    assert done.returncode in {1, 2}
    (line,) = done.stderr.splitlines()
    assert line.startswith("tunscope: ")
    assert named in line
    assert not file.exists()
    assert netns.links() == []


def test_without_rights_it_says_so_and_leaves_nothing(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    file = tmp_path / "f.pcapng"
    words = [sys.executable, "-m", "tunscope", "tun0", "--pcap", file]
    done = netns.run("setpriv", "--bounding-set=-all", "--inh-caps=-all", *words, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("tunscope: tun0")
    assert "CAP_NET_ADMIN" in line
    assert not file.exists()
    assert netns.links() == []


def test_a_control_line_that_is_no_json_is_answered_and_ends_nothing() -> None:
    ours, theirs = socket.socketpair()
    engine = subprocess.Popen(
        [sys.executable, "-I", "-m", "tunscope.engine"],
        stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    theirs.close()
    answers = ours.makefile("r")
    try:
        for line in (b"nonsense\n", b"[1]\n", b'{"id": 7, "op": "fly"}\n', b'{"op": "open"}\n'):
            ours.sendall(line)
            answer = json.loads(answers.readline())
            assert answer["ok"] is False
            assert answer["error"]["what"]
        assert engine.poll() is None
    finally:
        answers.close()
        ours.close()
        assert engine.wait(10) == 0
        assert engine.stderr is not None
        assert engine.stderr.read() == b""
        engine.stderr.close()


def test_an_existing_file_survives_a_capture_that_cannot_start(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    file = tmp_path / "precious.pcapng"
    file.write_bytes(struct.pack("<I", 0x0A0D0D0A))
    assert netns.tunscope("tun0", "-f", "tcpp", "--pcap", str(file)).returncode == 2
    assert file.read_bytes() == struct.pack("<I", 0x0A0D0D0A)
