"""Layers put in and taken out, and fields of every kind set by form; tshark is the judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.dissect.building import TEMPLATES, Ends, build_template
from tunscope.dissect.editing import EditablePacket
from tunscope.dissect.layer_editing import insert_layer, insertable, remove_layer
from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord


def template(name: str) -> EditablePacket:
    data, linktype = build_template(name, Ends())
    return EditablePacket.of(data, linktype)


def names(packet: EditablePacket) -> list[str]:
    return [layer.protocol for layer in packet.layers()]


def tshark(tmp_path: Path, packet: EditablePacket, *fields: str) -> list[str]:
    path = tmp_path / "x.pcapng"
    with path.open("wb") as stream:
        writer = PcapngWriter(stream)
        writer.write(PacketRecord(packet.data, 10**9, len(packet.data), packet.linktype))
        writer.close()
    words = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for name in ("ip", "tcp", "udp"):
        words += ["-o", f"{name}.check_checksum:TRUE"]
    words += [word for field in fields for word in ("-e", field)]
    line = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return line.rstrip("\n").split("\t")


@pytest.mark.parametrize(
    ("start", "place", "name", "protocols"),
    [
        ("ping", 1, "IP", "raw:ip:ip:icmp:data"),
        ("ping", 0, "IPv6", "raw:ipv6:ip:icmp:data"),
        ("udp", 1, "GRE", "raw:ip:gre"),
        ("arp", 1, "Dot1Q", "eth:ethertype:vlan:ethertype:arp"),
        ("tcp-syn", 2, "Raw", "raw:ip:tcp"),
    ],
)
def test_a_layer_put_in_is_told_of_below_and_adds_up(
    tmp_path: Path, start: str, place: int, name: str, protocols: str
) -> None:
    packet = insert_layer(template(start), place, name)
    assert name in names(packet)
    found = tshark(
        tmp_path, packet, "frame.protocols", "ip.checksum.status", "tcp.checksum.status",
        "icmp.checksum.status", "ip.len", "frame.len",
    )  # fmt: skip
    assert found[0].startswith(protocols)
    assert "0" not in ",".join(found[1:4]).split(",")
    if found[4] and place:
        assert found[4].split(",")[0] == found[5]


def test_a_layer_taken_out_gives_the_packet_before(tmp_path: Path) -> None:
    before = template("ping")
    wrapped = insert_layer(before, 0, "IP")
    assert names(wrapped) == ["IP", "IP", "ICMP", "Raw"]
    assert remove_layer(wrapped, 0).data == before.data
    assert remove_layer(wrapped, 1).data == before.data
    tagged = insert_layer(template("arp"), 1, "Dot1Q")
    assert remove_layer(tagged, 1).data == template("arp").data


def test_the_switches_of_other_layers_stay_where_they_were() -> None:
    ping = template("ping").with_automatic(1, False)
    wrapped = insert_layer(ping, 0, "IP")
    assert [layer.automatic for layer in wrapped.layers()] == [True, True, False, None]
    assert [layer.automatic for layer in remove_layer(wrapped, 0).layers()] == [True, False, None]


def test_what_cannot_be_there_is_refused() -> None:
    ping = template("ping")
    assert "UDP" in insertable(ping, 1)
    assert "ARP" not in insertable(ping, 1)
    with pytest.raises(UsageError):
        insert_layer(ping, 1, "ARP")
    with pytest.raises(UsageError):
        insert_layer(ping, 1, "os")
    with pytest.raises(UsageError, match="only layer"):
        remove_layer(remove_layer(remove_layer(ping, 2), 1), 0)


@pytest.mark.parametrize("name", TEMPLATES)
def test_writing_what_a_field_shows_changes_nothing(name: str) -> None:
    packet = template(name)
    for layer in packet.layers():
        for field in layer.fields:
            if field.editable:
                again = packet.with_field(layer.index, field.name, field.value)
                assert again.data == packet.data, (layer.protocol, field.name)


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("ttl", "256", "is not 0 to 255"),
        ("ttl", "-1", "is not 0 to 255"),
        ("ttl", "many", "is not 0 to 255"),
        ("proto", "nonsense", "or a name"),
        ("frag", "8192", "is not 0 to 8191"),
        ("dst", "example.com", "example.com"),
        ("flags", "Q", "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_range(field: str, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        template("ping").with_field(0, field, text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_field_knows_its_bytes(name: str) -> None:
    packet = template(name)
    for layer in packet.layers():
        for field in layer.fields:
            assert layer.start <= field.start < field.stop <= layer.stop, field.name


def test_a_field_with_names_says_what_its_value_means() -> None:
    fields = {field.name: field for field in template("ping").layers()[0].fields}
    assert fields["proto"].meaning == "icmp"
    assert fields["ttl"].description == "0 to 255"
    assert (fields["ttl"].start, fields["ttl"].stop) == (8, 9)


def test_the_name_in_a_dns_query_is_a_field(tmp_path: Path) -> None:
    packet = template("dns")
    named = {field.name: field for layer in packet.layers() for field in layer.fields}
    assert named["dns.qry.name"].value == "www.example.com"
    changed = packet.with_field(2, "dns.qry.name", "a.longer.name.test")
    assert tshark(tmp_path, changed, "dns.qry.name", "udp.checksum.status") == [
        "a.longer.name.test", "1",
    ]  # fmt: skip


@pytest.mark.parametrize("size", range(0, 60, 7))
def test_cut_packets_have_a_form_too(size: int) -> None:
    for name in TEMPLATES:
        data, linktype = build_template(name, Ends())
        packet = EditablePacket.of(data[:size], linktype)
        assert sum(layer.stop - layer.start for layer in packet.layers()) == min(size, len(data))


@pytest.mark.parametrize("tag", [b"", bytes.fromhex("8100 0005")])
def test_a_frame_is_offered_only_where_a_type_says_so(tag: bytes) -> None:
    frame = bytes.fromhex("020000000002 020000000001") + tag + bytes.fromhex("0800") + bytes(20)
    packet = EditablePacket.of(frame, LinkType.ETHERNET)
    place = 2 if tag else 1
    assert "Ether" not in insertable(packet, place)
    assert {"Dot1Q", "ARP", "IP", "IPv6", "Raw"} <= set(insertable(packet, place))
