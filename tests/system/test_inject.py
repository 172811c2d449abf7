"""`tunscope inject` on real devices: what it sends arrives, what answers is shown, and why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from capturing import capturing, tshark_fields
from network_namespace import NetworkNamespace

from tunscope.device.request import DeviceRequest
from tunscope.engine.control_socket import control_sockets
from tunscope.engine.opening import open_named
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import Op
from tunscope.engine.remote import RemoteEngine
from tunscope.errors import TunscopeError, UsageError
from tunscope.relay.relay_options import RelayOptions

#: Holds a device and prints every packet it reads as hex.
HOLDER = """
import fcntl, os, struct, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", sys.argv[1].encode(), int(sys.argv[2], 16)))
print("held", flush=True)
while True:
    print(os.read(fd, 65535).hex(), flush=True)
"""


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder / "tunscope"


def holder(netns: NetworkNamespace, name: str, flags: str = "1001") -> subprocess.Popen[str]:
    child = netns.popen(
        sys.executable, "-c", HOLDER, name, flags, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    netns.ip(f"addr add 10.9.0.1/24 dev {name}")
    netns.ip(f"link set {name} up")
    return child


def test_an_echo_request_toward_the_kernel_gets_its_reply(quiet: NetworkNamespace) -> None:
    words = ("inject", "tun0", "--addr", "10.9.0.1/24", "--side", "kernel", "--wait", "1")
    done = quiet.tunscope(*words, "--template", "ping", "--set", "ip.ttl=9")
    assert done.returncode == 0, done.stderr
    sent, answer = done.stdout.splitlines()
    assert "10.9.0.2 → 10.9.0.1 ICMP" in sent
    assert "request" in sent
    assert "ttl=9" in sent
    assert "10.9.0.1 → 10.9.0.2 ICMP" in answer
    assert "reply" in answer
    assert quiet.links() == [], "what was created for it is gone"


def test_without_an_answer_the_status_says_so(quiet: NetworkNamespace) -> None:
    words = ("inject", "tun0", "--addr", "10.9.0.1/24", "--wait", "0.2", "--template", "ping")
    done = quiet.tunscope(*words, "--set", "ip.dst=10.9.0.77")
    assert done.returncode == 1
    assert "no answer within 0.2 s" in done.stderr


def test_the_process_that_owns_the_device_reads_what_goes_to_the_wire(
    quiet: NetworkNamespace,
) -> None:
    child = holder(quiet, "tun5")
    words = ("inject", "tun5", "--side", "wire", "-c", "3", "-i", "0", "--increment", "ip.id")
    settings = ("--set", "udp.dstport=4000", "--set", 'udp.payload="hello wire"')
    done = quiet.tunscope(*words, "--template", "udp", *settings)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert child.stdout is not None
    packets = [bytes.fromhex(child.stdout.readline()) for _ in range(3)]
    assert [packet[4:6] for packet in packets] == [b"\0\1", b"\0\2", b"\0\3"]
    assert all(packet.endswith(b"hello wire") for packet in packets)
    assert all(packet[22:24] == (4000).to_bytes(2, "big") for packet in packets)


def test_the_kernel_side_of_a_foreign_device_needs_its_owner(quiet: NetworkNamespace) -> None:
    holder(quiet, "tun5")
    refused = quiet.tunscope("inject", "tun5", "--side", "kernel", "--template", "ping")
    assert refused.returncode == 2
    assert "--through-owner" in refused.stderr
    done = quiet.tunscope("inject", "tun5", "--through-owner", "--template", "ping", "--wait", "1")
    assert done.returncode == 0, done.stderr
    assert "request" in done.stdout.splitlines()[0]
    assert "reply" in done.stdout.splitlines()[1]


def test_a_capture_may_use_the_owners_descriptor_and_ends_with_it(
    quiet: NetworkNamespace, tmp_path: Path
) -> None:
    owner = holder(quiet, "tun5")
    words = ("tun5", "--through-owner", "--pcap", tmp_path / "out.pcapng")
    with capturing(quiet, *words) as capture:
        done = quiet.tunscope(
            "inject", "tun5", "--side", "kernel", "--template", "ping", "--wait", "1"
        )
        assert done.returncode == 0, done.stderr
        assert "reply" in done.stdout
        owner.kill()
        owner.wait()
        assert capture.wait() == 1
    assert "the device was deleted" in capture.stderr


def test_a_refused_capture_gives_the_owners_descriptors_back(quiet: NetworkNamespace) -> None:
    holder(quiet, "tun5")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(UsageError, match="packets pass it by"):
        open_named(
            DeviceRequest("tun5", observe=True, netns=quiet.name),
            CaptureOptions(through_owner=True, relay=RelayOptions(rules=("tcp => drop",))),
        )
    assert os.listdir("/proc/self/fd") == before


def test_through_whom_is_asked_only_where_somebody_owns_it(quiet: NetworkNamespace) -> None:
    for device, why in (("tun6", "nobody else owns it"), ("lo", "no process holds it")):
        done = quiet.tunscope(device, "--through-owner", "--print", "-a", "duration:1")
        assert done.returncode == 2
        assert why in done.stderr


@pytest.mark.parametrize("flags", ["0001", "5001", "4001"])
def test_the_owners_headers_are_put_in_front(quiet: NetworkNamespace, flags: str) -> None:
    holder(quiet, "tun5", flags)
    done = quiet.tunscope("inject", "tun5", "--through-owner", "--template", "ping", "--wait", "1")
    assert done.returncode == 0, done.stderr
    assert "reply" in done.stdout


def test_a_running_capture_sends_records_and_marks(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "out.pcapng"
    words = ("tun7", "--addr", "10.9.0.1/24", "--pcap", file)
    with capturing(quiet, *words) as capture:
        done = quiet.tunscope("inject", "tun7", "--template", "ping", "--wait", "0.5")
        assert done.returncode == 0, done.stderr
        assert "through the running capture" in done.stderr
        quiet.ip("link set tun7 down")
        down = quiet.tunscope("inject", "tun7", "--template", "ping")
        assert down.returncode == 1
        assert "the device is down (EIO)" in down.stderr
        assert capture.interrupt() == 0
    rows = tshark_fields(file, "frame.comment", "icmp.type", "frame.packet_flags_direction")
    assert rows == [
        ["tunscope: injected (kernel side)", "8", "0x00000001"],
        ["", "0", "0x00000002"],
    ]


def test_a_visitor_may_not_stop_the_capture(
    quiet: NetworkNamespace, tmp_path: Path, own_runtime_folder: Path
) -> None:
    words = ("tun7", "--pcap", tmp_path / "out.pcapng")
    with capturing(quiet, *words) as capture:
        (path,) = control_sockets("tun7", own_runtime_folder)
        assert os.stat(path).st_mode & 0o077 == 0
        engine = RemoteEngine(path)
        with pytest.raises(TunscopeError, match="only the program that started"):
            engine.request(Op.STOP)
        with pytest.raises(TunscopeError, match="1 to 512 packets"):
            engine.request(Op.INJECT, packets=[], side="kernel")
        reader, writer = os.pipe()
        with pytest.raises(TunscopeError, match="not a regular file"):
            engine.request(Op.COPY, {"output": writer}, limit=1000)
        os.close(reader)
        os.close(writer)
        assert engine.request(Op.DESCRIBE)["facts"]["name"] == "tun7"
        engine.close()
        assert capture.interrupt() == 0
    assert control_sockets("tun7", own_runtime_folder) == []


def test_a_lab_is_reached_from_outside(quiet: NetworkNamespace, tmp_path: Path) -> None:
    file = tmp_path / "lab.pcapng"
    words = ("lab", "pair", "--pcap", file)
    with capturing(quiet, *words) as lab:
        done = quiet.tunscope(
            "inject", "tun0", "--side", "wire", "--template", "ping", "--wait", "1"
        )
        assert done.returncode == 0, done.stderr
        assert "10.9.0.1 → 10.9.0.2 ICMP" in done.stdout.splitlines()[0]
        assert "reply" in done.stdout
        lab.interrupt()
    marked = [row for row in tshark_fields(file, "frame.comment", "icmp.type") if row[0]]
    assert marked == [["tunscope: injected (wire side)", "8"]]


def test_what_is_impossible_is_refused_with_the_reason(quiet: NetworkNamespace) -> None:
    quiet.ip("link add v0 type veth peer name v1")
    arp = ("--template", "arp")
    down = quiet.tunscope("inject", "v0", *arp)
    assert (down.returncode, "ENETDOWN" in down.stderr) == (1, True)
    quiet.ip("link set v0 up")
    carrier = quiet.tunscope("inject", "v0", *arp)
    assert (carrier.returncode, "no carrier" in carrier.stderr) == (1, True)
    kernel = quiet.tunscope("inject", "v0", "--side", "kernel", *arp)
    assert (kernel.returncode, "--side wire" in kernel.stderr) == (2, True)
    quiet.ip("link set v1 up")
    long = quiet.tunscope("inject", "v0", "--scapy", 'Ether()/IP()/("x"*3000)')
    assert (long.returncode, "MTU" in long.stderr) == (1, True)
    nobody = quiet.tunscope("inject", "tun0", "--tun", "--side", "wire", "--template", "ping")
    assert (nobody.returncode, "far end" in nobody.stderr) == (2, True)
    ethernet = quiet.tunscope("inject", "tun0", "--tun", *arp)
    assert (ethernet.returncode, "no IP packet" in ethernet.stderr) == (1, True)
    foreign = quiet.tunscope("inject", "v0", "--through-owner", *arp)
    assert (foreign.returncode, "no process holds it" in foreign.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--hex", "4g"), "is no hex digit"),
        (("--hex", "450"), "odd number"),
        (("--file", "x.pcapng"), "FILE:NUMBER"),
        ((), "one of --hex"),
        (("--hex", "45", "--template", "ping"), "--hex and --template"),
        (("--template", "ping", "--increment", "ip.tll"), "did you mean ip.ttl"),
    ],
)
def test_a_mistake_makes_no_device(
    quiet: NetworkNamespace, words: tuple[str, ...], why: str
) -> None:
    done = quiet.tunscope("inject", "tun0", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert "created" not in done.stderr


def test_a_packet_of_a_file_changes_its_link(
    netns_factory: Callable[[], NetworkNamespace], quiet: NetworkNamespace, tmp_path: Path
) -> None:
    """An Ethernet frame of a capture goes into a tun without its header."""
    file = tmp_path / "tap.pcapng"
    other = netns_factory()
    other.disable_ipv6()
    words = ("tap0", "--addr", "10.9.0.9/24", "--pcap", file, "-c", "1")
    with capturing(other, *words) as capture:
        sent = other.tunscope(
            "inject",
            "tap0",
            "--template",
            "ping",
            "--set",
            "ip.dst=10.9.0.1",
            "--set",
            "ip.src=10.9.0.2",
        )
        assert sent.returncode == 0, sent.stderr
        assert capture.wait() == 0
    done = quiet.tunscope(
        "inject", "tun0", "--addr", "10.9.0.1/24", "--file", f"{file}:1", "--wait", "0.5"
    )
    assert done.returncode == 0, done.stderr
    assert "reply" in done.stdout
