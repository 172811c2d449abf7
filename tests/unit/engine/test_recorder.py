"""What is written is whole: limits, rotation, a slow reader, a disk that fills up."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from epbs import HEADER, make_batch, packets_in, statistics_in

from tunscope.capfile.rotation import Rotation, StopConditions
from tunscope.engine.output import Output
from tunscope.engine.recorder import Losses, Recorder, RecordError


def new_file(path: Path) -> Output:
    return Output(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))


def new_recorder(
    output: Output,
    stop: StopConditions | None = None,
    rotate: Rotation | None = None,
    rotated: list[tuple[int, int]] | None = None,
    patience: float = 0.0,
) -> Recorder:
    told = rotated if rotated is not None else []
    recorder = Recorder(
        output,
        HEADER,
        stop=stop or StopConditions(),
        rotate=rotate or Rotation(),
        patience=patience,
        losses=lambda: Losses(received=9, dropped=2, dropped_by_os=1),
        on_rotated=lambda packets, nbytes: told.append((packets, nbytes)),
    )
    recorder.start()
    return recorder


def write(recorder: Recorder, packets: list[bytes]) -> bool:
    batch, _memory = make_batch(packets)
    return recorder.write(batch)


def test_a_file_holds_what_was_given_and_ends_with_statistics(tmp_path: Path) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file))
    packets = [bytes([i]) * (i * 7) for i in range(40)]
    assert write(recorder, packets[:25])
    assert write(recorder, packets[25:])
    recorder.finish()
    assert packets_in(file.read_bytes()) == packets
    assert recorder.captured == 40
    statistics = statistics_in(file.read_bytes())
    assert statistics["isb_usrdeliv"] == 40


def test_more_iovecs_than_one_writev_takes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file))
    packets = [i.to_bytes(4) for i in range(2500)]
    assert write(recorder, packets)
    recorder.finish()
    assert packets_in(file.read_bytes()) == packets


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_packet_limit_is_exact(tmp_path: Path, limit: int) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file), StopConditions(packets=limit))
    write(recorder, [b"a"] * 2)
    write(recorder, [b"b"] * 10)
    assert recorder.finished
    recorder.finish()
    assert len(packets_in(file.read_bytes())) == recorder.captured == limit


def test_a_size_limit_ends_with_the_packet_that_reaches_it(tmp_path: Path) -> None:
    file = tmp_path / "x"
    limit = len(HEADER) + 3 * 132
    recorder = new_recorder(new_file(file), StopConditions(filesize=limit))
    write(recorder, [b"x" * 100] * 9)  # blocks of 132 bytes
    assert recorder.finished
    recorder.finish()
    assert len(packets_in(file.read_bytes())) == 3


def test_files_are_exact_when_the_next_one_is_there(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    recorder = new_recorder(new_file(tmp_path / "1"), rotate=Rotation(packets=4), rotated=told)
    for name in ("2", "3"):
        recorder.next_outputs.append(new_file(tmp_path / name))
    packets = [bytes([i]) for i in range(11)]
    write(recorder, packets)
    recorder.finish()
    found = [packets_in((tmp_path / name).read_bytes()) for name in ("1", "2", "3")]
    assert found == [packets[:4], packets[4:8], packets[8:]]
    assert [count for count, _ in told] == [4, 4]
    assert sum((tmp_path / n).stat().st_size for n in "123") == recorder.written_bytes


def test_without_a_next_file_the_current_one_goes_on(tmp_path: Path) -> None:
    recorder = new_recorder(new_file(tmp_path / "1"), rotate=Rotation(packets=2))
    write(recorder, [b"x"] * 7)
    recorder.finish()
    assert len(packets_in((tmp_path / "1").read_bytes())) == 7


def test_a_limit_that_fills_a_file_begins_no_other(tmp_path: Path) -> None:
    recorder = new_recorder(
        new_file(tmp_path / "1"), StopConditions(packets=4), Rotation(packets=4)
    )
    recorder.next_outputs.append(new_file(tmp_path / "2"))
    write(recorder, [b"x"] * 9)
    recorder.finish()
    assert recorder.captured == 4
    assert (tmp_path / "2").read_bytes() == b""


def test_packets_wait_for_the_next_file(tmp_path: Path) -> None:
    recorder = new_recorder(new_file(tmp_path / "1"), rotate=Rotation(packets=4), patience=60)
    packets = [bytes([i]) for i in range(10)]
    batch, _memory = make_batch(packets)
    assert not recorder.write(batch)
    assert recorder.held_up
    assert recorder.blocked_fd is None, "no reader is to blame"
    for name in ("2", "3"):
        recorder.next_outputs.append(new_file(tmp_path / name))
    assert recorder.flush()
    recorder.finish()
    found = [packets_in((tmp_path / name).read_bytes()) for name in ("1", "2", "3")]
    assert found == [packets[:4], packets[4:8], packets[8:]]


def test_packets_do_not_wait_for_ever_for_the_next_file(tmp_path: Path) -> None:
    recorder = new_recorder(new_file(tmp_path / "1"), rotate=Rotation(packets=4), patience=0.05)
    batch, _memory = make_batch([b"x"] * 10)
    assert not recorder.write(batch)
    assert recorder.waits_until is not None
    time.sleep(0.06)
    assert recorder.flush()
    recorder.finish()
    assert len(packets_in((tmp_path / "1").read_bytes())) == 10


def test_a_size_limit_counts_all_files(tmp_path: Path) -> None:
    limit = 3 * len(HEADER) + 7 * 132
    stop = StopConditions(filesize=limit)
    recorder = new_recorder(new_file(tmp_path / "1"), stop, Rotation(packets=4))
    for name in ("2", "3"):
        recorder.next_outputs.append(new_file(tmp_path / name))
    write(recorder, [b"x" * 100] * 3)
    write(recorder, [b"x" * 100] * 20)
    assert recorder.finished
    assert recorder.captured < 8


def test_the_statistics_of_all_files_add_up(tmp_path: Path) -> None:
    seen = iter(range(5, 1000, 5))
    recorder = Recorder(
        new_file(tmp_path / "1"),
        HEADER,
        stop=StopConditions(),
        rotate=Rotation(packets=4),
        patience=0.0,
        losses=lambda: Losses(received=next(seen)),
        on_rotated=lambda packets, nbytes: None,
    )
    recorder.start()
    for name in ("2", "3"):
        recorder.next_outputs.append(new_file(tmp_path / name))
    write(recorder, [b"x"] * 9)
    recorder.finish()
    told = [statistics_in((tmp_path / n).read_bytes())["isb_ifrecv"] for n in "123"]
    assert sum(told) == next(seen) - 5, "what came between two files is in one of them"


def test_the_last_file_of_several_ends_the_capture(tmp_path: Path) -> None:
    recorder = new_recorder(new_file(tmp_path / "1"), StopConditions(files=2), Rotation(packets=2))
    for name in ("2", "3"):
        recorder.next_outputs.append(new_file(tmp_path / name))
    write(recorder, [b"x"] * 9)
    assert recorder.finished
    recorder.finish()
    assert [len(packets_in((tmp_path / n).read_bytes())) for n in "12"] == [2, 2]
    assert (tmp_path / "3").read_bytes() == b""


@pytest.mark.parametrize("lasting", [False, True])
def test_a_file_that_can_grow_no_more_ends_with_a_whole_block(
    tmp_path: Path, small_files: int, lasting: bool
) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file))
    batch, _memory = make_batch([b"x" * 100] * 100)
    if lasting:
        assert recorder.write(replace(batch, lasting=True))
    with pytest.raises(RecordError) as raised:  # what was written behind is heard of now
        recorder.write(batch)
    assert raised.value.errno == errno.EFBIG
    whole = (small_files - len(HEADER)) // 132
    assert recorder.captured == whole
    assert file.stat().st_size == len(HEADER) + whole * 132
    assert len(packets_in(file.read_bytes())) == whole
    recorder.give_up()


def test_the_end_waits_for_what_is_written_behind(tmp_path: Path, small_files: int) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file))
    batch, _memory = make_batch([b"x" * 100] * 100)
    assert recorder.write(replace(batch, lasting=True))
    with pytest.raises(RecordError):
        recorder.finish()
    assert recorder.captured == len(packets_in(file.read_bytes())) < 100


def test_a_file_that_could_not_be_written_behind_is_not_left_for_the_next(
    tmp_path: Path, small_files: int
) -> None:
    rotated: list[tuple[int, int]] = []
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file), rotate=Rotation(packets=100), rotated=rotated)
    recorder.next_outputs.append(new_file(tmp_path / "y"))
    batch, _memory = make_batch([b"x" * 100] * 100)
    with pytest.raises(RecordError):
        recorder.write(replace(batch, lasting=True))
    recorder.give_up()
    assert rotated == []
    assert recorder.captured == len(packets_in(file.read_bytes())) == (5000 - len(HEADER)) // 132
    assert (tmp_path / "y").read_bytes() == b""


def test_every_file_tells_of_the_losses_since_the_one_before(tmp_path: Path) -> None:
    recorder = new_recorder(new_file(tmp_path / "x"), rotate=Rotation(packets=3))
    recorder.next_outputs.append(new_file(tmp_path / "y"))
    write(recorder, [b"x"] * 5)
    recorder.finish()
    told = [statistics_in((tmp_path / name).read_bytes()) for name in "xy"]
    names = ("isb_ifrecv", "isb_ifdrop", "isb_osdrop", "isb_usrdeliv")
    assert [[one[name] for name in names] for one in told] == [[9, 2, 1, 3], [0, 0, 0, 2]]


def test_batches_that_last_are_written_behind_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "x"
    recorder = new_recorder(new_file(file), rotate=Rotation(packets=90))
    recorder.next_outputs.append(new_file(tmp_path / "y"))
    sent: list[bytes] = []
    memories = []
    for number in range(24):
        packets = [bytes([number, i]) * 20_000 for i in range(5)]
        batch, memory = make_batch(packets)
        assert recorder.write(replace(batch, lasting=number % 3 > 0))
        memories.append(memory)
        sent += packets
    recorder.finish()
    assert packets_in(file.read_bytes()) == sent[:90]
    assert packets_in((tmp_path / "y").read_bytes()) == sent[90:]
    assert not [one for one in threading.enumerate() if one.name == "write behind"]


def test_a_slow_reader_gets_everything_in_the_end() -> None:
    read_end, write_end = os.pipe()
    recorder = new_recorder(Output(write_end))
    packets = [bytes([i]) * 60000 for i in range(20)]
    batch, _memory = make_batch(packets)
    assert not recorder.write(batch), "a pipe holds 64 KiB"
    assert recorder.blocked_fd is not None
    received: list[bytes] = []

    def read() -> None:
        while data := os.read(read_end, 1 << 16):
            received.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    while not recorder.flush():
        pass
    while not recorder.finish():
        pass
    os.close(write_end)
    reader.join()
    os.close(read_end)
    assert packets_in(b"".join(received)) == packets


def test_a_full_disk_at_a_rotation_by_the_clock_ends_with_a_whole_block(
    tmp_path: Path, small_files: int
) -> None:
    recorder = new_recorder(new_file(tmp_path / "1"), rotate=Rotation(duration=0.05))
    recorder.next_outputs.append(new_file(tmp_path / "2"))
    whole = (small_files - len(HEADER)) // 132
    write(recorder, [b"x" * 100] * whole)
    time.sleep(0.06)
    with pytest.raises(RecordError):
        recorder.rotate_if_due()
    with pytest.raises(RecordError):
        recorder.finish()
    assert len(packets_in((tmp_path / "1").read_bytes())) == recorder.captured == whole
    assert (tmp_path / "2").read_bytes() == b""


def test_a_file_without_room_for_its_header_stays_empty(tmp_path: Path, small_files: int) -> None:
    fd = os.open(tmp_path / "1", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
    os.lseek(fd, small_files - 10, os.SEEK_SET)
    recorder = Recorder(
        Output(fd),
        HEADER,
        stop=StopConditions(),
        rotate=Rotation(),
        patience=0.0,
        losses=Losses,
        on_rotated=lambda packets, nbytes: None,
    )
    with pytest.raises(OSError, match="File too large"):
        recorder.start()
    assert recorder.finish()
    assert (tmp_path / "1").stat().st_size == small_files - 10


@pytest.mark.parametrize("flags", [0, os.O_APPEND])
def test_a_full_disk_leaves_what_the_file_held_before(
    tmp_path: Path, small_files: int, flags: int
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"precious" * 100)
    fd = os.open(file, os.O_WRONLY | os.O_CLOEXEC | flags)
    if not flags:
        os.lseek(fd, 0, os.SEEK_END)
    recorder = new_recorder(Output(fd))
    with pytest.raises(RecordError):
        write(recorder, [b"x" * 100] * 100)
    content = file.read_bytes()
    assert content[:800] == b"precious" * 100
    whole = (small_files - 800 - len(HEADER)) // 132
    assert len(packets_in(content[800:])) == recorder.captured == whole


def fill(fd: int) -> None:
    os.set_blocking(fd, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(fd, bytes(4096))
    os.set_blocking(fd, True)


def test_a_reader_that_stalls_at_the_end_does_not_hold_the_engine() -> None:
    read_end, write_end = os.pipe()
    recorder = new_recorder(Output(write_end))
    assert write(recorder, [b"x"])
    fill(write_end)
    assert not recorder.finish()
    assert recorder.blocked_fd is not None
    recorder.give_up()
    assert recorder.blocked_fd is None
    os.close(write_end)
    os.close(read_end)


def test_a_reader_that_went_away_is_told() -> None:
    read_end, write_end = os.pipe()
    recorder = new_recorder(Output(write_end))
    os.close(read_end)
    with pytest.raises(RecordError) as raised:
        write(recorder, [b"x"])
    assert raised.value.errno == errno.EPIPE
    assert recorder.captured == 0
    os.close(write_end)
