from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pcapng
import pytest
import zstandard
from capfile_judge import (
    CAPTURES,
    END,
    block,
    captures,
    custom_block,
    interface,
    option,
    packet,
    pcap_header,
    pcap_record,
    section,
    tshark_rows,
    wireshark_verdict,
)

from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.reader import CaptureReader, open_capture
from tunscope.packet.record import PacketRecord

HEAD = section() + interface()


def read(data: bytes, *, lenient: bool = False) -> tuple[list[PacketRecord], CaptureReader]:
    reader = open_capture(io.BytesIO(data), lenient=lenient)
    return list(reader), reader


def without_custom_data(record: PacketRecord) -> PacketRecord:
    return record if record.custom is None else replace(record, data=b"")


def verdict(path: Path) -> tuple[int, str]:
    """Return what `wireshark_verdict` returns, of our reader."""
    count = 0
    try:
        with open_capture(path) as reader:
            for _ in reader:
                count += 1
            cut = any("cut short" in warning for warning in reader.warnings)
    except CaptureFileError:
        return count, "damaged"
    return count, "cut" if cut else "whole"


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_captures_of_other_projects_give_as_many_packets_as_wireshark_gets(path: Path) -> None:
    assert verdict(path) == wireshark_verdict(path)


@pytest.mark.parametrize("number", [f"{n:03d}" for n in range(1, 19)])
def test_both_byte_orders_of_hadrielks_set_give_the_same(number: str) -> None:
    little, big = (
        open_capture(CAPTURES / "hadrielk" / f"{order}_basic_test{number}.pcapng")
        for order in ("le", "be")
    )
    with little, big:
        ours, theirs = list(little), list(big)
        # What a custom block holds has a byte order that only its owner knows.
        assert [without_custom_data(record) for record in ours] == [
            without_custom_data(record) for record in theirs
        ]
        assert little.interfaces == big.interfaces
        assert little.names == big.names
        assert little.comments == big.comments
        assert little.statistics == big.statistics


@pytest.mark.parametrize(
    "path",
    [
        *sorted((CAPTURES / "hadrielk").glob("be_advanced*")),
        *sorted((CAPTURES / "hadrielk").glob("be_difficult_test20[12]*")),
        *sorted((CAPTURES / "hadrielk").glob("?e_basic_test01[78]*")),
        CAPTURES / "hadrielk" / "le_basic_test009.pcapng",
        CAPTURES / "libpcap" / "tests_filter_slip-bad-direction.pcap",
        CAPTURES / "scapy" / "test_pcaps_netflowv9.pcap",
        CAPTURES / "scapy" / "test_pcaps_http_tcp_psh.pcap.gz",
    ],
    ids=lambda path: path.name,
)
def test_bytes_times_lengths_and_comments_are_those_that_tshark_shows(path: Path) -> None:
    rows = tshark_rows(
        path,
        *("frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment", "frame.md5_hash"),
        *("frame.cb_pen", "frame.cb_copy"),
        preferences=["frame.generate_md5_hash:TRUE"],
    )
    with open_capture(path) as reader:
        ours = list(reader)
    assert ours
    assert [
        [
            f"{record.ts_ns // 10**9}.{record.ts_ns % 10**9:09d}" if record.timed else "",
            str(record.origlen),
            str(record.caplen),
            ",".join(record.comments),
            hashlib.md5(record.data).hexdigest(),
            "" if record.custom is None else str(record.custom.pen),
            "" if record.custom is None else str(int(record.custom.copied)),
        ]
        for record in ours
    ] == rows


@pytest.mark.parametrize(
    "path",
    # python-pcapng cannot read the IPv6 address of an interface, which test008 has.
    [p for p in sorted((CAPTURES / "hadrielk").glob("le_basic*")) if "test008" not in p.name],
    ids=lambda path: path.name,
)
def test_python_pcapng_finds_the_same_packets(path: Path) -> None:
    with path.open("rb") as stream:
        theirs = [
            (found.packet_data, found.packet_len)
            for found in pcapng.FileScanner(stream)
            if isinstance(
                found,
                pcapng.blocks.EnhancedPacket
                | pcapng.blocks.SimplePacket
                | pcapng.blocks.ObsoletePacket,
            )
        ]
    with open_capture(path) as reader:
        ours = [(record.data, record.origlen) for record in reader if record.custom is None]
    assert ours == theirs


