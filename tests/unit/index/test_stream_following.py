"""Streams put together again, as tshark's follow does it: order, repetition, overlap, gaps."""

from __future__ import annotations

import itertools
import random
import struct
from pathlib import Path

import pytest
from captures import HEAD, TIMEOUT, indexing
from tshark_statistics import DATA, gather, tshark

from tunscope.capfile.blocks import enhanced_packet
from tunscope.columns.flows import TCP
from tunscope.index.capture import CaptureIndex
from tunscope.index.following.pieces import of_side
from tunscope.index.following.reassembly import MOST_WAITING
from tunscope.index.following.segments import FlowTally
from tunscope.index.source import FileSource
from tunscope.packet.record import PacketRecord

SYN, ACK, FIN = 0x02, 0x10, 0x01
Said = list[tuple[int, bytes]]


def segment(
    way: int, sequence: int, payload: bytes = b"", ack: int = 0, flags: int = ACK, lost: int = 0
) -> bytes:
    """A block with a TCP segment; the last `lost` bytes of it were not captured."""
    ends, ports = (b"\x0a\0\0\1", b"\x0a\0\0\2"), (40000, 80)
    tcp = struct.pack(
        ">HHIIBBHHH", ports[way], ports[1 - way], sequence % 2**32, ack % 2**32, 0x50, flags,
        1000, 0, 0,
    )  # fmt: skip
    total = 20 + len(tcp) + len(payload)
    ip = b"\x45\0" + struct.pack(">HHHBBH", total, 0, 0, 64, 6, 0) + ends[way] + ends[1 - way]
    data = ip + tcp + payload
    captured = data[: len(data) - lost]
    return enhanced_packet(PacketRecord(captured, 1000, len(data), 101))


def follow(index: CaptureIndex, flow: int) -> Said:
    tally = FlowTally(flow, index.flows.flow(flow).protocol)
    gather(index, tally)
    tally.finish()
    table = tally.pieces.table()
    said = []
    for row, place, length, way, missing in zip(
        *(c.tolist() for c in (table.row, table.place, table.length, table.way, table.missing)),
        strict=True,
    ):
        data = index.record(row + 1).data[place : place + length]
        said.append((way, b"[%d bytes missing in capture file]\0" % missing if missing else data))
    return said


def followed_by_tshark(path: Path, protocol: str, stream: int) -> Said:
    lines = tshark(path, f"follow,{protocol},raw,{stream}").splitlines()[6:-1]
    return [(int(line.startswith("\t")), bytes.fromhex(line.strip())) for line in lines]


def write(path: Path, blocks: list[bytes]) -> Path:
    path.write_bytes(HEAD + b"".join(blocks))
    return path


HANDSHAKE = [
    segment(0, 999, flags=SYN),
    segment(1, 4999, ack=1000, flags=SYN | ACK),
    segment(0, 1000, ack=5000),
]
EXCHANGES = {
    "in order": [segment(0, 1000, b"one "), segment(0, 1004, b"two"), segment(1, 5000, b"yes")],
    "swapped": [segment(0, 1004, b"two"), segment(0, 1000, b"one ")],
    "repeated": [segment(0, 1000, b"one "), segment(0, 1000, b"one "), segment(0, 1004, b"two")],
    "overlapping": [segment(0, 1000, b"one two"), segment(0, 1004, b"two three")],
    "covering what waits": [
        segment(0, 1010, b"klm"), segment(0, 1004, b"efgh"), segment(0, 1000, b"abcdefghijkl"),
        segment(0, 1013, b"n"),
    ],
    "missing and acknowledged": [
        segment(0, 1000, b"one "), segment(0, 1010, b"three"), segment(1, 5000, b"yes", 1015),
        segment(0, 1015, b"four"),
    ],
    "missing twice": [
        segment(0, 1010, b"b"), segment(0, 1020, b"c"), segment(1, 5000, b"", 1021),
    ],
    "keep-alive": [segment(0, 1000, b"one"), segment(0, 1002, b"e"), segment(0, 1003, b"two")],
    "answers": [
        segment(0, 1000, b"x" * 8), segment(1, 5000, b"no", 1008), segment(1, 5002, b"yes"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize("handshake", [True, False], ids=["whole", "late"])
def test_an_exchange_is_followed_as_tshark_does(tmp_path: Path, name: str, handshake: bool) -> None:
    blocks = [*(HANDSHAKE if handshake else ()), *EXCHANGES[name]]
    path = write(tmp_path / "x.pcapng", blocks)
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        assert follow(index, 1) == followed_by_tshark(path, "tcp", 0)


@pytest.mark.parametrize("seed", range(8))
def test_what_was_sent_is_what_is_read_whatever_the_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    text = bytes(chance.randrange(256) for _ in range(3000))
    base = 2**32 - 1500  # the numbers wrap on the way
    sent = [segment(0, base - 1, flags=SYN)]
    cuts = sorted({0, len(text), *(chance.randrange(len(text)) for _ in range(60))})
    pieces = list(itertools.pairwise(cuts))
    pieces += [(start, min(start + 70, len(text))) for start in chance.sample(range(2900), 20)]
    chance.shuffle(pieces)
    sent += [segment(0, base + start, text[start:stop]) for start, stop in pieces]
    path = write(tmp_path / "x.pcapng", sent)
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        assert b"".join(data for _, data in follow(index, 1)) == text
    theirs = followed_by_tshark(path, "tcp", 0)
    assert b"".join(data for _, data in theirs) == text


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_every_stream_of_a_capture_is_followed_as_tshark_does(kind: str) -> None:
    path = DATA / f"browser_{kind}.pcapng"
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        assert index.flows.count > 10
        for number in range(1, index.flows.count + 1):
            flow = index.flows.flow(number)
            name = "tcp" if flow.protocol == TCP else "udp"
            assert follow(index, number) == followed_by_tshark(path, name, flow.stream)


def test_a_gap_at_the_end_and_bytes_not_captured_are_told(tmp_path: Path) -> None:
    blocks = [segment(0, 1000, b"0123456789", lost=4), segment(0, 1020, b"late")]
    path = write(tmp_path / "x.pcapng", blocks)
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        assert follow(index, 1) == [
            (0, b"012345"),
            (0, b"[4 bytes missing in capture file]\0"),
            (0, b"[10 bytes missing in capture file]\0"),
            (0, b"late"),
        ]


def test_one_side_only(tmp_path: Path) -> None:
    path = write(tmp_path / "x.pcapng", [*HANDSHAKE, *EXCHANGES["in order"]])
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = FlowTally(1, TCP)
        gather(index, tally)
        table = tally.pieces.table()
        assert (of_side(table, 0).length.tolist(), of_side(table, 1).length.tolist()) == (
            [4, 3],
            [3],
        )
        assert tally.packets == [4, 2]


def test_segments_that_never_fit_are_not_kept_for_ever(tmp_path: Path) -> None:
    blocks = [segment(0, 1000, b"x")]
    blocks += [segment(0, 2000 + 2 * i, b"y") for i in range(MOST_WAITING + 1)]
    path = write(tmp_path / "x.pcapng", blocks)
    with indexing(FileSource(path)) as index:
        assert index.wait(TIMEOUT)
        tally = FlowTally(1, TCP)
        gather(index, tally)
        table = tally.pieces.table()
        assert table.missing.tolist()[:2] == [0, 999]
        assert int(table.length.sum()) >= 2
