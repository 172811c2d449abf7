from __future__ import annotations

import io
import json
import struct
import subprocess
from pathlib import Path

import pcapng
import pytest
from capfile_judge import tshark_rows
from hypothesis import given
from hypothesis import strategies as st

from tunscope.capfile.blocks import (
    InterfaceDescription,
    InterfaceStatistics,
    enhanced_packet,
    interface_description,
    interface_statistics,
    name_resolution,
    section_header,
)
from tunscope.capfile.options import (
    MAX_VALUE,
    OptionError,
    decode_options,
    decode_text,
    encode_options,
    encode_text,
)
from tunscope.capfile.reader import open_capture
from tunscope.packet.direction import Direction
from tunscope.packet.record import PacketRecord

TIME = 1_700_000_000_123_456_789
INTERFACE = InterfaceDescription(
    101,
    snaplen=96,
    name="tun0",
    description="the größte tunnel",
    filter="tcp or udp",
    os="Linux 6.18",
    hardware="none",
    mac=bytes(range(6)),
    tsoffset=-5,
    ipv4=("10.9.0.1/24", "10.9.1.1/32"),
    ipv6=("fe80::1/64",),
    speed=10_000_000_000,
    fcs_length=32,
    comments=("first", "second"),
)
STATISTICS = InterfaceStatistics(0, TIME, TIME - 5, TIME + 5, 10, 1, 9, 2, 8, "at the end")
PACKET = bytes.fromhex("4500001c000140004011266d0a0900010a090002c350003500080000")
RECORDS = [
    PacketRecord(PACKET, TIME, 90, 101, 0, 2, ("edited", "ünd released"), 2**64 - 1),
    PacketRecord(PACKET, TIME + 1, 28, 101, 0, 1),
    PacketRecord(PACKET[:21], TIME + 2, 28, 101),
    PacketRecord(b"", TIME + 3, 0, 101, 0, 1 << 9, (), 7),
]
FILE = (
    section_header("tunscope", comment="a test", os_name="Linux", hardware="a machine")
    + interface_description(INTERFACE)
    + name_resolution({"10.9.0.1": "client.example", "fe80::1": "größe"})
    + b"".join(enhanced_packet(record, INTERFACE.tsoffset) for record in RECORDS)
    + interface_statistics(STATISTICS)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcapng"
    path.write_bytes(FILE)
    return path


def test_tshark_shows_what_was_encoded(file: Path) -> None:
    rows = tshark_rows(
        file,
        *("frame.time_epoch", "frame.len", "frame.cap_len", "frame.packet_flags"),
        *("frame.packet_id", "frame.comment", "frame.interface_name"),
    )
    assert rows == [
        [
            *("1700000000.123456789", "90", "28", "0x00000002", str(2**64 - 1)),
            *("edited,ünd released", "tun0"),
        ],
        ["1700000000.123456790", "28", "28", "0x00000001", "", "", "tun0"],
        ["1700000000.123456791", "28", "21", "", "", "", "tun0"],
        ["1700000000.123456792", "0", "0", "0x00000200", "7", "", "tun0"],
    ]


def test_capinfos_shows_the_section_the_interface_and_that_there_are_statistics(file: Path) -> None:
    shown = subprocess.run(["capinfos", file], capture_output=True, text=True, check=True).stdout
    for line in (
        "Capture hardware:    a machine",
        "Capture oper-sys:    Linux",
        "Capture application: tunscope",
        "Capture comment:     a test",
        "Name = tun0",
        "Description = the größte tunnel",
        "Encapsulation = Raw IP (7 - rawip)",
        "Speed = 10000000000",
        "Capture length = 96",
        "Time precision = nanoseconds (9)",
        "Filter string = tcp or udp",
        "Operating system = Linux 6.18",
        "Number of stat entries = 1",
        "Number of resolved IPv4 addresses in file: 1",
        "Number of resolved IPv6 addresses in file: 1",
    ):
        assert line in shown


def test_python_pcapng_reads_the_same() -> None:
    without_ipv6 = InterfaceDescription(101, 96, "tun0", mac=bytes(range(6)), filter="udp")
    stream = (
        section_header("tunscope")
        + interface_description(without_ipv6)
        + enhanced_packet(RECORDS[0])
        + interface_statistics(STATISTICS)
    )
    section, described, packet, statistics = pcapng.FileScanner(io.BytesIO(stream))
    assert section.options["shb_userappl"] == "tunscope"
    assert (described.link_type, described.snaplen) == (101, 96)
    assert described.options["if_name"] == "tun0"
    assert described.options["if_MACaddr"] == "00:01:02:03:04:05"
    assert described.timestamp_resolution == 1e-9
    assert packet.packet_data == PACKET
    assert (packet.captured_len, packet.packet_len) == (28, 90)
    assert packet.timestamp_high << 32 | packet.timestamp_low == TIME
    assert packet.options.get_all("opt_comment") == ["edited", "ünd released"]
    assert packet.options["epb_flags"].inout == "outbound"
    assert packet.options["epb_packetid"] == 2**64 - 1
    assert statistics.options["isb_ifrecv"] == 10
    assert statistics.options["isb_usrdeliv"] == 8


def test_times_of_statistics_have_their_high_word_first() -> None:
    stream = interface_statistics(STATISTICS)
    place = stream.index(struct.pack("<HH", 2, 8)) + 4
    high, low = struct.unpack_from("<II", stream, place)
    assert high << 32 | low == STATISTICS.starttime_ns


def test_our_reader_gives_back_all_that_was_encoded() -> None:
    with open_capture(io.BytesIO(FILE)) as reader:
        assert list(reader) == RECORDS
    assert reader.interfaces == [INTERFACE]
    # The statistics' times have the interface's offset added, as packets have.
    offset = INTERFACE.tsoffset * 10**9
    (statistics,) = reader.statistics
    assert statistics.ts_ns == TIME + offset
    assert (statistics.starttime_ns, statistics.endtime_ns) == (
        TIME - 5 + offset,
        TIME + 5 + offset,
    )
    assert (statistics.ifrecv, statistics.usrdeliv, statistics.comment) == (10, 8, "at the end")
    assert reader.names == {"10.9.0.1": "client.example", "fe80::1": "größe"}
    assert reader.comments == ["a test"]
    assert reader.warnings == []
    assert [record.direction for record in RECORDS[:3]] == [
        Direction.OUT,
        Direction.IN,
        Direction.UNKNOWN,
    ]


def test_a_time_that_does_not_fit_becomes_the_nearest_one() -> None:
    early = enhanced_packet(PacketRecord(b"", -1, 0, 1))
    late = enhanced_packet(PacketRecord(b"", 1 << 65, 0, 1))
    assert struct.unpack_from("<II", early, 12) == (0, 0)
    assert struct.unpack_from("<II", late, 12) == (0xFFFFFFFF, 0xFFFFFFFF)


def test_a_comment_too_long_for_an_option_is_cut_at_a_character() -> None:
    value = encode_text("ä" * 40_000)
    assert len(value) == MAX_VALUE - 1
    assert value.decode() == "ä" * (len(value) // 2)
    record = PacketRecord(b"x", 0, 1, 1, comments=("ä" * 40_000,))
    stream = section_header("x") + interface_description(InterfaceDescription(1))
    ((comment,),) = (r.comments for r in open_capture(io.BytesIO(stream + enhanced_packet(record))))
    assert comment == value.decode()


def test_a_name_too_long_for_a_record_is_cut() -> None:
    stream = section_header("x") + name_resolution({"10.0.0.1": "n" * 70_000})
    reader = open_capture(io.BytesIO(stream))
    assert list(reader) == []
    assert len(reader.names["10.0.0.1"]) == MAX_VALUE - 5


def test_lone_surrogates_and_zero_bytes_do_no_harm() -> None:
    assert encode_text("a\ud800b") == b"a\\ud800b"
    assert decode_text(b"end\0junk") == "end"
    assert decode_text(b"\xff") == "\ufffd"


@given(
    st.lists(st.tuples(st.integers(1, 0xFFFF), st.binary(max_size=40)), max_size=8),
    st.sampled_from(["<", ">"]),
)
def test_options_come_back_as_they_were(options: list[tuple[int, bytes]], order: str) -> None:
    encoded = encode_options(options, order)
    assert len(encoded) % 4 == 0
    assert decode_options(encoded, order) == options
    if options:
        assert decode_options(encoded[:-4], order) == options, "no end mark"
        assert decode_options(encoded + b"behind the end", order) == options
    else:
        assert encoded == b""


@pytest.mark.parametrize("data", [b"\1", b"\1\0\2", b"\1\0\5\0abcd", b"\0\0\4\0", b"\1\0\xff\xff"])
def test_an_option_past_its_block_is_an_error(data: bytes) -> None:
    with pytest.raises(OptionError):
        decode_options(data)


def test_a_value_that_no_option_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="65536 bytes"):
        encode_options([(1, bytes(65_536))])


def test_wireshark_resolves_the_names(file: Path) -> None:
    done = subprocess.run(
        ["tshark", "-r", file, "-N", "n", "-T", "json", "-e", "ip.src_host"],
        capture_output=True,
        check=True,
    )
    first = json.loads(done.stdout)[0]["_source"]["layers"]
    assert first["ip.src_host"] == ["client.example"]
