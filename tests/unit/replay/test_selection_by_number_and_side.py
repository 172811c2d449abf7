"""Which packets are replayed, and to whom."""

from __future__ import annotations

import ipaddress

import pytest

from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.replay.ranges import NumberRanges
from tunscope.replay.refusals import Unsendable
from tunscope.replay.sides import AsRecorded, ByEndpoint, PlanSide

IP_PACKET = bytes.fromhex("45000014000000004011000001020304050607 08".replace(" ", ""))


def record(data: bytes, linktype: LinkType, flags: int = 0) -> PacketRecord:
    return PacketRecord(data, 0, len(data), linktype, flags=flags)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5-3", "--range 5-3: is empty (as in 1-100,205,300-)"),
        ("1-2, 0", "--range 0: begins before the first packet, which is 1 (as in 1-100,205,300-)"),
        ("-0", "--range -0: is empty (as in 1-100,205,300-)"),
        ("1-2-3", "--range 1-2-3: is not a range (as in 1-100,205,300-)"),
    ],
)
def test_a_range_that_has_no_packet_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        NumberRanges.parse(text)
    assert str(refused.value) == why


def test_ranges_say_which_numbers() -> None:
    ranges = NumberRanges.parse("3-5, 9,20-")
    assert [n for n in range(1, 25) if n in ranges] == [3, 4, 5, 9, 20, 21, 22, 23, 24]
    assert 2 in NumberRanges.parse("-2")
    assert NumberRanges.parse("7,3-5").last == 7


@pytest.mark.parametrize("text", ["", "-", "a", "1-2-3", "1 2", "1,", "٣"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        NumberRanges.parse(text)


def test_directions_are_read_from_flags_and_cooked_headers() -> None:
    choose = AsRecorded()
    assert choose(record(IP_PACKET, LinkType.RAW, 1)) is PlanSide.KERNEL
    assert choose(record(IP_PACKET, LinkType.RAW, 2)) is PlanSide.WIRE
    cooked = bytes.fromhex("0004fffe0000000000000000000000000800")[:16] + IP_PACKET
    assert choose(record(cooked, LinkType.LINUX_SLL)) is PlanSide.WIRE
    assert choose(record(b"\0\0" + cooked[2:], LinkType.LINUX_SLL)) is PlanSide.KERNEL
    with pytest.raises(Unsendable):
        choose(record(IP_PACKET, LinkType.RAW))


def test_ends_are_told_by_source_address() -> None:
    client, server = ipaddress.ip_network("1.2.3.0/24"), ipaddress.ip_network("5.6.7.8/32")
    packet = record(IP_PACKET, LinkType.RAW)
    assert ByEndpoint((client,), ())(packet) is PlanSide.KERNEL
    assert ByEndpoint((), (client,))(packet) is PlanSide.WIRE
    assert ByEndpoint((server,), ())(packet) is PlanSide.WIRE
    with pytest.raises(Unsendable):
        ByEndpoint((server,), (server,))(packet)