UNHARMED = {
    "plain": HEAD + packet() * 2,
    "empty file": b"",
    "section only": section(),
    "version 1.2": section(version=(1, 2)) + interface() + packet(),
    "big endian second section": HEAD + packet() + section(">") + interface(order=">")
    + packet(order=">"),
    "lengths without the padding": HEAD
    + block(6, struct.pack("<5I", 0, 0, 0, 26, 26) + bytes(28), total=58)
    + packet(),
    "custom block": HEAD + custom_block(b"abcd") + packet() + custom_block(b"", copied=False),
    "custom block before any interface": section() + custom_block(b"abcd") + interface() + packet(),
    "big endian custom block": section(">") + custom_block(b"abcd", order=">"),
    "custom block with options that are none": HEAD + custom_block(b"\1\0\xff\0") + packet(),
    "custom block without the padding": HEAD
    + block(0xBAD, struct.pack("<I", 7) + b"abcde\0\0\0", total=21) + packet(),
    "unknown block": HEAD + block(0x77, b"") + block(0x0BAD0BAD, bytes(40)) + packet(),
    "original length below the captured one": HEAD + packet(origlen=10),
    "longest packet": HEAD + packet(bytes(262_144)),
    "long D-Bus packet": section() + interface(231) + packet(bytes(262_145)),
    "longer than the snaplen": section() + interface(snaplen=10) + packet(),
    "flags twice": HEAD + packet(options=option(2, b"\1\0\0\0") + option(2, b"\2\0\0\0") + END),
    "no end of options": HEAD + packet(options=option(1, b"abcd")),
    "end of options with a value": HEAD + packet(options=b"\0\0\4\0" + END),
    "junk behind the end of options": HEAD + packet(options=END + b"\1\0\xff\0"),
    "resolution of two bytes": section() + interface(options=option(9, b"\t\t") + END) + packet(),
    "speed of four bytes": section() + interface(options=option(8, b"abcd") + END) + packet(),
    "simple packet": HEAD + block(3, struct.pack("<I", 4) + b"abcd"),
    "simple packet cut by the snaplen": section() + interface(snaplen=2)
    + block(3, struct.pack("<I", 9) + b"ab\0\0"),
    "obsolete packet": HEAD + block(2, struct.pack("<HH4I", 0, 5, 0, 7, 4, 4) + b"abcd"),
    "names without an end": HEAD + block(4, struct.pack("<HH", 1, 8) + b"abcdefg\0") + packet(),
    "statistics of nobody": HEAD + block(5, struct.pack("<III", 9, 0, 0)) + packet(),
    "statistics with an odd option": HEAD
    + block(5, struct.pack("<III", 0, 0, 0) + option(4, b"ab") + END) + packet(),
    "version 543.0": pcap_header(version=(543, 0)) + pcap_record(caplen=90, origlen=60),
    "version 3.0": pcap_header(version=(3, 0)) + pcap_record(),
    "link type with FCS length": pcap_header(network=0x24000001) + pcap_record(),
    "pcap longest packet": pcap_header() + pcap_record(bytes(262_144)),
    "pcap over the snaplen": pcap_header(snaplen=10) + pcap_record(),
    "pcap header only": pcap_header(),
}  # fmt: skip


