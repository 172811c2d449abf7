"""What the editor showed is what the other side reads, byte for byte, checksums good."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import NetworkNamespace
from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.cli.injecting import Injections
from tunscope.device.request import DeviceRequest
from tunscope.dissect.building import Ends, build_template
from tunscope.dissect.editing import EditablePacket
from tunscope.engine.client import EngineClient
from tunscope.engine.options import CaptureOptions
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.tui.injection import InjectWish
from tunscope.tui.packet_editing import PacketEditing

HOLDER = """
import fcntl, os, struct
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
print("held", flush=True)
while True:
    print(os.read(fd, 65535).hex(), flush=True)
"""
ENDS = Ends("10.9.0.1", "10.9.0.2")
#: Template, layer, field, value: twenty edits.
EDITS = [
    ("ping", 0, "ttl", "1"),
    ("ping", 0, "tos", "0xb8"),
    ("ping", 0, "id", "0xffff"),
    ("ping", 0, "flags", "DF"),
    ("ping", 0, "src", "10.9.0.77"),
    ("ping", 0, "dst", "10.9.0.99"),
    ("ping", 1, "type", "timestamp-request"),
    ("ping", 1, "code", "3"),
    ("ping", 1, "id", "1"),
    ("ping", 1, "seq", "65535"),
    ("ping", 2, "load", '"another load, and longer than before"'),
    ("tcp-syn", 1, "sport", "1"),
    ("tcp-syn", 1, "dport", "https"),
    ("tcp-syn", 1, "seq", "4294967295"),
    ("tcp-syn", 1, "flags", "SEC"),
    ("tcp-syn", 1, "window", "0"),
    ("udp", 1, "dport", "12345"),
    ("udp", 2, "load", "00"),
    ("dns", 2, "id", "0x1234"),
    ("dns", 2, "dns.qry.name", "a.name.that.is.longer.test"),
]


def edited() -> list[bytes]:
    """Return the packets as the editor shows them."""
    shown = []
    for name, layer, field, value in EDITS:
        data, linktype = build_template(name, ENDS)
        editing = PacketEditing(EditablePacket.of(data, linktype), name)
        changed = editing.apply(lambda p, e=(layer, field, value): p.with_field(*e))
        assert changed, (name, field)
        shown.append(editing.data)
    return shown


@pytest.fixture
def owner(netns: NetworkNamespace) -> subprocess.Popen[str]:
    """A process that owns tun0 and tells what it reads."""
    netns.disable_ipv6()
    child = netns.popen(sys.executable, "-c", HOLDER, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    netns.ip("addr add 10.9.0.1/24 dev tun0")
    netns.ip("link set tun0 up")
    return child


def test_twenty_edits_arrive_as_they_were_shown(
    netns: NetworkNamespace, owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    packets = edited()
    fd = os.open(tmp_path / "out.pcapng", os.O_RDWR | os.O_CREAT)
    client = EngineClient(fd, netns.command())
    try:
        client.open(DeviceRequest("tun0", observe=True), CaptureOptions())
        client.start()
        injections = Injections(client.ask, "tun0")
        for data in packets:
            injections.add(InjectWish("wire").order(data, LinkType.RAW))
        deadline = time.monotonic() + 20
        while len(injections.told) < len(packets) and time.monotonic() < deadline:
            client.poll()
            injections.pull()
            time.sleep(0.01)
        assert [told.text.split(",")[0] for told in injections.told] == [
            "injected 1 packet on tun0"
        ] * len(packets)
    finally:
        client.close()
        os.close(fd)
    assert owner.stdout is not None
    assert [bytes.fromhex(owner.stdout.readline()) for _ in packets] == packets


def test_tshark_finds_every_checksum_good(tmp_path: Path) -> None:
    path = tmp_path / "edited.pcapng"
    with path.open("wb") as stream:
        writer = PcapngWriter(stream)
        for data in edited():
            writer.write(PacketRecord(data, 10**9, len(data), LinkType.RAW))
        writer.close()
    words = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    words += [
        word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")
    ]
    for name in ("ip", "tcp", "udp", "icmp"):
        words += ["-e", f"{name}.checksum.status"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    statuses = [{status for status in line.split("\t") if status} for line in lines]
    assert statuses == [{"1"}] * len(EDITS)
