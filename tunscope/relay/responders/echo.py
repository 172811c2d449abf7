"""Echoes: ICMP and ICMPv6 echo requests, and UDP port 7 (RFC 862)."""

from __future__ import annotations

from typing import Final

from tunscope.relay.responders.question import Question

_ECHO_PORT: Final = 7


def answer_ping(question: Question) -> bytes | None:
    """Turn an ICMP echo request into its reply."""
    return _answer(question, "icmp", 8, 0)


def answer_ping6(question: Question) -> bytes | None:
    """Turn an ICMPv6 echo request into its reply."""
    return _answer(question, "icmpv6", 128, 129)


def answer_udp_echo(question: Question) -> bytes | None:
    """Send a datagram for port 7 back to where it came from."""
    layer = question.top
    if layer is None or layer.protocol != "udp":
        return None
    datagram = question.data[layer.start : layer.end]
    if int.from_bytes(datagram[2:4], "big") != _ECHO_PORT or datagram[:2] == datagram[2:4]:
        return None  # two echo services would talk for ever
    return question.answer(datagram[2:4] + datagram[:2] + datagram[4:], "udp")


def _answer(question: Question, protocol: str, request: int, reply: int) -> bytes | None:
    layer = question.top
    if layer is None or layer.protocol != protocol or question.data[layer.start] != request:
        return None
    message = question.data[layer.start + 1 : layer.end]
    return question.answer(bytes([reply]) + message, protocol)
