"""The index of a capture: files that grow, shrink and vanish, spools that lose their oldest."""

from __future__ import annotations

import gzip
import os
import struct
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from captures import HEAD, TIMEOUT, eventually, indexing, packet, packets, record

from tunscope.capfile.blocks import enhanced_packet
from tunscope.capfile.errors import CaptureFileError
from tunscope.columns.layout import Layer, RecordFlag
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source
from tunscope.index.source import FileSource, SpoolSource
from tunscope.packet.record import PacketRecord


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 500))
    return path


def test_a_file_is_indexed_to_its_end(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        assert (index.count, index.first_number, index.progress) == (500, 1, 1.0)
        assert (index.error, index.warnings, index.complete) == (None, (), True)
        assert [interface.name for interface in index.interfaces] == ["tun0"]
        assert [index.record(number) for number in (1, 250, 500)] == [
            record(1),
            record(250),
            record(500),
        ]
        for number in (0, 501):
            with pytest.raises(KeyError):
                index.record(number)


def test_comments_and_ids_come_back_with_the_record(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    odd = PacketRecord(b"abc", 5, 9, 101, flags=0x202, comments=("one", "two"), packet_id=77)
    path.write_bytes(HEAD + packet(1) + enhanced_packet(odd) + packet(3))
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        assert index.record(2) == odd
        flags = index.store["flags"]
        assert (flags & RecordFlag.COMMENT != 0).tolist() == [False, True, False]
        assert (flags & RecordFlag.DIRECTION).tolist() == [2, 2, 2]


def test_a_growing_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(b"")
    source = FileSource(path, growing=True)
    with indexing(source) as index, path.open("ab", buffering=0) as file:
        file.write(HEAD + packet(1))
        eventually(lambda: index.count == 1)
        block = packet(2)
        file.write(block[:20])
        file.write(block[20:])
        eventually(lambda: index.count == 2)
        assert not index.complete
        file.write(packets(3, 1000) + packet(1001)[:30])
        eventually(lambda: index.count == 1000)
        source.finish()
        assert index.wait(TIMEOUT)
        assert index.count == 1000
        assert len(index.warnings) == 1


def test_a_copy_that_holds_more_than_it_says_yet_is_read_as_far_as_it_says(
    tmp_path: Path,
) -> None:
    class Lagging(FileSource):
        said = 1000

        def refresh(self) -> None:
            self.said += 1000

        def length(self, number: int) -> int:
            return min(self.said, super().length(number))

    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 300))
    source = Lagging(path, growing=True)
    with indexing(source) as index:
        eventually(lambda: index.count == 300)
        source.finish()
        assert index.wait(TIMEOUT)
        assert (index.count, index.error, index.warnings) == (300, None, ())


def test_columns_are_published_before_the_count(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 20_000))
    index = CaptureIndex(FileSource(path), chunk=4096)
    wrong: list[int] = []

    def look() -> None:
        while not index.complete:
            count = index.count
            caplens = index.store["caplen"][:count]
            if len(caplens) != count or (caplens != 60).any():
                wrong.append(count)

    reader = threading.Thread(target=look)
    reader.start()
    index.start()
    assert index.wait(TIMEOUT)
    reader.join()
    index.stop()
    assert not wrong
    assert index.count == 20_000


def test_a_file_that_shrinks_keeps_what_was_indexed(capture: Path) -> None:
    source = FileSource(capture, growing=True)
    with indexing(source) as index:
        eventually(lambda: index.count == 500)
        os.truncate(capture, len(HEAD) + 10 * len(packet(1)))
        assert index.wait(TIMEOUT)
        assert (index.count, len(index.warnings)) == (500, 1)
        assert "shrank" in index.warnings[0]
        assert index.record(10) == record(10)
        with pytest.raises(KeyError):
            index.record(400)
        pieces = index.batch(0, 500).packet_bytes(np.array([0, 9, 400]))
        assert [length for piece in pieces for length in piece.caplens.tolist()] == [60, 60, 0]


def test_damage_ends_with_the_packets_before_it(capture: Path) -> None:
    data = bytearray(capture.read_bytes())
    place = len(HEAD) + 300 * len(packet(1))
    data[place + 4] ^= 0x10
    capture.write_bytes(data)
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        assert index.count == 300
        assert f"damaged at byte {place}" in (index.error or "")


@pytest.mark.parametrize("data", [b"", b"x", b"not a capture at all"])
def test_what_is_no_capture_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with indexing(open_source(path)) as index:
        assert index.wait(TIMEOUT)
        assert index.count == 0
        assert bool(index.error) == bool(data)
        assert bool(index.warnings) != bool(data)


def test_what_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaptureFileError, match="No such file"):
        open_source(tmp_path / "absent")
    with pytest.raises(CaptureFileError, match="without capture segments"):
        open_source(tmp_path)


@pytest.mark.parametrize("squeeze", [gzip.compress, zstandard.compress])
def test_compressed_captures_are_known_by_content(tmp_path: Path, squeeze: object) -> None:
    path = tmp_path / "x.pcapng"
    assert callable(squeeze)
    path.write_bytes(squeeze(HEAD + packets(1, 3000)))
    with indexing(open_source(path)) as index:
        assert index.wait(TIMEOUT)
        assert (index.count, index.error, index.warnings) == (3000, None, ())
        assert index.record(2999) == record(2999)


def test_compressed_data_that_ends_early_gives_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(HEAD + packets(1, 3000))[:-2000])
    with indexing(open_source(path)) as index:
        assert index.wait(TIMEOUT)
        assert 0 < index.count < 3000
        assert (index.error, len(index.warnings)) == (None, 1)


