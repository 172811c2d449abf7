"""The lab's DHCP messages, judged by scapy."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunscope.lab.programs.dhcp_message import (
    DhcpError,
    Lease,
    MessageType,
    decode_reply,
    encode_request,
)

MAC = bytes.fromhex("020000007702")
OFFER = Lease(MessageType.OFFER, 7, "192.168.77.50/24", "192.168.77.1")


def read(message: bytes):
    from scapy.layers.dhcp import BOOTP, DHCP

    packet = BOOTP(message)
    options = dict(option[:2] for option in packet[DHCP].options if isinstance(option, tuple))
    return packet, options


def test_scapy_reads_a_discover():
    packet, options = read(encode_request(MessageType.DISCOVER, 7, MAC))
    assert (packet.op, packet.xid, packet.chaddr[:6]) == (1, 7, MAC)
    assert "B" in str(packet.flags)  # answers shall be broadcast
    assert options["message-type"] == 1
    assert "server_id" not in options


def test_scapy_reads_a_request_for_what_was_offered():
    packet, options = read(encode_request(MessageType.REQUEST, 7, MAC, OFFER))
    assert options["message-type"] == 3
    assert options["requested_addr"] == "192.168.77.50"
    assert options["server_id"] == "192.168.77.1"
    assert packet.ciaddr == "0.0.0.0"


def test_scapy_reads_a_release():
    packet, options = read(encode_request(MessageType.RELEASE, 9, MAC, OFFER))
    assert options["message-type"] == 7
    assert "requested_addr" not in options
    assert packet.ciaddr == "192.168.77.50"


def reply() -> bytes:
    from scapy.layers.dhcp import BOOTP, DHCP

    return bytes(
        BOOTP(op=2, xid=7, yiaddr="192.168.77.50", chaddr=MAC)
        / DHCP(
            options=[
                "pad",
                ("message-type", "offer"),
                ("server_id", "192.168.77.1"),
                ("subnet_mask", "255.255.255.0"),
                "end",
            ]
        )
    )


def test_we_read_an_offer_that_scapy_made():
    assert decode_reply(reply()) == OFFER


def test_our_own_request_is_no_reply():
    with pytest.raises(DhcpError):
        decode_reply(encode_request(MessageType.DISCOVER, 7, MAC))


@given(st.integers(0, len(reply()) - 10))
def test_a_reply_cut_within_its_options_is_refused(length):
    with pytest.raises(DhcpError):
        decode_reply(reply()[:length])


@given(st.binary(max_size=400))
def test_hostile_bytes_raise_nothing_else(data):
    with contextlib.suppress(DhcpError):
        decode_reply(reply()[:240] + data)
