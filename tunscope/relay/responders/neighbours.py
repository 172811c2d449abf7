"""Who has an address: ARP (RFC 826) and neighbour solicitations (RFC 4861)."""

from __future__ import annotations

from typing import Final

from tunscope.packet.layers import Layer
from tunscope.relay.responders.question import PEER_MAC, Question

_ARP_REQUEST: Final = 1
_SOLICITATION: Final = 135
_ADVERTISEMENT: Final = 136
_SOLICITED_OVERRIDE: Final = 0x60
_TARGET_LINK_ADDRESS: Final = 2


def answer_arp(question: Question) -> bytes | None:
    """Answer for every IPv4 address but the asker's own; probes for conflicts get no answer."""
    layer = question.layer("arp")
    if layer is None:
        return None
    packet = question.data[layer.start : layer.payload]
    sender_mac, sender, target = packet[8:14], packet[14:18], packet[24:28]
    if packet[6:8] != _ARP_REQUEST.to_bytes(2, "big") or packet[:6] != b"\0\1\x08\0\6\4":
        return None
    if sender in {target, bytes(4)}:
        return None
    reply = packet[:7] + b"\2" + PEER_MAC + target + sender_mac + sender
    return question.answer(reply, "arp")


def answer_solicitation(question: Question) -> bytes | None:
    """Answer for every IPv6 address; a host that checks its own address (from ::) is left alone."""
    layer, network = question.layer("icmpv6"), question.layer("ipv6")
    if layer is None or network is None or question.data[layer.start] != _SOLICITATION:
        return None
    data = question.data
    source, target = data[network.start + 8 : network.start + 24], data[layer.start + 8 :][:16]
    if source == bytes(16) or len(target) < 16 or data[network.start + 7] != 255:
        return None
    message = bytes([_ADVERTISEMENT, 0, 0, 0, _SOLICITED_OVERRIDE, 0, 0, 0]) + target
    if question.layer("eth") is not None:
        message += bytes([_TARGET_LINK_ADDRESS, 1]) + PEER_MAC
    return _from_target(question, network, target, message)


def _from_target(question: Question, network: Layer, target: bytes, message: bytes) -> bytes:
    """Return the advertisement from the target itself, with the hop limit that it must have."""
    at = network.start
    data = question.data
    asked = Question.of(
        data[: at + 24] + target + data[at + 40 :], question.linktype
    )  # as if it had been sent to the target alone
    answer = bytearray(asked.answer(message, "icmpv6"))
    answer[at + 7] = 255
    return bytes(answer)