@pytest.mark.parametrize("data", UNHARMED.values(), ids=UNHARMED)
def test_takes_whatever_wireshark_takes(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    theirs = wireshark_verdict(tmp_path / "x")
    assert theirs[1] == "whole"
    assert verdict(tmp_path / "x") == theirs


DAMAGED = {
    "trailing length differs": HEAD + packet() + block(6, packet()[8:-4], trailer=4) + packet(),
    "block of eight bytes": HEAD + struct.pack("<II", 0x77, 8) + packet(),
    "packet too long": HEAD + packet(bytes(262_145)),
    "packet longer than its block": HEAD + block(6, struct.pack("<5I", 0, 0, 0, 9, 9) + bytes(8)),
    "packet of no interface": HEAD + packet(number=1),
    "packet in a section without interfaces": HEAD + packet() + section() + packet(),
    "flags of two bytes": HEAD + packet(options=option(2, b"ab") + END),
    "packet id of four bytes": HEAD + packet(options=option(5, b"abcd") + END),
    "drop count of four bytes": HEAD + packet(options=option(4, b"abcd") + END),
    "queue of two bytes": HEAD + packet(options=option(6, b"ab") + END),
    "empty verdict": HEAD + packet(options=option(7, b"") + END),
    "short eBPF verdict": HEAD + packet(options=option(7, b"\1aa") + END),
    "short custom option": HEAD + packet(options=option(2988, b"ab") + END),
    "option past its block": HEAD + packet(options=b"\1\0\x64\0"),
    "end of options past the block": HEAD + packet(options=b"\0\0\x08\0"),
    "empty filter": section() + interface(options=option(11, b"") + END) + packet(),
    "short interface": section() + block(1, b"\1\0\0\0") + packet(),
    "version 1.1": section(version=(1, 1)) + interface() + packet(),
    "second section of version 2.0": HEAD + packet() + section(version=(2, 0)) + interface(),
    "second section of no byte order": HEAD + packet()
    + block(0x0A0D0D0A, struct.pack("<IHHq", 0x11111111, 1, 0, -1)) + interface(),
    "simple packet without interface": section() + block(3, struct.pack("<I", 4) + b"abcd"),
    "simple packet too short": HEAD + block(3, struct.pack("<I", 9) + b"abcd"),
    "simple packet too long": HEAD + block(3, struct.pack("<I", 4) + b"abcdefgh") + packet(),
    "name without an end": HEAD + block(4, struct.pack("<HH", 1, 8) + b"abcdefgh" + END) + packet(),
    "name without an address": HEAD + block(4, struct.pack("<HH", 1, 2) + b"ab\0\0" + END)
    + packet(),
    "name past its block": HEAD + block(4, struct.pack("<HH", 1, 800) + b"abcdefg\0") + packet(),
    "names of no length": HEAD + block(4, b"") + packet(),
    "short statistics": HEAD + block(5, b"abcd") + packet(),
    "statistics with an option past them": HEAD
    + block(5, struct.pack("<III", 0, 0, 0) + struct.pack("<HH", 4, 80)) + packet(),
    "short custom block": HEAD + block(0xBAD, b"") + packet(),
    "text in the middle": HEAD + packet() + b"hello world!!" + packet(),
    "pcap packet too long": pcap_header() + pcap_record(bytes(262_145)),
    "pcap length that lies": pcap_header() + pcap_record(caplen=10**9),
    "pcap version 1.9": pcap_header(version=(1, 9)) + pcap_record(),
    "pcap reserved bits": pcap_header(network=0x00100001) + pcap_record(),
    "text": b"hello world\n" * 10,
}  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_refuses_whatever_wireshark_refuses(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    theirs = wireshark_verdict(tmp_path / "x")
    assert theirs[1] == "damaged"
    assert verdict(tmp_path / "x") == theirs


@pytest.mark.parametrize(("mebibytes", "judged"), [(17, "whole"), (135, "damaged")])
@pytest.mark.parametrize(
    "made", [custom_block, partial(block, 0x77)], ids=["custom block", "unknown block"]
)
def test_a_block_may_be_as_large_as_for_wireshark(
    made: Callable[[bytes], bytes], mebibytes: int, judged: str, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(HEAD + made(bytes(mebibytes << 20)) + packet())
    theirs = wireshark_verdict(tmp_path / "x")
    assert theirs[1] == judged
    assert verdict(tmp_path / "x") == theirs


CUT = {
    "trailing length missing": HEAD + packet() + packet()[:-4],
    "block header cut": HEAD + packet() + packet()[:5],
    "in the packet": HEAD + packet() + packet()[:50],
    "pcap record cut": pcap_header() + pcap_record() + pcap_record()[:-1],
    "pcap record header cut": pcap_header() + pcap_record() + pcap_record()[:10],
}


@pytest.mark.parametrize("data", CUT.values(), ids=CUT)
def test_a_cut_tail_leaves_the_whole_packets_and_one_warning(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    assert wireshark_verdict(tmp_path / "x")[1] == "cut"
    packets, reader = read(data)
    assert len(packets) == 1
    (warning,) = reader.warnings
    assert "cut short at byte" in warning


def test_an_error_names_file_offset_and_way_out(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packet() + block(6, packet()[8:-4], trailer=4))
    with open_capture(path) as reader, pytest.raises(CaptureFileError) as caught:
        list(reader)
    offset = len(HEAD) + len(packet())
    assert caught.value.offset == offset
    assert str(caught.value).startswith(f"{path}: damaged at byte {offset}: a block claims 92")
    assert "--lenient" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"\0", b"hello world, this is no capture", gzip.compress(b"hello", mtime=0)]
)
def test_what_is_no_capture_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(CaptureFileError, match=r"\A[^\n]*neither a pcap nor a pcapng capture\Z"):
        open_capture(io.BytesIO(data))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(CaptureFileError, match="No such file"):
        open_capture(tmp_path / "missing")
    with pytest.raises(CaptureFileError, match="Is a directory"):
        open_capture(tmp_path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "extra", "fraction_ns"),
    [
        (0xA1B2C3D4, b"", 1000),
        (0xA1B23C4D, b"", 1),
        (0x1C0001AB, bytes(4), 1000),
        (0x1C0001AC, bytes(4), 1),
    ],
)
def test_magics_of_pcap(magic: int, order: str, extra: bytes, fraction_ns: int) -> None:
    data = pcap_header(magic, order) + extra + pcap_record(order=order) * 2
    packets, reader = read(data)
    assert reader.format == "pcap"
    assert (
        packets == [PacketRecord(b"\xaa" * 60, 1_700_000_000 * 10**9 + 7 * fraction_ns, 60, 1)] * 2
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "layout", "count"),
    [
        *((0xA1B2CD34, layout, count) for layout in ("IHBx", "IHB5x") for count in (1, 2, 5)),
        # Under the standard magic one packet alone could as well be a capture that was cut.
        *((0xA1B2C3D4, "IHBx", count) for count in (2, 5)),
    ],
)
def test_the_patched_libpcaps_of_1999(magic: int, layout: str, count: int, order: str) -> None:
    extra = struct.pack(order + layout, 3, 0x0800, 4)
    packets, reader = read(
        pcap_header(magic, order) + pcap_record(order=order, extra=extra) * count
    )
    assert [record.data for record in packets] == [b"\xaa" * 60] * count
    assert reader.warnings == []


