from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pcapng
import pytest
import scapy.utils
from capfile_judge import CAPTURES, captures, tshark_rows, wireshark_verdict

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.reader import open_capture
from tunscope.capfile.writer import PcapngWriter, PcapWriter, open_writer
from tunscope.errors import ExitCode, TunscopeError
from tunscope.packet.custom_block import CustomBlock
from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.packet.record import PacketRecord

TIME = 1_700_000_000_123_456_789
ETHERNET = InterfaceDescription(1, name="eth0", filter="udp", tsresol=6, tsoffset=7)
TUNNEL = InterfaceDescription(101, name="tun0", description="a tunnel", snaplen=96)
RECORDS = [
    PacketRecord(bytes(range(60)), TIME, 60, 1, 0, 1, ("one", "zwei ä"), 12),
    PacketRecord(b"\x45" * 20, TIME + 1, 1500, 101, 1, 2),
    PacketRecord(b"", TIME - 5, 0, 101, 1),
]


def copy(source: Path, target: Path) -> list[PacketRecord]:
    """Copy a capture; return the records that were read."""
    records = []
    with (
        open_capture(source) as reader,
        open_writer(
            target, reader.interfaces, names=reader.names, comments=reader.comments
        ) as writer,
    ):
        for record in reader:
            writer.write(record)
            records.append(record)
    return records


def readable() -> list[Path]:
    """Return the captures that Wireshark's reader finds whole; one run of it tells of all."""
    paths = captures()
    done = subprocess.run(["capinfos", "-c", *paths], capture_output=True, text=True, check=False)
    return [path for path in paths if str(path) not in done.stderr]


