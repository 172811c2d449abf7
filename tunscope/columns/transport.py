"""Transport headers: TCP, UDP, UDP-Lite, SCTP, ICMP and ICMPv6."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.gather import Headers, Mask, Positions, header_type
from tunscope.columns.layout import Layer
from tunscope.columns.stack import HeaderStack

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMPV6: Final = 58
SCTP: Final = 132
UDPLITE: Final = 136

_MAX_U16: Final = 0xFFFF
_PORTS_SIZE: Final = 4
_SCTP_SIZE: Final = 12
_UDP_SIZE: Final = 8
#: TCP up to its window, which tshark takes in one go; and up to the sequence number, which it
#: shows alone only where an ICMP error quotes no more.
_TCP_FIELDS: Final = 16
_QUOTED_SEQUENCE: Final = 8
_TCP_COMPLETE: Final = np.uint32(Layer.TCP_COMPLETE)
_TCP_SEQUENCE: Final = np.uint32(Layer.TCP_SEQUENCE)
#: The fewest words of a TCP header, as the 16 bits of offset and flags have them.
_TCP_LEAST_OFFSET: Final = 0x5000

#: Layer bits by protocol number, if the header was captured whole.
_LAYERS: Final = np.zeros(256, np.uint32)
_LAYERS[ICMP] = Layer.ICMP
_LAYERS[TCP] = Layer.TCP | Layer.PORTS | Layer.TCP_SEQUENCE | Layer.TCP_COMPLETE
_LAYERS[UDP] = Layer.UDP | Layer.PORTS
_LAYERS[ICMPV6] = Layer.ICMPV6
_LAYERS[SCTP] = Layer.SCTP | Layer.PORTS
_LAYERS[UDPLITE] = Layer.PORTS
#: Bytes of the smallest header.
_LEAST: Final = np.zeros(256, np.int8)
_LEAST[[ICMP, TCP, UDP, ICMPV6, SCTP, UDPLITE]] = [8, 20, 8, 8, 12, 8]

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
    at, end = stack.position, stack.end
    room = stack.wire_end - at
    # tshark shows no transport layer where the packet ends with its network header.
    protocol = stack.protocol * (stack.transport & (room > 0))
    layers = _LAYERS.take(protocol)
    known = layers != 0
    if not known.any():
        return
    left = end - at
    short = left < _LEAST.take(protocol)
    if short.any():
        header = stack.window.take(_HEADER, at, end, known)
        layers = _of_short(layers, left, stack.layers)
        layers |= short * np.uint32(Layer.CUT)
    else:
        # What is behind a shorter header than TCP's is masked below.
        header = stack.window.take_wide(_HEADER, at, known)
    ports = layers & np.uint32(Layer.PORTS) != 0
    stack.put("sport", header["sport"] * ports)
    stack.put("dport", header["dport"] * ports)
    payload = np.zeros(len(stack), np.int32)
    stack.layers |= layers
    if (layers & np.uint32(Layer.TCP)).any():
        _tcp(stack, header, layers, room, payload)
    datagrams = layers & np.uint32(Layer.UDP) != 0
    if datagrams.any():
        _udp(stack, header, datagrams & (left >= _UDP_SIZE), room, payload)
    np.maximum(payload, 0, out=payload)
    stack.put("payload_len", np.minimum(payload, _MAX_U16, out=payload))
    _messages(stack, header, protocol, left)


def _of_short(
    layers: npt.NDArray[np.uint32], left: Positions, outer: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """Take from `layers` the bits for what was not captured."""
    quoted = outer & np.uint32(Layer.ICMP_QUOTE) != 0
    enough = np.where(quoted, _QUOTED_SEQUENCE, _TCP_FIELDS)
    layers = layers & ~((left < _TCP_FIELDS) * _TCP_COMPLETE)
    layers &= ~((left < enough) * _TCP_SEQUENCE)
    # tshark takes SCTP's common header in one go.
    ports = np.where(layers & np.uint32(Layer.SCTP) != 0, _SCTP_SIZE, _PORTS_SIZE)
    layers &= ~((left < ports) * np.uint32(Layer.PORTS))
    return layers


def _tcp(
    stack: HeaderStack,
    header: Headers,
    layers: npt.NDArray[np.uint32],
    room: Positions,
    payload: Positions,
) -> None:
    whole = layers & _TCP_COMPLETE != 0
    words = header["flags"] * whole
    rest = (room - (words >> 12 << 2)) * whole
    payload += rest
    longer = rest < 0
    if longer.any():
        stack.mark(longer, Layer.MALFORMED)
    stack.conversing = stack.conversing | whole
    stack.put("seq", header["seq"] * (layers & _TCP_SEQUENCE != 0))
    stack.put("tcp_flags", words & 0x0FFF)
    # tshark gives up behind the sequence number if the header's length is impossible.
    tiny = whole & (words < _TCP_LEAST_OFFSET)
    if tiny.any():
        stack.layers &= ~(tiny * _TCP_COMPLETE)
        whole = whole & ~tiny
    stack.put("ack", header["ack"] * whole)
    stack.put("window", header["window"] * whole)


def _udp(
    stack: HeaderStack, header: Headers, whole: Mask, room: Positions, payload: Positions
) -> None:
    length = header["udp_length"] * whole.astype(np.int32)
    # Length 0 is a jumbogram over IPv6: the rest of the packet.
    jumbo = whole & (length == 0)
    if jumbo.any():
        jumbo &= stack.layers & np.uint32(Layer.IPV6) != 0
        length += room * jumbo
    enough = length >= _UDP_SIZE
    stack.conversing = stack.conversing | enough
    payload += (length - _UDP_SIZE) * enough
    bogus = whole & (~enough | (length > room))
    if bogus.any():
        stack.mark(bogus, Layer.MALFORMED)


def _messages(
    stack: HeaderStack, header: Headers, protocol: npt.NDArray[np.uint8], left: Positions
) -> None:
    """Type and code of ICMP and ICMPv6."""
    where = ((protocol == ICMP) | (protocol == ICMPV6)) & (left >= 1)
    if where.any():
        stack.put("sport", header["type"] * where)
        stack.put("dport", header["code"] * where)