def test_damaged_compressed_data_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    data = bytearray(gzip.compress(HEAD + packets(1, 3000)))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path.write_bytes(data)
    with indexing(open_source(path)) as index:
        assert index.wait(TIMEOUT)
        assert index.count < 3000
        assert index.error


def test_a_pipe_is_indexed_while_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    opened: list[int] = []
    opener = threading.Thread(target=lambda: opened.append(os.open(path, os.O_WRONLY)))
    opener.start()
    source = open_source(path)
    opener.join()
    with indexing(source) as index:
        os.write(opened[0], HEAD + packets(1, 100))
        eventually(lambda: index.count == 100)
        assert index.record(77) == record(77)
        assert not index.complete
        os.write(opened[0], packets(101, 200))
        os.close(opened[0])
        assert index.wait(TIMEOUT)
        assert index.count == 200


def test_a_spool_grows_by_segments_and_loses_the_oldest(tmp_path: Path) -> None:
    source = SpoolSource(tmp_path)

    def segment(number: int) -> Path:
        return tmp_path / f"{number:08d}.pcapng"

    with indexing(source) as index:
        assert index.count == 0
        for number in range(1, 5):
            segment(number).write_bytes(HEAD + packets(100 * number - 99, 100 * number))
            segment(number + 1).touch()  # the next one is made before it is written to
            eventually(lambda number=number: index.count == 100 * number)
        assert index.record(150) == record(150)
        assert len(index.interfaces) == 1  # every segment describes the same one
        segment(1).unlink()
        segment(2).unlink()
        eventually(lambda: index.first_number == 201)
        with pytest.raises(KeyError):
            index.record(200)
        assert index.record(201) == record(201)
        assert index.batch(0, 1000).start == 200
        assert not index.store["caplen"][:200].any() or index.store.first == 200
        source.finish()
        assert index.wait(TIMEOUT)
        assert (index.count, index.warnings, index.passed_over) == (400, (), False)


def test_segments_all_gone_is_no_crash(tmp_path: Path) -> None:
    source = SpoolSource(tmp_path)
    (tmp_path / "00000001.pcapng").write_bytes(HEAD + packets(1, 50))
    with indexing(source) as index:
        eventually(lambda: index.count == 50)
        (tmp_path / "00000001.pcapng").unlink()
        tmp_path.joinpath("00000007.pcapng").write_bytes(HEAD + packets(51, 60))
        eventually(lambda: index.count == 60)
        assert index.first_number == 51
        assert index.record(55) == record(55)
        assert index.passed_over


def test_packet_bytes_come_in_bounded_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 4000, size=2000))
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        batch = index.batch(0, index.count)
        pieces = list(batch.packet_bytes())
        assert len(pieces) > 1
        assert max(len(piece.data) for piece in pieces) < 5 << 20
        rows = np.concatenate([piece.rows for piece in pieces])
        assert rows.tolist() == list(range(4000))
        chosen = np.array([5, 6, 7, 1500, 3999])
        seen = [
            piece.data[start : start + caplen].tobytes()
            for piece in batch.packet_bytes(chosen)
            for start, caplen in zip(piece.starts.tolist(), piece.caplens.tolist(), strict=True)
        ]
        assert seen == [index.record(row + 1).data for row in chosen.tolist()]


def test_stopping_ends_soon_and_twice_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD)
    index = CaptureIndex(FileSource(path, growing=True))
    index.start()
    index.stop()
    index.stop()
    assert index.complete


def test_layers_of_a_tun_packet(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        layers = Layer(int(index.store["layers"][1]))
        assert layers == Layer.IPV4 | Layer.ADDRESSES | Layer.UDP | Layer.PORTS
        assert int(index.store["dport"][0]) == 53


@pytest.mark.parametrize("chunk", [512, 4096, 1 << 15])
def test_many_chunks_are_decoded_in_order_behind_the_reading(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "x.pcapng"
    big = packet(701, 9000)
    path.write_bytes(HEAD + packets(1, 700) + big + packets(702, 1500))
    with indexing(FileSource(path), chunk=chunk) as index:
        assert index.wait(TIMEOUT)
        assert (index.count, index.error, index.warnings) == (1500, None, ())
        assert [index.record(number) for number in (1, 700, 702, 1500)] == [
            record(number) for number in (1, 700, 702, 1500)
        ]
        assert index.record(701) == record(701, 9000)
        assert index.store["ts_ns"].tolist() == [1000 * number for number in range(1, 1501)]
        names = [thread.name for thread in threading.enumerate()]
        assert "tunscope-decode" not in names


def test_chunks_without_packets_do_not_disturb_the_decoding_behind_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pcapng"
    unknown = b"".join(
        struct.pack("<II", 0x7FFF, 512) + b"\xee" * 500 + struct.pack("<I", 512) for _ in range(64)
    )
    path.write_bytes(HEAD + packets(1, 100) + unknown + packets(101, 300) + unknown + packet(301))
    index = CaptureIndex(FileSource(path), chunk=4096)
    add = index.tables.add

    def slowly(*arguments: Any) -> None:
        time.sleep(0.01)
        add(*arguments)

    monkeypatch.setattr(index.tables, "add", slowly)
    index.start()
    try:
        assert index.wait(TIMEOUT)
        assert (index.count, index.error) == (301, None)
        low = [number & 0xFF for number in range(1, 302)]
        assert (index.store["dst"] & 0xFF).tolist() == low
    finally:
        index.stop()


def test_a_store_that_is_full_ends_the_index_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 3000))
    index = CaptureIndex(FileSource(path), chunk=4096)
    monkeypatch.setattr(index.store, "capacity", 1000)
    index.start()
    try:
        assert index.wait(TIMEOUT)
        assert 900 < index.count <= 1000
        (warning,) = index.warnings
        assert "is not indexed: more than 1000 rows" in warning
    finally:
        index.stop()