@pytest.mark.parametrize("suffix", [".pcapng", ".pcapng.gz", ".pcapng.zst"])
def test_everything_about_packets_and_interfaces_survives(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    names = {"10.9.0.1": "client"}
    with open_writer(path, [ETHERNET, TUNNEL], names=names, comments=["all of it"]) as writer:
        for record in RECORDS:
            writer.write(record)
        names["10.9.0.2"] = "a name that came late"
    with open_capture(path) as reader:
        assert list(reader) == RECORDS
        assert reader.interfaces == [replace(ETHERNET, tsresol=9), TUNNEL]
        assert reader.names == names
        assert reader.comments == ["all of it"]


def test_tshark_and_python_pcapng_see_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    with open_writer(path, [replace(ETHERNET, tsoffset=0), TUNNEL]) as writer:
        for record in RECORDS:
            writer.write(record)
    assert tshark_rows(
        path,
        *("frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment", "frame.packet_id"),
        *("frame.packet_flags_direction", "frame.interface_name", "frame.interface_id"),
    ) == [
        [*("1700000000.123456789", "60", "60", "one,zwei ä", "12", "0x00000001", "eth0", "0")],
        [*("1700000000.123456790", "1500", "20", "", "", "0x00000002", "tun0", "1")],
        [*("1700000000.123456784", "0", "0", "", "", "", "tun0", "1")],
    ]
    with path.open("rb") as stream:
        blocks = list(pcapng.FileScanner(stream))
    assert [type(block).__name__ for block in blocks] == [
        *("SectionHeader", "InterfaceDescription", "InterfaceDescription"),
        *("EnhancedPacket",) * 3,
    ]


@pytest.mark.parametrize("path", readable(), ids=lambda path: path.name)
def test_a_copy_reads_as_the_original(path: Path, tmp_path: Path) -> None:
    records = copy(path, tmp_path / "copy.pcapng")
    kept = [
        # A simple packet block belongs to the first interface; elsewhere the packet gets a time.
        replace(record, timed=record.timed or (record.custom is None and record.interface != 0))
        for record in records
        if record.custom is None or record.custom.copied
    ]
    with open_capture(path) as original, open_capture(tmp_path / "copy.pcapng") as copied:
        assert list(original) == records
        assert list(copied) == kept
        assert copied.interfaces == [replace(each, tsresol=9) for each in original.interfaces]
        assert copied.names == original.names
        # Comments of later sections come when the only section header has been written.
        assert "\n".join(original.comments).startswith("\n".join(copied.comments))
        assert bool(copied.comments) == bool(original.comments)
    assert wireshark_verdict(tmp_path / "copy.pcapng") == (len(kept), "whole")


@pytest.mark.parametrize("path", sorted((CAPTURES / "hadrielk").glob("*test[12]0[12]*")))
def test_custom_blocks_are_copied_as_tshark_copies_them(path: Path, tmp_path: Path) -> None:
    fields = ("frame.number", "frame.cb_pen", "frame.cb_copy", "data.data", "frame.len")
    copy(path, tmp_path / "ours.pcapng")
    subprocess.run(
        ["tshark", "-r", path, "-w", tmp_path / "theirs.pcapng"], capture_output=True, check=True
    )
    ours = tshark_rows(tmp_path / "ours.pcapng", *fields)
    assert ours == tshark_rows(tmp_path / "theirs.pcapng", *fields)


CUSTOM_BLOCKS = [
    PacketRecord(b"abcd", 0, 4, CUSTOM_BLOCK, timed=False, custom=CustomBlock(32473, copied=True)),
    PacketRecord(b"efgh", 0, 4, CUSTOM_BLOCK, timed=False, custom=CustomBlock(32473, copied=False)),
]


def test_what_is_left_out_of_a_file_is_counted(tmp_path: Path) -> None:
    with (
        open_writer(tmp_path / "x.pcap", [ETHERNET]) as pcap,
        open_writer(tmp_path / "x.pcapng", [ETHERNET]) as pcapng,
    ):
        for record in (*CUSTOM_BLOCKS, RECORDS[0]):
            pcap.write(record)
            pcapng.write(record)
    (warning,) = pcap.warnings
    assert warning.endswith("custom blocks, for which pcap has no place, left out: 2")
    (warning,) = pcapng.warnings
    assert warning.endswith("custom blocks that may not be copied, left out: 1")
    with open_capture(tmp_path / "x.pcap") as reader:
        assert [record.data for record in reader] == [RECORDS[0].data]
    with open_capture(tmp_path / "x.pcapng") as reader:
        assert list(reader) == [CUSTOM_BLOCKS[0], RECORDS[0]]


def test_an_interface_that_appears_later_is_described_before_its_packets(tmp_path: Path) -> None:
    interfaces = [ETHERNET]
    with open_writer(tmp_path / "x.pcapng", interfaces) as writer:
        writer.write(RECORDS[0])
        interfaces.append(TUNNEL)
        writer.write(RECORDS[1])
    with open_capture(tmp_path / "x.pcapng") as reader:
        assert list(reader) == RECORDS[:2]
    assert wireshark_verdict(tmp_path / "x.pcapng") == (2, "whole")


def test_a_record_that_contradicts_its_interface_gets_one_of_its_own() -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream, [TUNNEL])
    fitting = PacketRecord(bytes(10), TIME, 10, 101)
    records = [
        fitting,
        PacketRecord(bytes(200), TIME, 200, 101),  # longer than the snaplen of 96
        PacketRecord(bytes(10), TIME, 10, 1),  # another link type
        PacketRecord(bytes(10), TIME, 10, 101, interface=9),  # an interface nobody described
        fitting,
    ]
    for record in records:
        writer.write(record)
    writer.close()
    stream.seek(0)
    reader = open_capture(stream)
    found = list(reader)
    assert [replace(record, interface=0) for record in found] == [
        replace(record, interface=0) for record in records
    ]
    assert [
        (reader.interfaces[record.interface].linktype, reader.interfaces[record.interface].name)
        for record in found
    ] == [(101, "tun0"), (101, "tun0"), (1, "tun0"), (101, ""), (101, "tun0")]
    assert reader.interfaces[found[1].interface].snaplen == 0


def test_no_packets_still_make_a_capture_with_its_interfaces(tmp_path: Path) -> None:
    for suffix in ("pcapng", "pcap"):
        with open_writer(tmp_path / f"x.{suffix}", [TUNNEL]):
            pass
        assert wireshark_verdict(tmp_path / f"x.{suffix}") == (0, "whole")
        with open_capture(tmp_path / f"x.{suffix}") as reader:
            assert list(reader) == []
        assert [each.linktype for each in reader.interfaces] == [101]


