"""Header fields set in place: tshark reads the new value, and finds every checksum good."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.errors import UsageError
from tunscope.packet.edit import apply, increment, parse_assignment
from tunscope.packet.header_fields import FIELDS, header_field, read_field
from tunscope.packet.layers import layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.packet.repair import repaired, sound_layers

ETHERNET = "02000000000202000000000108 00".replace(" ", "")
UDP4 = "4500001e000100004011 0000 0a0900010a090002 c0000007000a0001 6869".replace(" ", "")
TCP4 = "45000028000140004006 0000 0a0900010a090002 c0000050 000003e8 00000000 5002200000000000"
TCP4 = TCP4.replace(" ", "")
ICMP4 = "4500001e00010000400100000a0900010a090002 0800000074530001 6869".replace(" ", "")
UDP6 = "6000000000 0a 11 40".replace(" ", "") + "fd" + "00" * 14 + "01" + "fd" + "00" * 14 + "02"
UDP6 += "c000000700 0a ffff 6869".replace(" ", "")
ICMP6 = "60000000000a3a40" + "fd" + "00" * 14 + "01" + "fd" + "00" * 14 + "02" + "8000000000070001"
ICMP6 += "6869"
ARP = "ffffffffffff0200000000010806" + "00010800060400010200000000010a0900010000000000000a090002"
VLAN = ETHERNET[:24] + "8100" + "0064" + "0800" + UDP4
CHECKSUMS = ("ip.checksum", "tcp.checksum", "udp.checksum", "icmp.checksum", "icmpv6.checksum")


def whole(text: str, linktype: LinkType) -> bytes:
    data = bytes.fromhex(text)
    return repaired(data, linktype, range(9))


RAW, ETHER = LinkType.RAW, LinkType.ETHERNET
EDITS = [
    (UDP4, RAW, "ip.ttl=3", "3"),
    (UDP4, RAW, "ip.dsfield.dscp=46", "46"),
    (UDP4, RAW, "ip.id=0xbeef", "0xbeef"),
    (UDP4, RAW, "ip.src=192.0.2.77", "192.0.2.77"),
    (TCP4, RAW, "ip.dst=198.51.100.9", "198.51.100.9"),
    (TCP4, RAW, "ip.flags.df=0", "0"),
    (UDP4, RAW, "udp.dstport=5000", "5000"),
    (UDP4, RAW, 'udp.payload="a longer text"', b"a longer text".hex()),
    (UDP4, RAW, "udp.srcport=1", "1"),
    (TCP4, RAW, "tcp.dstport=443", "443"),
    (TCP4, RAW, "tcp.seq_raw=4294967295", "4294967295"),
    (TCP4, RAW, "tcp.ack_raw=77", "77"),
    (TCP4, RAW, "tcp.flags=0x012", "0x0012"),
    (TCP4, RAW, "tcp.flags.fin=1", "1"),
    (TCP4, RAW, "tcp.window_size_value=1", "1"),
    (TCP4, RAW, "tcp.payload=00ff10", "00ff10"),
    (ICMP4, RAW, "icmp.seq=513", "513"),
    (ICMP4, RAW, "icmp.ident=9", "9"),
    (UDP6, RAW, "ipv6.hlim=1", "1"),
    (UDP6, RAW, "ipv6.dst=2001:db8::7", "2001:db8::7"),
    (UDP6, RAW, "ipv6.flow=0x54321", "0x054321"),
    (ICMP6, RAW, "icmpv6.echo.sequence_number=300", "300"),
    (ARP, ETHER, "arp.opcode=2", "2"),
    (ARP, ETHER, "arp.dst.proto_ipv4=10.9.0.77", "10.9.0.77"),
    (VLAN, ETHER, "vlan.id=4094", "4094"),
    (VLAN, ETHER, "eth.dst=02:aa:bb:cc:dd:ee", "02:aa:bb:cc:dd:ee"),
    (VLAN, ETHER, "ip.ttl=9", "9"),
]


def tshark(path: Path, records: list[tuple[bytes, LinkType]], *fields: str) -> list[list[str]]:
    """Return the fields of packets of one link type, as tshark reads them."""
    with path.open("wb") as stream:
        writer = PcapngWriter(stream)
        for data, linktype in records:
            writer.write(PacketRecord(data, 1_000_000_000, len(data), linktype))
        writer.close()
    checked = [f"{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]
    words = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    words += [word for option in checked for word in ("-o", option)]
    words += [word for field in fields for word in ("-e", field)]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in output.splitlines()]


@pytest.mark.parametrize("linktype", [RAW, ETHER])
def test_tshark_reads_what_was_set_and_finds_every_checksum_good(
    linktype: LinkType, tmp_path: Path
) -> None:
    edits = [edit for edit in EDITS if edit[1] == linktype]
    names = [text.partition("=")[0] for _, _, text, _ in edits]
    edited = [
        (apply(whole(data, linktype), linktype, [parse_assignment(text)]).data, linktype)
        for data, _, text, _ in edits
    ]
    status = [f"{name}.status" for name in CHECKSUMS]
    rows = tshark(tmp_path / "x.pcapng", edited, "_ws.malformed", *status, *names)
    assert len(rows) == len(edits)
    for number, (row, (_, _, text, expected)) in enumerate(zip(rows, edits, strict=True)):
        assert row[1 + len(status) + number] == expected, text
        assert not row[0], text
        assert {value for value in row[1 : 1 + len(status)] if value} <= {"1"}, text


def test_a_checksum_that_was_wrong_stays_as_it_was() -> None:
    data = whole(TCP4, RAW)
    broken = data[:36] + b"\xde\xad" + data[38:]
    edited = apply(broken, RAW, [parse_assignment("ip.ttl=3")])
    assert edited.data[36:38] == b"\xde\xad"
    assert sound_layers(edited.data, RAW) == {0}
    assert edited.changes == ("ip.ttl 64 -> 3",)


def test_a_length_that_is_set_is_kept() -> None:
    edited = apply(whole(UDP4, RAW), RAW, [parse_assignment("udp.length=9")])
    assert read_field(edited.data, RAW, header_field("udp.length")) == "9"


def test_ethernet_padding_stays_padding() -> None:
    frame = whole(VLAN, ETHER) + bytes(14)
    edited = apply(frame, ETHER, [parse_assignment('udp.payload="abcd"')])
    assert edited.data.endswith(b"abcd" + bytes(14))
    assert layers_of(edited.data, ETHER)[-1].end == len(edited.data) - 14


def test_an_absent_udp_checksum_stays_absent() -> None:
    data = bytes.fromhex(UDP4.replace("000a0001", "000a0000"))
    edited = apply(repaired(data, RAW, {0}), RAW, [parse_assignment("udp.srcport=9")])
    assert edited.data[26:28] == b"\0\0"


def test_a_fragment_keeps_its_transport_checksum() -> None:
    data = bytearray(whole(UDP4, RAW))
    data[6] = 0x20
    fragment = repaired(bytes(data), RAW, {0})
    edited = apply(fragment, RAW, [parse_assignment("ip.src=1.2.3.4")])
    assert edited.data[26:28] == fragment[26:28]


def test_counting_up_wraps_at_the_fields_end() -> None:
    field = header_field("ip.id")
    data = apply(whole(UDP4, RAW), RAW, [parse_assignment("ip.id=65535")]).data
    wrapped = increment(data, RAW, field, 1)
    assert read_field(wrapped, RAW, field) == "0"
    assert sound_layers(wrapped, RAW) == {0, 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ip.ttl", "FIELD=VALUE"),
        (" =3", "FIELD=VALUE"),
        ("ip.tll=3", "did you mean ip.ttl"),
        ("ip.ttl=256", "0 to 255"),
        ("ip.ttl=", "0 to 255"),
        ("ip.src=10.9.0", "IPv4 address"),
        ("ipv6.src=zz", "IPv6 address"),
        ("eth.dst=02:00", "MAC address"),
        ("tcp.seq=1", "did you mean tcp.seq_raw"),
        ("udp.payload=0g", "bytes"),
        ("ip.frag_offset=9", "multiple of 8"),
        ("ip.ttl=" + "9" * 5000, "0 to 255"),
    ],
)
def test_a_mistake_is_told(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_assignment(text)


def test_a_field_that_the_packet_lacks_is_told() -> None:
    with pytest.raises(UsageError, match="no tcp header"):
        apply(whole(UDP4, RAW), RAW, [parse_assignment("tcp.srcport=1")])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([RAW, ETHER]), st.sampled_from(sorted(FIELDS)))
def test_hostile_bytes_are_edited_or_refused(data: bytes, linktype: LinkType, name: str) -> None:
    field = FIELDS[name]
    before = read_field(data, linktype, field)
    sound_layers(data, linktype)
    text = "00" if before is None or field.width == 0 else before
    try:
        edited = apply(data, linktype, [parse_assignment(f"{name}={text}")])
    except UsageError:
        return
    if field.width and not field.derived:
        assert edited.data == data, "setting what is there changes nothing"
