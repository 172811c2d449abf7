"""Judges: tcpdump's compiler for the program, the kernel for running it."""

from __future__ import annotations

import shutil
import socket
import subprocess

import pytest

from tunscope.device import bpf
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType

UDP_53 = bytes.fromhex("4500001c00000000401100000a0900010a090002 9c400035 0008 0000")
TCP_80 = bytes.fromhex(
    "4500002800000000400600000a0900010a090002 9c400050 00000000 00000000 5002 0000 0000 0000"
)


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="needs tcpdump")
@pytest.mark.parametrize(
    ("linktype", "name"), [(LinkType.RAW, "RAW"), (LinkType.ETHERNET, "EN10MB")]
)
@pytest.mark.parametrize("expression", ["udp port 53", "ip6 and tcp", "net 10.0.0.0/8", "icmp"])
def test_programs_equal_those_of_tcpdump(expression: str, linktype: LinkType, name: str) -> None:
    printed = subprocess.run(
        ["tcpdump", "-y", name, "-s", "262144", "-ddd", expression],
        capture_output=True,
        text=True,
        check=False,
    )
    if printed.returncode:
        pytest.skip(printed.stderr)
    rows = [tuple(map(int, row.split())) for row in printed.stdout.splitlines()[1:]]
    assert [tuple(item) for item in bpf.compile_filter(expression, linktype, 262144)] == rows


def test_the_kernel_runs_the_program_and_cuts_to_snaplen() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        right.setblocking(False)
        bpf.attach(right, bpf.compile_filter("udp port 53", LinkType.RAW, 24))
        left.send(TCP_80)
        left.send(UDP_53)
        assert right.recv(100) == UDP_53[:24]
        bpf.attach(right, bpf.reject_all())
        left.send(UDP_53)
        with pytest.raises(BlockingIOError):
            right.recv(100)
        bpf.attach(right, ())
        bpf.attach(right, ())
        left.send(TCP_80)
        assert right.recv(100) == TCP_80


def test_an_empty_expression_accepts_all() -> None:
    program = bpf.compile_filter("", LinkType.RAW, 100)
    assert program == (bpf.BpfInstruction(6, 0, 0, 100),)


def test_no_direction_leaves_the_program_alone() -> None:
    program = bpf.compile_filter("udp", LinkType.RAW, 100)
    assert bpf.with_direction(program, Direction.UNKNOWN) is program


def test_a_direction_keeps_the_jumps_of_the_program() -> None:
    program = bpf.compile_filter("udp port 53", LinkType.RAW, 100)
    assert bpf.with_direction(program, Direction.OUT)[3:] == program


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_packets_are_matched_in_user_space(make: type[bytes | bytearray | memoryview]) -> None:
    match = bpf.offline_filter("udp port 53", LinkType.RAW, 262144)
    assert match(make(UDP_53))
    assert match(make(TCP_80)) == 0
    assert match(make(UDP_53[:22])) == 0
    assert match(make(b"")) == 0


@pytest.mark.parametrize(
    ("expression", "at"),
    [("ip[1500] = 7", 1500), ("udp[1500:4] = 7", 1523), ("ip[ip[21] * 30 + 9] = 7", 1599)],
)
def test_a_filter_in_user_space_looks_as_far_as_it_says(expression: str, at: int) -> None:
    match = bpf.offline_filter(expression, LinkType.RAW, 262144)
    packet = bytearray(UDP_53.ljust(9000, b"\0"))
    packet[21] = 53
    assert match(packet) == 0
    packet[at] = 7
    assert match(packet)
    assert match(packet[:at]) == 0


def test_a_filter_in_user_space_looks_beyond_the_longest_header() -> None:
    match = bpf.offline_filter("udp[1500:4] = 7", LinkType.RAW, 262144)
    packet = bytearray(UDP_53.ljust(9000, b"\0"))
    packet[0] = 0x4F  # 40 bytes of options
    packet[60 + 1503] = 7
    assert match(packet)


def test_lengths_in_user_space_are_those_of_the_packet_not_of_the_snaplen() -> None:
    match = bpf.offline_filter("greater 40", LinkType.RAW, 20)
    assert match(TCP_80)
    assert match(UDP_53) == 0


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("foo bar", "syntax error"),
        ("tcp port 99999", "99999"),
        ("ether host 1:2:3:4:5:6", "ethernet"),
        ("tcp \0 foo", "zero byte"),
        ("tcp \udc80", "not valid text"),
        ("\x1b[31m", r"\x1b"),
    ],
)
def test_a_bad_expression_is_told_in_one_line(expression: str, part: str) -> None:
    for build in (bpf.compile_filter, bpf.offline_filter):
        with pytest.raises(UsageError) as caught:
            build(expression, LinkType.RAW, 262144)
        assert part in str(caught.value)
        assert str(caught.value).isprintable()


def test_user_space_refuses_what_only_the_kernel_knows() -> None:
    with pytest.raises(UsageError, match="use -Q"):
        bpf.offline_filter("inbound", LinkType.RAW, 262144)


def test_a_link_type_without_filters_is_refused() -> None:
    with pytest.raises(UsageError, match="LINUX_SLL"):
        bpf.compile_filter("tcp", LinkType.LINUX_SLL, 262144)


def test_a_program_that_is_too_long_for_the_kernel_is_refused() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        with pytest.raises(TunscopeError, match="4096"):
            bpf.attach(sock, bpf.reject_all() * 4097)
        with pytest.raises(TunscopeError, match="capture filter"):
            bpf.attach(sock, (bpf.BpfInstruction(0xFFFF, 0, 0, 0),))
