"""A capture is read as it grows: whole, in order, over segments, and to its very end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tunscope.cli.following import FollowedCapture, GrowingFile, GrowingSegments


def test_a_file_is_read_until_its_writer_ended(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"one")
    end = threading.Event()
    stream = FollowedCapture(GrowingFile(file), end)
    assert stream.read(2) == b"on"
    assert stream.read(9) == b"e"

    def write() -> None:
        with file.open("ab") as more:
            more.write(b"two")
        end.set()

    threading.Timer(0.2, write).start()
    assert stream.read(9) == b"two"
    assert stream.read(9) == b""


def test_segments_are_joined_and_removed_as_they_are_read(tmp_path: Path) -> None:
    for number, data in ((1, b"aa"), (2, b"bbb"), (3, b"")):
        (tmp_path / f"{number}.pcapng").write_bytes(data)
    end = threading.Event()
    end.set()
    read_end, write_end = os.pipe()
    segments = GrowingSegments(lambda: sorted(tmp_path.glob("*.pcapng")))
    stream = FollowedCapture(segments, end, copy_to=write_end)
    assert stream.readall() == b"aabbb"
    assert os.read(read_end, 99) == b"aabbb"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2.pcapng", "3.pcapng"]
    os.close(read_end)
    os.close(write_end)


def test_what_was_added_just_before_the_next_segment_began_is_read(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_bytes(b"a")
    end = threading.Event()

    class Late(GrowingSegments):
        """The first segment grows between the look for a next one and the read."""

        def has_next(self) -> bool:
            found = super().has_next()
            if not found:
                first.write_bytes(b"ab")
                second.write_bytes(b"c")
                end.set()
            return found

    stream = FollowedCapture(Late(lambda: sorted(tmp_path.iterdir())), end)
    assert [stream.read(1), stream.read(1), stream.read(1), stream.read(1)] == [
        b"a", b"b", b"c", b"",
    ]  # fmt: skip


def test_a_segment_dropped_while_it_is_read_is_finished(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / str(number)).write_bytes(str(number).encode() * 2)
    end = threading.Event()
    end.set()
    stream = FollowedCapture(GrowingSegments(lambda: sorted(tmp_path.iterdir())), end)
    assert stream.read(1) == b"1"
    (tmp_path / "1").unlink()
    (tmp_path / "2").unlink()
    assert stream.readall() == b"133"
