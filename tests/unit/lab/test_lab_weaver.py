"""Several captures woven into one, judged by tshark."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether

from tunscope.capfile.blocks import (
    InterfaceDescription,
    InterfaceStatistics,
    enhanced_packet,
    interface_description,
    interface_statistics,
    section_header,
)
from tunscope.errors import TunscopeError
from tunscope.lab.barepython import bare_command
from tunscope.lab.links import FIRST_LINK, Linker, carried_packet, network_packet
from tunscope.lab.weaving import Weaving
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

INNER = bytes(IP(src="10.244.1.2", dst="10.244.2.2", id=7) / ICMP(seq=1))
OUTER = bytes(
    Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    / IP(src="192.168.50.1", dst="192.168.50.2")
    / UDP(sport=8285, dport=8285)
    / INNER
)
SECOND = 1_000_000_000


def record(data: bytes, interface: int, ts_ns: int = SECOND, **more) -> PacketRecord:
    linktype = LinkType.ETHERNET if interface else LinkType.RAW
    return PacketRecord(data, ts_ns, len(data), linktype, interface, **more)


def test_a_packet_is_found_behind_its_ethernet_header_and_before_padding():
    frame = bytes(Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01"))[:12] + b"\x08\x00"
    assert network_packet(frame + INNER + bytes(18), LinkType.ETHERNET) == INNER
    assert network_packet(INNER, LinkType.RAW) == INNER
    assert network_packet(bytes(Ether() / ARP()), LinkType.ETHERNET) is None


def test_what_a_datagram_carries_is_whole_or_nothing():
    datagram = network_packet(OUTER, LinkType.ETHERNET)
    assert datagram is not None
    assert carried_packet(datagram) == INNER
    assert carried_packet(INNER) is None
    cut = bytes(IP() / UDP() / INNER[:-1])
    assert carried_packet(cut) is None
    fragment = bytes(IP(flags="MF") / UDP() / INNER)
    assert carried_packet(fragment) is None


@given(st.binary(max_size=80), st.sampled_from([LinkType.RAW, LinkType.ETHERNET]))
def test_hostile_bytes_are_no_packets(data, linktype):
    packet = network_packet(b"\x45" + data, linktype)
    if packet is not None:
        carried_packet(packet)


@pytest.mark.parametrize("inside_first", [True, False])
def test_inside_and_outside_get_one_number_and_name_each_other(inside_first):
    linker = Linker()
    inside, outside = record(INNER, 0), record(OUTER, 1)
    for number in (1, 2) if inside_first else (2, 1):
        linker.add(number, *((inside, "flannel") if number == 1 else (outside, "eth0")))
    inner, outer = linker.linked(1, inside), linker.linked(2, outside)
    assert inner.packet_id == outer.packet_id == FIRST_LINK + 1
    assert inner.comments == ("link 1: carried by a datagram on eth0",)
    assert outer.comments == ("link 1: carries a packet of flannel",)
    assert (inner.data, outer.data) == (INNER, OUTER)


def test_two_sights_on_one_device_and_other_bytes_are_no_link():
    linker = Linker()
    twice = (record(INNER, 0), record(INNER, 0))
    other = record(OUTER[:-1] + bytes([OUTER[-1] ^ 1]), 1)
    for number, one in enumerate((*twice, other)):
        linker.add(number, one, "any")
    left = [linker.linked(number, one) for number, one in enumerate((*twice, other))]
    assert left == [*twice, other]


@pytest.mark.parametrize("again", [False, True], ids=["seen once", "seen twice on its device"])
def test_a_packet_that_has_left_is_linked_to_no_later_one(again):
    linker = Linker()
    held, late, next_one = record(INNER, 0), record(OUTER, 1), record(INNER[:-1] + b"x", 0)
    linker.add(1, held, "flannel")
    if again:
        linker.add(4, held, "flannel")
    assert linker.linked(1, held) == held
    linker.add(2, late, "eth0")
    linker.add(3, next_one, "flannel")
    assert (linker.linked(2, late).packet_id is not None) == again
    assert linker.linked(3, next_one) == next_one
    assert linker.linked(1, next_one) == next_one  # even under the number that left


def test_a_packet_that_has_a_number_keeps_it():
    linker = Linker()
    edited, outside = record(INNER, 0, packet_id=5), record(OUTER, 1)
    linker.add(1, edited, "flannel")
    linker.add(2, outside, "eth0")
    assert linker.linked(1, edited).packet_id == 5


def stream(name: str, linktype: LinkType, *blocks: bytes) -> bytes:
    description = InterfaceDescription(linktype=linktype, snaplen=0, name=name)
    return b"".join((section_header("test"), interface_description(description), *blocks))


def woven(tmp_path: Path, *streams: bytes) -> Path:
    """What the weaver makes of streams, each written in odd pieces."""
    file = tmp_path / "woven.pcapng"
    pipes = [os.pipe() for _ in streams]
    with file.open("wb") as output:
        command = bare_command("tunscope.lab.weaver", *(str(read_end) for read_end, _ in pipes))
        child = subprocess.Popen(
            command, stdout=output, pass_fds=[read_end for read_end, _ in pipes]
        )
    for (read_end, write_end), data in zip(pipes, streams, strict=True):
        os.close(read_end)
        for start in range(0, len(data), 13):
            os.write(write_end, data[start : start + 13])
        os.close(write_end)
    assert child.wait(20) == 0
    return file


def test_two_captures_become_one_in_the_order_of_time(tmp_path):
    inside = stream(
        "flannel",
        LinkType.RAW,
        enhanced_packet(record(INNER, 0, 2 * SECOND, flags=2)),
        enhanced_packet(record(INNER[:-1] + b"x", 0, 5 * SECOND, comments=("mine",))),
        interface_statistics(InterfaceStatistics(interface=0, ts_ns=6 * SECOND, ifrecv=2)),
    )
    outside = stream(
        "eth0",
        LinkType.ETHERNET,
        enhanced_packet(record(OUTER, 0, 2 * SECOND + 900)),
        enhanced_packet(record(bytes(Ether() / ARP()), 0, SECOND)),
        interface_statistics(InterfaceStatistics(interface=0, ts_ns=6 * SECOND, ifrecv=2)),
    )
    file = woven(tmp_path, inside, outside)
    words = ["tshark", "-n", "-r", str(file), "-T", "fields"]
    for name in ("interface_name", "time_epoch", "packet_id", "packet_flags", "comment"):
        words += ["-e", f"frame.{name}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    number = str(FIRST_LINK + 1)
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        ["eth0", "1.000000000", "", "", ""],
        ["flannel", "2.000000000", number, "0x00000002", "link 1: carried by a datagram on eth0"],
        ["eth0", "2.000000900", number, "", "link 1: carries a packet of flannel"],
        ["flannel", "5.000000000", "", "", "mine"],
    ]
    told = subprocess.run(["capinfos", str(file)], capture_output=True, text=True, check=True)
    assert told.stdout.count("Number of stat entries = 1") == 2


def test_a_damaged_stream_ends_it_with_a_word(tmp_path):
    broken = bytearray(
        stream("eth0", LinkType.ETHERNET, enhanced_packet(record(OUTER, 0, flags=2)))
    )
    broken[-14:-12] = b"\x09\x00"  # the length of the flags
    read_end, write_end = os.pipe()
    os.write(write_end, broken)
    os.close(write_end)
    done = subprocess.run(
        bare_command("tunscope.lab.weaver", str(read_end)),
        pass_fds=[read_end],
        capture_output=True,
        check=False,
    )
    os.close(read_end)
    assert done.returncode == 1
    assert done.stderr.startswith(b"a stream is damaged: ")
    assert b"\n" not in done.stderr.rstrip(b"\n")


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Children that start here cannot write past `size`: to them the disk is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def packets_of(file: Path) -> int:
    done = subprocess.run(
        ["tshark", "-n", "-r", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr  # 2 where the file is cut short inside a block
    return len(done.stdout.splitlines())


@pytest.mark.parametrize("room", range(1000, 1040, 13))
@pytest.mark.parametrize("before", [b"", stream("old", LinkType.RAW)], ids=["new", "appended to"])
def test_on_a_full_disk_the_file_ends_with_a_whole_packet_and_the_caller_is_told(
    tmp_path, before, room
):
    file = tmp_path / "full.pcapng"
    file.write_bytes(before)
    packets = [enhanced_packet(record(INNER, 0, SECOND + ts)) for ts in range(100)]
    with file.open("ab") as output, files_end_at(room):
        weaving = Weaving(output.fileno(), 2)
    for fd in weaving.inputs:
        os.write(fd, stream("flannel", LinkType.RAW, *packets))
    weaving.hand_over()
    with pytest.raises(TunscopeError, match=r"^output: the disk is full$"):
        weaving.wait()
    assert file.read_bytes().startswith(before)
    assert 0 < packets_of(file) < 100
    assert room - file.stat().st_size < len(packets[0]) + 100  # what there was room for is kept


def test_signals_to_the_process_group_end_it_no_sooner_than_its_streams(tmp_path):
    """From its first moment, before an interpreter could say what it ignores."""
    file = tmp_path / "woven.pcapng"
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    others = children.read_text().split()
    with file.open("wb") as output:
        weaving = Weaving(output.fileno(), 1)
    (child,) = set(children.read_text().split()) - set(others)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    for number in numbers:
        os.kill(int(child), number)
    os.write(weaving.inputs[0], stream("flannel", LinkType.RAW, enhanced_packet(record(INNER, 0))))
    while not file.stat().st_size:
        os.sched_yield()
    for number in numbers:
        os.kill(int(child), number)
    weaving.hand_over()
    weaving.wait()
    assert packets_of(file) == 1


def test_a_reader_that_has_had_enough_is_no_error():
    read_end, write_end = os.pipe()
    weaving = Weaving(write_end, 1)
    os.close(write_end)
    os.close(read_end)
    os.write(weaving.inputs[0], stream("flannel", LinkType.RAW))
    weaving.hand_over()
    weaving.wait()