def test_nokias_records_have_four_bytes_more() -> None:
    extra = struct.pack("<I", 0x9FBFB601)
    packets, reader = read(pcap_header() + pcap_record(extra=extra) * 3)
    assert [record.data for record in packets] == [b"\xaa" * 60] * 3
    assert reader.warnings == []


@pytest.mark.parametrize(("network", "linktype", "padding"), [(6, 1, 0), (15, 10, 3), (24, 0, 0)])
def test_aix_has_its_own_link_types_and_nanoseconds(
    network: int, linktype: int, padding: int
) -> None:
    data = pcap_header(version=(2, 2), network=network)
    packets, _ = read(data + pcap_record(fraction=999_999_999))
    assert packets == [
        PacketRecord(b"\xaa" * (60 - padding), 1_700_000_000_999_999_999, 60 - padding, linktype)
    ]


@pytest.mark.parametrize(
    ("version", "caplen", "origlen"), [((2, 3), 90, 60), ((2, 2), 90, 60), ((2, 3), 60, 90)]
)
def test_old_versions_may_have_the_lengths_the_other_way_round(
    version: tuple[int, int], caplen: int, origlen: int, tmp_path: Path
) -> None:
    data = pcap_header(version=version) + pcap_record(caplen=caplen, origlen=origlen)
    (tmp_path / "x").write_bytes(data)
    (record,) = read(data)[0]
    assert [[str(record.caplen), str(record.origlen)]] == tshark_rows(
        tmp_path / "x", "frame.cap_len", "frame.len"
    )


