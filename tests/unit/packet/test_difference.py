"""What was changed in a packet, in a person's and in a rule's words."""

from __future__ import annotations

from tunscope.dissect.building import Ends, build_template
from tunscope.packet.difference import field_changes
from tunscope.packet.edit import apply, parse_assignment
from tunscope.packet.linktype import LinkType

RAW = LinkType.RAW
PING = build_template("ping", Ends())[0]
SYN = build_template("tcp-syn", Ends())[0]
UDP = build_template("udp", Ends())[0]


def edited(data: bytes, *texts: str) -> bytes:
    return apply(data, RAW, [parse_assignment(text) for text in texts]).data


def test_a_field_is_told_and_its_checksum_is_not() -> None:
    changes = field_changes(PING, edited(PING, "ip.ttl=3"), RAW)
    assert list(map(str, changes)) == ["ip.ttl 64 -> 3"]
    assert changes[0].assignment == "ip.ttl=3"


def test_the_assignments_make_the_same_packet_again() -> None:
    wanted = edited(SYN, "ip.dst=10.1.2.3", "tcp.dstport=8080", "tcp.flags.ack=1", "ip.ttl=9")
    texts = [change.assignment for change in field_changes(SYN, wanted, RAW)]
    assert len(texts) == 4
    assert edited(SYN, *texts) == wanted


def test_a_flag_is_told_alone() -> None:
    changes = field_changes(SYN, edited(SYN, "tcp.flags.syn=0"), RAW)
    assert list(map(str, changes)) == ["tcp.flags.syn 1 -> 0"]


def test_a_payload_is_told_by_its_length() -> None:
    longer = edited(UDP, 'udp.payload="something longer"')
    assert list(map(str, field_changes(UDP, longer, RAW))) == ["udp.payload 8 bytes -> 16 bytes"]
    other = edited(UDP, 'udp.payload="TUNSCOPE"')
    assert list(map(str, field_changes(UDP, other, RAW))) == ["udp.payload 8 bytes -> others"]


def test_a_checksum_alone_is_told() -> None:
    changes = field_changes(PING, edited(PING, "icmp.checksum=1"), RAW)
    assert [change.name for change in changes] == ["icmp.checksum"]


def test_other_layers_are_told_by_their_bytes() -> None:
    assert list(map(str, field_changes(PING, UDP, RAW))) == ["frame 41 bytes -> 36 bytes"]
    assert field_changes(PING, PING, RAW) == ()


def test_bytes_that_no_field_has_are_told_as_bytes() -> None:
    syn = SYN[:40] + b"\1\1\1\1" + SYN[44:]
    changes = field_changes(SYN, syn, RAW)
    assert [change.name for change in changes] == ["frame[40:4]"]
