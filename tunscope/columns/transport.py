"""Transport headers: TCP, UDP, UDP-Lite, SCTP, ICMP and ICMPv6."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Column
from tunscope.columns.gather import Mask, header_type
from tunscope.columns.layout import Layer
from tunscope.columns.stack import HeaderStack

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMPV6: Final = 58
SCTP: Final = 132
UDPLITE: Final = 136

_MAX_U16: Final = 0xFFFF
_MIN_TCP: Final = 20
_MIN_SEQUENCE: Final = 8
_UDP_SIZE: Final = 8

#: One gather for all of them: 20 bytes from where the transport header starts.
_HEADER: Final = header_type(
    20,
    sport=(">u2", 0),
    dport=(">u2", 2),
    type=("u1", 0),
    code=("u1", 1),
    seq=(">u4", 4),
    udp_length=(">u2", 4),
    ack=(">u4", 8),
    flags=(">u2", 12),
    window=(">u2", 14),
)


def decode_transport(stack: HeaderStack) -> None:
    """Decode the transport header of every row that has one."""
    if not stack.transport.any():
        return
    header = stack.window.take(_HEADER, stack.position, stack.end, stack.transport)
    left = stack.end - stack.position
    protocol = np.where(stack.transport, stack.protocol, np.uint8(0xFF))
    tcp, udp = protocol == TCP, protocol == UDP
    ports = tcp | udp
    stack.mark(tcp, Layer.TCP)
    stack.mark(udp, Layer.UDP)
    if not ports.all():
        for number, layer in ((SCTP, Layer.SCTP), (UDPLITE, Layer.UDPLITE)):
            other = protocol == number
            if other.any():
                stack.mark(other, layer)
                ports |= other
        _messages(stack, header, protocol)
    ports &= left >= 4
    stack.mark(ports, Layer.PORTS)
    stack.set("sport", header["sport"].astype(np.uint16), ports)
    stack.set("dport", header["dport"].astype(np.uint16), ports)
    if tcp.any():
        _tcp(stack, header, tcp, left)
    if udp.any():
        _udp(stack, header, udp, left)


def _tcp(stack: HeaderStack, header: Column, tcp: Mask, left: npt.NDArray[np.int64]) -> None:
    words = header["flags"].astype(np.uint16)
    size = (words >> 12 << 2).astype(np.int64)
    whole, sequence = tcp & (left >= _MIN_TCP), tcp & (left >= _MIN_SEQUENCE)
    if not (whole == tcp).all():
        stack.mark(tcp & ~whole, Layer.CUT)
    stack.mark(whole, Layer.TCP_COMPLETE)
    stack.mark(sequence, Layer.TCP_SEQUENCE)
    stack.set("seq", header["seq"].astype(np.uint32), sequence)
    stack.set("ack", header["ack"].astype(np.uint32), whole)
    stack.set("window", header["window"].astype(np.uint16), whole)
    stack.set("tcp_flags", words & 0x0FFF, whole)
    room = stack.wire_end - stack.position
    bogus = whole & ((size < _MIN_TCP) | (size > room))
    if bogus.any():
        stack.mark(bogus, Layer.MALFORMED)
        whole = whole & ~bogus
    payload = np.clip(room - size, 0, _MAX_U16).astype(np.uint16)
    stack.set("payload_len", payload, whole)


def _udp(stack: HeaderStack, header: Column, udp: Mask, left: npt.NDArray[np.int64]) -> None:
    whole = udp & (left >= _UDP_SIZE)
    if not (whole == udp).all():
        stack.mark(udp & ~whole, Layer.CUT)
    length = header["udp_length"].astype(np.int64)
    room = stack.wire_end - stack.position
    # Length 0 is a jumbogram over IPv6: the rest of the packet.
    length = np.where((length == 0) & (stack.layers & np.uint32(Layer.IPV6) != 0), room, length)
    bogus = whole & ((length < _UDP_SIZE) | (length > room))
    if bogus.any():
        stack.mark(bogus, Layer.MALFORMED)
    payload = np.clip(length - _UDP_SIZE, 0, _MAX_U16).astype(np.uint16)
    stack.set("payload_len", payload, whole)


def _messages(stack: HeaderStack, header: Column, protocol: npt.NDArray[np.uint8]) -> None:
    for number, layer in ((ICMP, Layer.ICMP), (ICMPV6, Layer.ICMPV6)):
        where = protocol == number
        if where.any():
            stack.mark(where, layer)
            stack.set("sport", header["type"].astype(np.uint16), where)
            stack.set("dport", header["code"].astype(np.uint16), where)
