"""Whatever bytes a capture has, reading it ends soon, in packets or in one clear error."""

from __future__ import annotations

import gzip
import io
import random
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
import zstandard
from capfile_judge import CAPTURES, captures, pcap_header, pcap_record
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.reader import open_capture

MUTATIONS = 20_000
#: Mutations for each number that hypothesis draws, which costs more than reading them.
BATCH = 10
MAX_SIZE = 8192
CPU_SECONDS = 10.0
MEMORY = 200 << 20

PLAIN = [
    path.read_bytes()
    for path in captures()
    if path.suffix != ".gz" and 0 < path.stat().st_size <= MAX_SIZE
]
SQUEEZED = [
    squeeze(data)
    for data in PLAIN[:: max(1, len(PLAIN) // 5)]
    for squeeze in (gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress)
]
SEEDS = [*PLAIN, *SQUEEZED]
#: Lengths, counts and types that readers trip over.
WORDS = (
    *(0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 28, 32, 0xFF, 0xFFFF, 0x8000, 0x0BAD),
    *(262_144, 262_145, 0x0A0D0D0A, 0x1A2B3C4D, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF),
)


def read_to_the_end(data: bytes, *, lenient: bool) -> tuple[int, int]:
    """Return how many packets and captured bytes there are before the end or the error."""
    packets = size = 0
    try:
        with open_capture(io.BytesIO(data), lenient=lenient) as reader:
            for record in reader:
                packets += 1
                size += len(record.data)
    except CaptureFileError as error:
        if "\n" in str(error):
            pytest.fail(f"an error of more than one line: {error}")
    return packets, size


@contextmanager
def limits() -> Iterator[None]:
    """Stop what takes ten seconds of CPU, or 200 MB more than is there now."""

    def too_slow(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"took {CPU_SECONDS} s of CPU")

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + MEMORY
    previous = signal.signal(signal.SIGVTALRM, too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (room, before[1]))
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGVTALRM, previous)


def mutated(rng: random.Random) -> bytes:
    """Return a capture with a few bytes, words or stretches changed."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        place = rng.randrange(len(data)) if data else 0
        aligned = place & ~3
        match rng.randrange(8):
            case 0:
                data[place : place + 1] = rng.randbytes(1)
            case 1:
                data[place : place + 1] = bytes([(data or b"\0")[place] ^ 1 << rng.randrange(8)])
            case 2:
                word = rng.choice(WORDS).to_bytes(4, rng.choice(("little", "big")))
                data[aligned : aligned + 4] = word
            case 3:
                near = int.from_bytes(data[aligned : aligned + 4], "little") + rng.randint(-9, 9)
                data[aligned : aligned + 4] = (near & 0xFFFFFFFF).to_bytes(4, "little")
            case 4:
                del data[place : place + rng.choice((1, 2, 4, 16, 100))]
            case 5:
                stretch = data[aligned : aligned + rng.choice((1, 4, 16, 100))]
                where = rng.randrange(len(data)) if data else 0
                data[where:where] = stretch
            case 6:
                del data[place:]
            case _:
                half = rng.choice(WORDS) & 0xFFFF
                order = rng.choice(("little", "big"))
                data[place & ~1 : (place & ~1) + 2] = half.to_bytes(2, order)
    return bytes(data[:MAX_SIZE])


@seed(20260131)
@settings(
    max_examples=MUTATIONS // BATCH,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**64 - 1))
def test_twenty_thousand_mutations_end_in_packets_or_a_clear_error(number: int) -> None:
    rng = random.Random(number)
    for _ in range(BATCH):
        data = mutated(rng)
        with limits():
            packets, size = read_to_the_end(data, lenient=rng.random() < 0.5)
        if data[:2] != b"\x1f\x8b" and data[:4] != b"\x28\xb5\x2f\xfd":
            assert packets * 12 + size <= len(data), "more packets than bytes"


@pytest.mark.parametrize(
    "data",
    [
        (CAPTURES / "hadrielk" / "le_advanced_test102.pcapng").read_bytes(),
        (CAPTURES / "hadrielk" / "be_difficult_test201.pcapng").read_bytes(),
        pcap_header(0xA1B23C4D)
        + b"".join(pcap_record(bytes([n]) * n * 30, seconds=n) for n in range(8)),
    ],
    ids=["pcapng little endian", "pcapng big endian", "pcap"],
)
def test_a_cut_at_every_offset_leaves_the_packets_before_it(data: bytes) -> None:
    whole = list(open_capture(io.BytesIO(data)))
    assert whole
    seen = 0
    refused = []
    for length in range(len(data) + 1):
        with limits():
            try:
                reader = open_capture(io.BytesIO(data[:length]))
                packets = list(reader)
            except CaptureFileError:
                refused.append(length)
                continue
            lenient = list(open_capture(io.BytesIO(data[:length]), lenient=True))
        assert packets == whole[: len(packets)]
        assert lenient[: len(packets)] == packets
        assert len(packets) >= seen, "a longer file has fewer packets"
        assert len(reader.warnings) <= 1
        seen = len(packets)
    assert refused == [1, 2, 3], "no magic number to know it by"
    assert packets == whole
    assert reader.warnings == []


@pytest.mark.parametrize("squeeze", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_compressed_file_may_be_cut_anywhere(squeeze: object) -> None:
    assert callable(squeeze)
    plain = (CAPTURES / "hadrielk" / "le_advanced_test102.pcapng").read_bytes()
    data = squeeze(plain)
    whole = list(open_capture(io.BytesIO(plain)))
    for length in range(4, len(data)):
        with limits():
            try:
                reader = open_capture(io.BytesIO(data[:length]))
                packets = list(reader)
            except CaptureFileError as error:
                # The cut may leave one to three bytes of the capture itself.
                if "neither a pcap nor a pcapng" not in str(error):
                    raise
                continue
        assert packets == whole[: len(packets)]
        assert len(reader.warnings) == 1, length