def test_a_pcap_has_nanoseconds_and_tcpdump_and_scapy_read_it(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    records = [replace(record, linktype=1, interface=0) for record in RECORDS[:2]]
    with open_writer(path, [ETHERNET]) as writer:
        for record in records:
            writer.write(record)
    with open_capture(path) as reader:
        assert reader.format == "pcap"
        assert [(r.data, r.ts_ns, r.origlen) for r in reader] == [
            (r.data, r.ts_ns, r.origlen) for r in records
        ]
        assert reader.interfaces[0].tsresol == 9
    shown = subprocess.run(
        ["tcpdump", "-ttnr", path, "--time-stamp-precision=nano"],
        capture_output=True,
        text=True,
        check=True,
    )
    # Bytes that tcpdump does not decode follow in indented lines.
    lines = [line for line in shown.stdout.splitlines() if not line.startswith("\t")]
    assert [line.split()[0] for line in lines] == [
        "1700000000.123456789",
        "1700000000.123456790",
    ]
    with scapy.utils.RawPcapReader(str(path)) as raw:
        assert [data for data, _ in raw] == [record.data for record in records]


def test_a_pcap_refuses_a_second_link_type(tmp_path: Path) -> None:
    with open_writer(tmp_path / "x.pcap", [ETHERNET, TUNNEL]) as writer:
        writer.write(RECORDS[0])
        with pytest.raises(TunscopeError) as caught:
            writer.write(RECORDS[1])
    assert str(caught.value) == (
        "pcap holds packets of one link type: these have ETHERNET and RAW (save as .pcapng)"
    )
    assert wireshark_verdict(tmp_path / "x.pcap") == (1, "whole")


def test_a_pcap_keeps_the_length_of_the_frame_check_sequence() -> None:
    stream = io.BytesIO()
    writer = PcapWriter(stream, [replace(ETHERNET, fcs_length=32)])
    writer.write(RECORDS[0])
    writer.close()
    stream.seek(0)
    assert open_capture(stream).interfaces[0].fcs_length == 32


def test_times_that_a_pcap_cannot_hold_become_the_nearest_ones() -> None:
    stream = io.BytesIO()
    writer = PcapWriter(stream)
    for time in (-1, 2**32 * 10**9):
        writer.write(PacketRecord(b"", time, 0, 1))
    stream.seek(0)
    assert [record.ts_ns for record in open_capture(stream)] == [0, 2**32 * 10**9 - 1]


def test_compressed_files_are_what_their_tools_expect(tmp_path: Path) -> None:
    for suffix, tool in ((".gz", "gzip"), (".zst", "zstd")):
        path = tmp_path / f"x.pcap{suffix}"
        with open_writer(path) as writer:
            writer.write(RECORDS[0])
        plain = subprocess.run([tool, "-dc", path], capture_output=True, check=True).stdout
        assert open_capture(io.BytesIO(plain)).format == "pcap"


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TunscopeError, match="cannot write: No such file or directory") as caught:
        open_writer(tmp_path / "missing" / "x.pcapng")
    assert caught.value.exit_code == ExitCode.FAILURE


@pytest.mark.parametrize("name", ["full", "full.gz", "full.zst"])
def test_a_full_disk_is_told_with_the_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("/dev/full")

    def fill() -> None:
        with open_writer(tmp_path / name) as writer:
            for _ in range(1000):
                writer.write(PacketRecord(os.urandom(1400), 0, 1400, 1))

    with pytest.raises(TunscopeError, match=f"{name}: cannot write: No space left on device"):
        fill()


def test_what_went_wrong_first_is_what_is_told(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")

    def go_wrong() -> None:
        with open_writer(tmp_path / "full") as writer:
            writer.write(RECORDS[0])
            raise CaptureFileError("first", "went wrong")

    with pytest.raises(CaptureFileError, match="first"):
        go_wrong()


def test_a_closed_writer_takes_nothing_and_closes_once(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "x.pcapng")
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(RECORDS[0])


def test_standard_output_goes_into_a_pipe(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from tunscope.capfile.reader import open_capture\n"
        "from tunscope.capfile.writer import open_writer\n"
        "with open_capture(sys.argv[1]) as reader, open_writer('-', reader.interfaces) as out:\n"
        "    for record in reader: out.write(record)\n"
    )
    path = CAPTURES / "hadrielk" / "le_basic_test001.pcapng"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, check=True
    )
    (tmp_path / "x").write_bytes(done.stdout)
    assert wireshark_verdict(tmp_path / "x") == wireshark_verdict(path)
