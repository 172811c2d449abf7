"""The short cut for plain packets gives what decoding every header gives."""

from __future__ import annotations

import random
from pathlib import Path

import column_samples
import numpy as np
import pytest

from tunscope.capfile.reader import open_capture
from tunscope.columns.addresses import AddressBook
from tunscope.columns.batch import SLACK
from tunscope.columns.decode import Decoded, decode_any, decode_headers
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow
from tunscope.columns.layout import HEADER_COLUMNS, Layer
from tunscope.columns.plain import decode_plain
from tunscope.errors import TunscopeError
from tunscope.packet.linktype import LinkType

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
Packet = tuple[int, bytes, int]


def frames_of(packets: list[Packet]) -> tuple[Frames, ByteWindow]:
    caplens = np.array([len(data) for _, data, _ in packets], np.int64)
    ends = SLACK + np.cumsum(caplens)
    data = bytes(SLACK) + b"".join(data for _, data, _ in packets) + bytes(SLACK)
    buffer = np.frombuffer(bytearray(data), np.uint8)
    count = len(packets)
    frames = Frames(
        buffer,
        ends - caplens,
        caplens,
        np.array([origlen for _, _, origlen in packets], np.uint32),
        np.zeros(count, np.int64),
        np.zeros(count, np.uint16),
        np.zeros(count, np.uint8),
        np.array([linktype for linktype, _, _ in packets], np.uint16),
    )
    return frames, ByteWindow(buffer)


def contents(decoded: Decoded, book: AddressBook) -> dict[str, list[object]]:
    """Everything decoded, with addresses in place of ids."""
    found = {f"shim {name}": column.tolist() for name, column in decoded.shims.items()}
    for number, level in enumerate(decoded.levels):
        columns: dict[str, list[object]] = {
            name: level.columns.get(name, np.zeros(len(level.packets), code)).tolist()
            for name, code in HEADER_COLUMNS.items()
        }
        six = [bool(int(layers) & Layer.IPV6) for layers in columns["layers"]]
        for name in ("src", "dst"):
            columns[name] = [
                str(book.ipv6_address(value)) if v6 else value
                for value, v6 in zip(columns[name], six, strict=True)
            ]
        for name in ("mac_src", "mac_dst"):
            columns[name] = [book.mac(value) for value in columns[name]]
        # Which end of an IPv6 conversation is a and which b, the ids decide.
        columns["layers"] = [
            int(layers) & ~Layer.REVERSE if v6 else layers
            for layers, v6 in zip(columns["layers"], six, strict=True)
        ]
        columns["packets"] = level.packets.tolist()
        found.update({f"{number} {name}": column for name, column in columns.items()})
    return found


def assert_same(packets: list[Packet]) -> float:
    """Compare both ways; return the share of plain packets."""
    frames, window = frames_of(packets)
    short, long = AddressBook(), AddressBook()
    ours = contents(decode_headers(frames, window, short), short)
    expected = contents(decode_any(frames, window, long), long)
    assert ours.keys() == expected.keys()
    for name, column in expected.items():
        differing = [i for i, value in enumerate(column) if ours[name][i] != value]
        if differing:
            row = differing[0]
            pytest.fail(f"{name} of row {row}: {ours[name][row]}, not {column[row]}")
    plain = decode_plain(frames, window, AddressBook())
    return 0.0 if plain is None else 1 - len(plain.other) / len(packets)


def ethernet() -> list[bytes]:
    return [bytes(packet) for packet in column_samples.ethernet_packets().values()]


def among_plain(packets: list[Packet]) -> list[Packet]:
    """The packets among so many plain ones of their link type that the short cut is taken."""
    linktype = packets[0][0]
    tcp = column_samples.V4 / column_samples.SEGMENT
    udp = column_samples.V6 / column_samples.DATAGRAM
    if linktype == LinkType.ETHERNET:
        tcp, udp = column_samples.ETHERNET / tcp, column_samples.ETHERNET / udp
    plain = [(linktype, data, len(data)) for data in (bytes(tcp), bytes(udp))]
    return packets + plain * len(packets)


def test_every_kind_of_frame_among_plain_ones() -> None:
    packets = [(1, data, len(data)) for data in ethernet()]
    assert 0.6 < assert_same(among_plain(packets)) < 1


def test_every_length_of_frame_among_plain_ones() -> None:
    packets = [
        (1, data[:length], len(data)) for data in ethernet() for length in range(min(len(data), 80))
    ]
    assert assert_same(among_plain(packets)) > 0.6


@pytest.mark.parametrize("linktype", [LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD])
def test_bare_ip(linktype: int) -> None:
    packets = [
        (int(linktype), data[14:length], len(data) - 14)
        for data in ethernet()
        for length in (14, 20, 34, 40, 50, 60, 70, len(data))
    ]
    assert assert_same(among_plain(packets)) > 0.6


def test_plain_frames_need_nothing_else() -> None:
    frame = ethernet()[0]
    assert assert_same(among_plain([(1, frame, len(frame))])) == 1.0


def test_flipped_bytes() -> None:
    rng = random.Random(5)
    originals = ethernet()[:4]
    packets = []
    for _ in range(3000):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.randrange(3)):
            data[rng.randrange(min(len(data), 74))] = rng.randrange(256)
        origlen = len(data) + rng.choice((0, 0, 0, 5, -3, 1 << 31))
        packets.append((1, bytes(data), origlen))
    assert assert_same(among_plain(packets)) > 0.6


def test_mixed_link_types_go_the_long_way() -> None:
    others = column_samples.other_links()
    assert assert_same([(linktype, data, len(data)) for linktype, data in others]) == 0.0


def test_sample_captures() -> None:
    seen = 0
    for path in sorted(CAPTURES.rglob("*.pcap*")):
        packets: list[Packet] = []
        try:
            with open_capture(path) as reader:
                packets.extend((r.linktype & 0xFFFF, r.data, r.origlen) for r in reader)
        except TunscopeError:  # damaged; what comes before the damage is enough
            pass
        if packets:
            seen += 1
            assert_same(packets)
    assert seen > 20
