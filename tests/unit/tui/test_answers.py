"""Which packet answers which: an echo by its own reply, a reply by nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.utils import wrpcap

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.answers import next_answer


def pings(version: int) -> list[object]:
    """Two requests, the first lost, the reply to the second, and that again."""
    if version == 6:
        there = IPv6(src="fd00::1", dst="fd00::2")
        back = IPv6(src="fd00::2", dst="fd00::1")
        asked = [there / ICMPv6EchoRequest(id=7, seq=seq) for seq in (1, 2)]
        return [*asked, back / ICMPv6EchoReply(id=7, seq=2), asked[1]]
    there, back = IP(src="10.0.0.1", dst="10.0.0.2"), IP(src="10.0.0.2", dst="10.0.0.1")
    asked = [there / ICMP(type=8, id=7, seq=seq) for seq in (1, 2)]
    return [*asked, back / ICMP(type=0, id=7, seq=2), asked[1]]


@pytest.mark.parametrize("version", [4, 6])
def test_an_echo_is_answered_by_its_own_reply_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "pings.pcap"
    wrpcap(str(path), pings(version), linktype=101)
    capture = CaptureIndex(FileSource(path))
    capture.start()
    assert capture.wait(10)
    assert next_answer(capture, 1, 1) is None
    assert next_answer(capture, 2, 2) == 3
    assert next_answer(capture, 3, 3) is None
    assert next_answer(capture, 4, 4) is None


def test_an_echo_is_answered_by_an_error_about_it(tmp_path: Path) -> None:
    path = tmp_path / "errors.pcap"
    asked = IP(src="10.0.0.1", dst="10.0.9.9", ttl=1) / ICMP(type=8, id=7, seq=1)
    told = IP(src="10.0.0.254", dst="10.0.0.1") / ICMP(type=11, code=0) / bytes(asked)
    wrpcap(str(path), [asked, told], linktype=101)
    capture = CaptureIndex(FileSource(path))
    capture.start()
    assert capture.wait(10)
    assert next_answer(capture, 1, 1) == 2