@pytest.mark.parametrize(
    ("resolution", "ticks", "expected_ns"),
    [
        (None, 1_000_001, 1_000_001_000),
        (6, 7, 7_000),
        (0, 5, 5_000_000_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (12, 5_999_999_999_999, 5_999_999_999),
        (0x80 | 30, (5 << 30) + 3, 5_000_000_002),
        (0x80 | 63, 1 << 63, 1_000_000_000),
        (0x80 | 10, 1024 * 3 + 512, 3_500_000_000),
        (127, (1 << 64) - 1, 0),
        (0, (1 << 64) - 1, (1 << 63) - 1),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_time_resolutions(resolution: int | None, ticks: int, expected_ns: int, order: str) -> None:
    options = b"" if resolution is None else option(9, bytes([resolution]), order) + END
    (record,) = read(
        section(order) + interface(options=options, order=order) + packet(ticks=ticks, order=order)
    )[0]
    assert record.ts_ns == expected_ns


@pytest.mark.parametrize("offset", [-10, 1_000_000_000])
def test_time_offsets_count_seconds(offset: int) -> None:
    options = option(14, struct.pack("<q", offset)) + END
    (record,) = read(section() + interface(options=options) + packet(ticks=5))[0]
    assert record.ts_ns == offset * 10**9 + 5_000


def test_interfaces_of_several_sections_are_numbered_through() -> None:
    def name(text: str) -> bytes:
        return option(2, text.encode()) + END

    packets, reader = read(
        section() + interface(1, options=name("a")) + interface(101, options=name("b"))
        + packet(number=1) + section() + interface(113, options=name("c")) + packet(number=0)
        + block(5, struct.pack("<III", 0, 0, 9) + option(4, struct.pack("<Q", 5)) + END)
    )  # fmt: skip
    assert [(record.interface, record.linktype) for record in packets] == [(1, 101), (2, 113)]
    assert [described.name for described in reader.interfaces] == ["a", "b", "c"]
    assert [(found.interface, found.ifrecv) for found in reader.statistics] == [(2, 5)]


@pytest.mark.parametrize(
    "data",
    [
        section() + interface(9999) + packet(b"bytes"),
        pcap_header(network=9999) + pcap_record(b"bytes"),
    ],
)
def test_a_link_type_that_nobody_knows_is_no_reason_to_hide_the_packets(data: bytes) -> None:
    (record,) = read(data)[0]
    assert (record.linktype, record.data) == (9999, b"bytes")


def test_what_a_packet_block_says_about_its_packet() -> None:
    options = (
        option(1, b"one") + option(1, "zwölf".encode()) + option(2, b"\2\0\0\0")
        + option(5, struct.pack("<Q", 99)) + option(4, bytes(8)) + END
    )  # fmt: skip
    (record,) = read(HEAD + packet(options=options))[0]
    assert record.comments == ("one", "zwölf")
    assert record.flags == 2
    assert record.packet_id == 99


@pytest.fixture(params=["gzip", "zstd", "plain"])
def squeeze(request: pytest.FixtureRequest) -> object:
    return {
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
        "plain": bytes,
    }[request.param]


class TestCompression:
    DATA = HEAD + b"".join(packet(os.urandom(500)) for _ in range(2000))

    def test_is_recognised_by_content(self, squeeze: object, tmp_path: Path) -> None:
        assert callable(squeeze)
        (tmp_path / "misnamed.txt").write_bytes(squeeze(self.DATA))
        with open_capture(tmp_path / "misnamed.txt") as reader:
            assert sum(1 for _ in reader) == 2000
            assert reader.warnings == []

    def test_members_and_frames_follow_each_other(self, squeeze: object) -> None:
        assert callable(squeeze)
        data = squeeze(self.DATA[:5000]) + squeeze(self.DATA[5000:5000]) + squeeze(self.DATA[5000:])
        assert len(read(data)[0]) == 2000

    def test_a_cut_file_gives_its_whole_packets_and_one_warning(self, squeeze: object) -> None:
        assert callable(squeeze)
        packets, reader = read(squeeze(self.DATA)[:-700])
        assert 1700 < len(packets) < 2000
        assert len(reader.warnings) == 1

    def test_a_cut_between_packets_is_noticed_too(self) -> None:
        data = zstandard.ZstdCompressor(write_checksum=True).compress(self.DATA)[:-2]
        packets, reader = read(data)
        assert len(packets) == 2000
        assert "the compressed data ends early" in reader.warnings[0]

    def test_damage_is_an_error_after_what_came_before(self) -> None:
        data = bytearray(gzip.compress(self.DATA))
        data[-6] ^= 1  # in the checksum
        reader = open_capture(io.BytesIO(data))
        with pytest.raises(CaptureFileError, match="damaged gzip data"):
            for _ in reader:
                pass
        data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(self.DATA))
        data[-1] ^= 1
        reader = open_capture(io.BytesIO(data), lenient=True)
        packets = iter(reader)
        assert len(list(itertools.islice(packets, 2000))) == 2000
        with pytest.raises(CaptureFileError, match="damaged zstd data"):
            next(packets)

    def test_skippable_frames_hold_nothing(self) -> None:
        skipped = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 100_000) + bytes(100_000)
        squeezed = zstandard.ZstdCompressor().compress(self.DATA)
        assert len(read(skipped + squeezed + skipped)[0]) == 2000

    def test_a_bomb_is_read_in_bounded_memory(self) -> None:
        script = (
            "import resource, sys, io\n"
            "from tunscope.capfile.reader import open_capture\n"
            "import zstandard, zlib\n"
            "head = sys.stdin.buffer.read()\n"
            "resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))\n"
            "r = open_capture(io.BytesIO(head))\n"
            "print(sum(1 for _ in r), len(r.warnings))\n"
        )
        body = packet() * 10 + struct.pack("<II", 0x77, 120 << 20)
        compressor = zstandard.ZstdCompressor().compressobj()
        bomb = compressor.compress(HEAD + body)
        for _ in range(700):
            bomb += compressor.compress(bytes(1 << 20))
        bomb += compressor.flush()
        assert len(bomb) < 200_000
        done = subprocess.run(
            [sys.executable, "-c", script], input=bomb, capture_output=True, check=False
        )
        # 120 MiB are one unknown block without its trailer; what follows it is damage.
        assert b"damaged at byte" in done.stderr.splitlines()[-1], done.stderr.decode()

    def test_a_window_larger_than_zstd_itself_takes_is_refused(self) -> None:
        frame = b"\x28\xb5\x2f\xfd" + bytes([0x00, (31 - 10) << 3]) + b"\x01\x00\x00"
        with pytest.raises(CaptureFileError, match="zstd"):
            read(frame + bytes(64))


class TestPipes:
    def test_packets_come_as_soon_as_they_are_whole(self) -> None:
        reading, writing = os.pipe()
        with open(reading, "rb", buffering=0) as stream, open(writing, "wb", buffering=0) as sink:
            sink.write(HEAD + packet(b"one") + packet(b"two")[:9])
            reader = open_capture(stream)
            assert next(iter(reader)).data == b"one"
            sink.write(packet(b"two")[9:])
            assert next(iter(reader)).data == b"two"
            sink.close()
            assert list(reader) == []
            assert reader.warnings == []

    def test_also_compressed(self) -> None:
        reading, writing = os.pipe()
        compressor = zstandard.ZstdCompressor().compressobj()
        with open(reading, "rb", buffering=0) as stream, open(writing, "wb", buffering=0) as sink:
            sink.write(compressor.compress(HEAD + packet(b"one")))
            sink.write(compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
            assert next(iter(open_capture(stream))).data == b"one"

    def test_a_pipe_that_is_nonblocking_is_waited_for(self) -> None:
        ours, theirs = socket.socketpair()
        os.set_blocking(ours.fileno(), False)
        with ours, theirs, open(ours.fileno(), "rb", buffering=0, closefd=False) as stream:
            feeder = threading.Timer(0.1, lambda: (theirs.sendall(HEAD + packet()), theirs.close()))
            feeder.start()
            assert len(list(open_capture(stream))) == 1
            feeder.join()

    def test_a_pcap_of_the_modified_magic_needs_no_look_ahead(self) -> None:
        extra = struct.pack("<IHBx", 3, 0x0800, 4)
        reading, writing = os.pipe()
        with open(reading, "rb", buffering=0) as stream, open(writing, "wb", buffering=0) as sink:
            sink.write(pcap_header(0xA1B2CD34) + pcap_record(extra=extra))
            assert next(iter(open_capture(stream))).data == b"\xaa" * 60

    @pytest.mark.parametrize("squeezer", [["cat"], ["gzip", "-c"], ["zstd", "-qc"]])
    def test_standard_input(self, squeezer: list[str], tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(HEAD + packet() * 50)
        script = (
            "from tunscope.capfile.reader import open_capture\n"
            "with open_capture('-') as reader: print(reader.name, sum(1 for _ in reader))\n"
        )
        with subprocess.Popen([*squeezer, tmp_path / "x"], stdout=subprocess.PIPE) as source:
            done = subprocess.run(
                [sys.executable, "-c", script],
                stdin=source.stdout,
                capture_output=True,
                text=True,
                check=True,
            )
        assert done.stdout == "standard input 50\n"


class TestLenient:
    DATA = HEAD + b"".join(packet(bytes([n]) * 40) for n in range(10))
    SIZE = len(packet(bytes(40)))

    def test_goes_on_behind_a_damaged_block(self) -> None:
        data = bytearray(self.DATA)
        place = len(HEAD) + 3 * self.SIZE
        data[place + 4 : place + 8] = b"\xff\xff\xff\x0f"
        packets, reader = read(bytes(data), lenient=True)
        assert [record.data[0] for record in packets] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
        (warning,) = reader.warnings
        assert warning.startswith(f"skipped {self.SIZE} bytes at byte {place}: a block claims")

    def test_goes_on_behind_bytes_that_are_missing_or_too_many(self) -> None:
        place = len(HEAD) + 3 * self.SIZE + 30
        missing = self.DATA[:place] + self.DATA[place + 5 :]
        added = self.DATA[:place] + b"xxxxxxx" + self.DATA[place:]
        for data in (missing, added):
            packets, reader = read(data, lenient=True)
            assert [record.data[0] for record in packets] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
            assert len(reader.warnings) == 1

    def test_a_length_past_the_end_swallows_nothing(self) -> None:
        data = bytearray(self.DATA)
        place = len(HEAD) + 8 * self.SIZE
        data[place + 4 : place + 8] = struct.pack("<I", 4096)
        packets, _ = read(bytes(data), lenient=True)
        assert [record.data[0] for record in packets] == [0, 1, 2, 3, 4, 5, 6, 7, 9]
        strict, reader = read(bytes(data))
        assert len(strict) == 8
        assert "cut short" in reader.warnings[0]

    def test_a_cut_tail_is_still_one_warning(self) -> None:
        packets, reader = read(self.DATA[:-5], lenient=True)
        assert len(packets) == 9
        assert len(reader.warnings) == 1
        assert "cut short" in reader.warnings[0]

    def test_pcap_goes_on_at_the_next_plausible_record(self) -> None:
        records = [pcap_record(bytes([n]) * 40, seconds=1_700_000_000 + n) for n in range(10)]
        records[4] = records[4][:8] + b"\xff\xff\xff\xff" + records[4][12:]
        packets, reader = read(pcap_header() + b"".join(records), lenient=True)
        assert [record.data[0] for record in packets] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        assert len(reader.warnings) == 1

    def test_damage_everywhere_does_not_fill_memory_with_warnings(self) -> None:
        bad = block(6, packet()[8:-4], trailer=4)
        packets, reader = read(HEAD + (bad + packet()) * 300, lenient=True)
        assert len(packets) == 300
        assert len(reader.warnings) == 101


def test_a_length_that_lies_takes_no_memory() -> None:
    script = (
        "import io, resource, struct\n"
        "from tunscope.capfile.reader import open_capture\n"
        "resource.setrlimit(resource.RLIMIT_AS, (150 << 20, 150 << 20))\n"
        f"head = {HEAD!r}\n"
        "for kind in (1, 2, 3, 4, 5, 6, 10, 0x77, 0xBAD, 0x0A0D0D0A):\n"
        "    lie = struct.pack('<II', kind, 120 << 20) + struct.pack('<IIIII', 0, 0, 0, 8, 8)\n"
        "    lie += bytes(5000)\n"
        "    for lenient in (False, True):\n"
        "        try:\n"
        "            list(open_capture(io.BytesIO(head + lie), lenient=lenient))\n"
        "        except ValueError: raise\n"
        "        except Exception as error: assert 'CaptureFileError' in repr(error), error\n"
        "print('fine')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "fine\n", done.stderr
