"""Echo requests and their replies, judged by tshark over both families."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from filter_judge import FilterAgreement
from filter_packets import write_pcap

from tunscope.packet.checksum import internet_checksum

RAW_IP = 101
FILTERS = [
    f"{protocol}.{rest}"
    for protocol in ("icmp", "icmpv6")
    for rest in ("resp_to", "resptime", "resp_to > 3", "resptime > 15", "resptime < 40.5")
]


def ping(source: str, destination: str, kind: int, identity: int, data: bytes = b"ping") -> bytes:
    ends = ip_address(source).packed + ip_address(destination).packed
    message = struct.pack("!BBHHH", kind, 0, 0, identity, 1) + data
    pseudo = b"" if len(ends) == 8 else ends + struct.pack("!II", len(message), 58)
    checksum = struct.pack("!H", internet_checksum(pseudo + message))
    message = message[:2] + checksum + message[4:]
    if len(ends) == 8:
        return struct.pack("!BBHHHBBH", 69, 0, 20 + len(message), 1, 0, 64, 1, 0) + ends + message
    return struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + ends + message


def exchange(us: str, them: str, other: str, request: int, reply: int) -> list[bytes]:
    first = ping(us, them, request, 1)
    return [
        first,
        ping(them, us, reply, 1),
        ping(them, us, reply, 1),  # said twice
        ping(us, them, request, 2),
        ping(us, other, request, 2),
        ping(other, us, reply, 2),
        ping(us, them, request, 3),
        ping(us, them, request, 3),  # asked twice
        ping(them, us, reply, 3),
        ping(us, them, request, 4, b"this"),
        ping(them, us, reply, 4, b"that"),  # no answer to it
        ping(them, us, reply, 2),  # late
        ping(them, us, reply, 9),  # nobody asked
        ping(us, them, request, 5, b"\xff\xff\xff\xff"),
        ping(them, us, reply, 5, b"\xff\xff\xff\xff"),
        ping(us, us, request, 6),
        ping(us, us, reply, 6),
    ]


def test_replies_name_the_requests_that_they_answer(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    packets = exchange("10.0.0.1", "10.0.0.2", "10.0.0.3", 8, 0)
    packets += exchange("fd00::1", "fd00::2", "fd00::3", 128, 129)
    quoted = ping("10.0.0.1", "10.0.0.9", 8, 1)
    packets.append(ping("10.0.0.9", "10.0.0.1", 3, 0, quoted))
    packets.append(ping("10.0.0.9", "10.0.0.1", 0, 1))
    capture = [(one, len(one)) for one in packets] + [(one[:32], len(one)) for one in packets[:4]]
    agreement = FilterAgreement()
    agreement.judge(write_pcap(tmp_path / "echoes.pcap", capture, RAW_IP), FILTERS, tmp_path)
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences)
    assert agreement.telling == set(FILTERS)
