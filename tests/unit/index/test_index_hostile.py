"""Whatever bytes a capture has, its index ends soon and has the packets that reading it has."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from capfile_judge import CAPTURES
from test_capfile_hostile import CPU_SECONDS, MEMORY, mutated

from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.reader import open_capture
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source

#: The machine may be busy with other tests.
pytestmark = pytest.mark.timeout(300)

#: An index has a thread and memory of its own, which takes longer than reading 8 KiB.
MUTATIONS = 2000


def resident() -> int:
    """Return the most bytes that were resident since the last `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    pytest.fail("no VmHWM in /proc/self/status")


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def indexed(path: Path) -> tuple[list[bytes], bool]:
    """Return the packets of an index and whether it ends in an error."""
    index = CaptureIndex(open_source(path))
    index.start()
    try:
        assert index.wait(CPU_SECONDS), "still indexing"
        error = index.error
        assert error is None or "\n" not in error
        return [
            index.record(number).data for number in range(1, index.count + 1)
        ], error is not None
    finally:
        index.stop()


def streamed(path: Path) -> tuple[list[bytes], bool]:
    """Return the packets that reading in order gets and whether that ends in an error."""
    packets: list[bytes] = []
    try:
        with open_capture(str(path)) as reader:
            packets.extend(record.data for record in reader)
    except CaptureFileError:
        return packets, True
    return packets, False


def test_damaged_captures_have_the_packets_that_reading_them_has(tmp_path: Path) -> None:
    path = tmp_path / "mutated"
    rng = random.Random(20260131)
    apart = 0
    forget_peak()
    before = resident()
    for count in range(MUTATIONS):
        data = mutated(rng)
        path.write_bytes(data)
        (packets, failed), (expected, refused) = indexed(path), streamed(path)
        assert packets == expected, (count, data.hex())
        # A header that is damaged and cut short may be called either.
        apart += failed != refused
    assert apart <= MUTATIONS // 100
    assert resident() - before < MEMORY


@pytest.mark.parametrize(
    "name",
    [
        "hadrielk/le_advanced_test102.pcapng",
        "hadrielk/be_difficult_test201.pcapng",
        "libpcap/tests_filter_vxlan.pcap",
    ],
)
def test_a_cut_at_every_offset_indexes_what_reading_gets(name: str, tmp_path: Path) -> None:
    data = (CAPTURES / name).read_bytes()
    path = tmp_path / "cut"
    for length in range(len(data) + 1):
        path.write_bytes(data[:length])
        assert indexed(path) == streamed(path), length
