"""Questions for MAC addresses and their answers, judged by scapy."""

from __future__ import annotations

import socket

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from tunscope.packet.neighbour_messages import multicast_mac, neighbour_answer, neighbour_request

MAC = "02:00:00:00:00:07"
OURS = bytes.fromhex(MAC.replace(":", ""))


def four(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET, text)


def six(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def test_an_arp_request_is_what_scapy_reads() -> None:
    frame = Ether(neighbour_request(OURS, four("10.9.0.1"), four("10.9.0.2")))
    assert (frame.dst, frame.src, len(frame)) == ("ff:ff:ff:ff:ff:ff", MAC, 60)
    arp = frame[ARP]
    assert (arp.op, arp.hwsrc, arp.psrc, arp.pdst) == (1, MAC, "10.9.0.1", "10.9.0.2")


def test_a_solicitation_is_what_scapy_builds() -> None:
    target = "fd00::1:2:3"
    built = (
        Ether(dst="33:33:ff:02:00:03", src=MAC)
        / IPv6(src="fd00::1", dst="ff02::1:ff02:3", hlim=255)
        / ICMPv6ND_NS(tgt=target)
        / (b"\1\1" + OURS)
    )
    assert neighbour_request(OURS, six("fd00::1"), six(target)) == bytes(built)


def test_answers_tell_whose_they_are() -> None:
    arp = Ether(src=MAC, dst=MAC) / ARP(op=2, hwsrc=MAC, psrc="10.9.0.2", pdst="10.9.0.1")
    assert neighbour_answer(bytes(arp)) == (four("10.9.0.2"), OURS)
    head = Ether(src="02:00:00:00:00:09") / IPv6(dst="fd00::1") / ICMPv6ND_NA(tgt="fd00::2")
    told = head / ICMPv6NDOptDstLLAddr(lladdr=MAC)
    assert neighbour_answer(bytes(told)) == (six("fd00::2"), OURS)
    assert neighbour_answer(bytes(head)) == (six("fd00::2"), bytes.fromhex("020000000009"))


@pytest.mark.parametrize("size", range(0, 90, 3))
def test_what_is_cut_or_no_answer_tells_nothing_wrong(size: int) -> None:
    question = neighbour_request(OURS, four("10.9.0.1"), four("10.9.0.2"))
    assert neighbour_answer(question[:size]) is None
    answer = bytes(Ether(src=MAC, dst=MAC) / ARP(op=2, hwsrc=MAC, psrc="10.9.0.2"))
    assert neighbour_answer(answer[:size]) in {None, (four("10.9.0.2"), OURS)}


def test_groups_have_their_own_addresses() -> None:
    assert multicast_mac(four("224.129.2.3")) == bytes.fromhex("01005e010203")
    assert multicast_mac(six("ff02::1:3")) == bytes.fromhex("333300010003")
    assert multicast_mac(four("255.255.255.255")) == b"\xff" * 6
    assert multicast_mac(four("10.9.0.2")) is None
    assert multicast_mac(six("fd00::2")) is None
