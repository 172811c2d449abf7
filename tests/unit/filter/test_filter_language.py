"""The language over one packet: precedence, literals, slices, ranges, arithmetic, times, PCRE."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tunscope.filter.compiled import compile_filter
from tunscope.filter.layers.frame import FrameContext
from tunscope.packet.record import PacketRecord

#: UDP from 10.0.0.1:5300 to 10.0.0.2:9999 with "Hello", TTL 64.
DATA = (
    bytes.fromhex("4500002100000000401100000a0000010a000002") + b"\x14\xb4\x27\x0f\0\x0d\0\0Hello"
)
SECOND = 10**9
RECORD = PacketRecord(DATA, 1_600_000_000 * SECOND + 5, len(DATA), 101)
CONTEXT = FrameContext(7, 1_600_000_000 * SECOND, 1_600_000_000 * SECOND - SECOND)


@pytest.mark.parametrize(
    "text",
    [
        # not binds tighter than and, and tighter than or
        "udp or ip and tcp",
        "not tcp and udp",
        "!tcp.port == 80",
        "not (tcp or not udp)",
        "tcp and udp or ip",
        # numbers in every base, names, characters
        "ip.ttl == 64 && ip.ttl == 0x40 && ip.ttl == 0100 && ip.ttl == 0b1000000",
        'ip.proto == UDP && ip.proto == "udp"',
        "udp.payload[0] == 'H' && udp.payload[0] == '\\x48'",
        # addresses and networks
        "ip.src == 10.0.0.0/30 && ip.dst == 10.0.0.2 && ip.addr != 10.1.0.0/16",
        # slices, from both ends, inclusive, several, nested
        "udp.payload[1:2] == 65:6c",
        "udp.payload[1-2] == 65:6c",
        "udp.payload[-1] == 6f",
        "udp.payload[:2] == 48:65 && udp.payload[3:] == 6c:6f",
        "udp.payload[0,4,1-2] == 48:6f:65:6c",
        "udp.payload[1:3][0] == 65",
        # ranges are inclusive at both ends
        "udp.port in {1..5, 5300..5300}",
        "udp.dstport in {9999 .. 10000} && udp.dstport not in {10000..10001}",
        # arithmetic: * before +, & tests bits, - negates
        "ip.ttl == 2 * 30 + 4",
        "ip.len - ip.hdr_len == 13",
        "ip.ttl & 0x40 && !(ip.ttl & 0x3f)",
        "-ip.ttl < 0",
        "frame.number % 4 == 3",
        # times: seconds between packets, dates with and without fractions
        "frame.time_delta == 1.000000005",
        "frame.time_relative == 0.000000005",
        'frame.time > "2020-09-13 12:26:40Z"',
        'frame.time == "2020-09-13T12:26:40.000000005Z"',
        'frame.time < "2020-09-13 14:26:41+02:00"',
        # contains heeds case, matches does not
        'udp.payload contains "Hello" && !(udp.payload contains "hello")',
        'udp.payload matches "^hEL+o$"',
        'udp.payload matches "(?-i)^H[^a]l"',
        'frame matches r"\\x48el"',
        # functions
        "len(udp.payload) == 5 && count(ip.addr) == 2",
        'string(ip.src) == "10.0.0.1" && max(udp.srcport, udp.dstport) == 9999',
        # every value, or any
        "all udp.port > 5000 && any udp.port == 9999",
        "udp.port !== 9999 && !(udp.port != 9999)",
    ],
)
def test_the_packet_passes(text: str) -> None:
    assert compile_filter(text).matches(RECORD, CONTEXT)
    assert not compile_filter(f"!({text})").matches(RECORD, CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "udp.payload[5] == 6f",  # past the end there is nothing to compare
        "tcp.port != 80",  # a field that is not there differs from nothing
        "ip.ttl / 0 == 0",
        "udp.port === 5300",
        "ip.ttl == 2 * {30 + 4}",
        'udp.payload matches "hello."',
        "udp.port in {5299, 5301}",
    ],
)
def test_the_packet_does_not_pass(text: str) -> None:
    assert not compile_filter(text).matches(RECORD, CONTEXT)


def test_fields_are_listed_by_a_word_of_their_name_or_description() -> None:
    command = [sys.executable, "-m", "tunscope", "fields"]
    done = subprocess.run([*command, "tcp.srcport"], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    assert line.startswith("tcp.srcport ")
    assert line.endswith("Source Port")
    everything = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(everything.splitlines()) > 3000
    assert line.split() in [one.split() for one in everything.splitlines()]


def test_a_word_that_no_field_has_is_an_error_of_one_line() -> None:
    command = [sys.executable, "-m", "tunscope", "fields", "nosuchword"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
