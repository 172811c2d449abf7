"""Write a large pcapng capture of mixed traffic, the same bytes for the same arguments.

python benchmarks/make_capture.py OUT.pcapng [--packets N] [--flows N] [--seed N]

Ethernet; IPv4 and IPv6; TCP with handshakes and running sequence numbers, UDP, DNS queries and
answers; frames of 54 to 1514 bytes, 625 on average. Checksums are right.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import InterfaceDescription, interface_description, section_header

Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.uint8]

BATCH = 50_000
FILL = 0x78
ETHERNET = 14
START_NS = 1_700_000_000_000_000_000
TCP, UDP = 6, 17
SYN, ACK, PSH = 0x02, 0x10, 0x08
#: Share of flows by kind: (protocol, DNS).
KINDS = ((TCP, False), (UDP, False), (UDP, True))
KIND_SHARES = (0.7, 0.15, 0.15)
IPV6_SHARE = 0.33
#: TCP and UDP payload sizes and how often they occur.
SIZES = (0, 40, 220, 700, 1440)
SIZE_SHARES = (0.3, 0.08, 0.12, 0.1, 0.4)
QUESTION = b"\x08host0000\x07example\x03org\x00\x00\x01\x00\x01"
ANSWER = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"


class Flows:
    """Endpoints and the state of every conversation."""

    def __init__(self, count: int, random: np.random.Generator) -> None:
        kind = random.choice(len(KINDS), count, p=KIND_SHARES)
        self.protocol = np.array([protocol for protocol, _ in KINDS])[kind]
        self.dns = np.array([dns for _, dns in KINDS])[kind]
        self.six = random.random(count) < IPV6_SHARE
        self.client = random.integers(0, 2000, count)
        self.server = random.integers(0, 500, count)
        self.client_port = random.integers(32768, 61000, count)
        well_known = np.array([443, 80, 22, 8080, 5001])[random.integers(0, 5, count)]
        self.server_port = np.where(self.dns, 53, well_known)
        self.seq = random.integers(0, 1 << 32, (2, count))
        self.begun = np.zeros((2, count), np.bool_)


def capture(packets: int, flows: int, seed: int) -> Iterator[bytes]:
    """Yield the capture's bytes, header first."""
    random = np.random.default_rng(seed)
    state = Flows(flows, random)
    yield section_header("tunscope benchmarks") + interface_description(
        InterfaceDescription(1, name="eth0")
    )
    time = START_NS
    for start in range(0, packets, BATCH):
        count = min(BATCH, packets - start)
        times = time + np.cumsum(random.integers(500, 9500, count))
        time = int(times[-1])
        yield batch(state, count, times, random)


def batch(state: Flows, count: int, times: Ints, random: np.random.Generator) -> bytes:
    """Return the blocks of `count` packets."""
    # Squaring makes some conversations busy and most of them quiet.
    flow = (random.random(count) ** 2 * len(state.six)).astype(np.int64)
    answer = (random.random(count) < 0.5).astype(np.int64)
    # Nobody answers before the first packet.
    _, places = np.unique(flow, return_index=True)
    answer[places] &= state.begun[0, flow[places]]
    tcp, dns, six = state.protocol[flow] == TCP, state.dns[flow], state.six[flow]
    payload = np.array(SIZES)[random.choice(len(SIZES), count, p=SIZE_SHARES)]
    payload[dns] = 12 + len(QUESTION) + len(ANSWER) * answer[dns]
    unheard = ~state.begun[1 - answer, flow]
    first = first_of_side(state, flow, answer) & tcp
    payload[first] = 0
    l3 = np.where(six, 40, 20)
    l4 = np.where(tcp, 20, 8)
    caplen = ETHERNET + l3 + l4 + payload
    padded = caplen + (-caplen & 3)
    total = 32 + padded
    end = np.cumsum(total)
    at = end - total
    out = np.full(int(end[-1]), FILL, np.uint8)
    block = np.zeros((count, 28), np.uint8)
    for place, values in enumerate(
        (np.full(count, 6), total, np.zeros(count), times >> 32, times, caplen, caplen)
    ):
        put(block, 4 * place, values, 4, little=True)
    scatter(out, at, block)
    trailer = np.zeros((count, 4), np.uint8)
    put(trailer, 0, total, 4, little=True)
    for pad in (1, 2, 3):
        rows = np.flatnonzero(padded - caplen == pad)
        scatter(out, at[rows] + 28 + caplen[rows], np.zeros((len(rows), pad), np.uint8))
    scatter(out, end - 4, trailer)
    frame = at + 28
    scatter(out, frame, ethernet(state, flow, answer, six))
    ends = endpoints(state, flow, answer, six)
    size = l4 + payload
    ip4, ip6 = np.flatnonzero(~six), np.flatnonzero(six)
    protocol = state.protocol[flow]
    scatter(out, frame[ip4] + ETHERNET, ipv4(ends[ip4], protocol[ip4], size[ip4], random))
    scatter(out, frame[ip6] + ETHERNET, ipv6(ends[ip6], protocol[ip6], size[ip6]))
    transport = frame + ETHERNET + l3
    questions = np.flatnonzero(dns)
    message, dns_sum = dns_message(answer[questions], random)
    body_sum = filled_sum(payload)
    body_sum[questions] = dns_sum
    pseudo = ends.astype(np.int64).reshape(count, -1, 2) @ np.array([256, 1])
    sums = pseudo.sum(axis=1) + protocol + size + body_sum
    segment = np.flatnonzero(tcp)
    header = tcp_header(state, flow, answer, payload, first, unheard, sums)
    scatter(out, transport[segment], header[segment])
    datagram = np.flatnonzero(~tcp)
    scatter(out, transport[datagram], udp_header(state, flow, answer, size, sums)[datagram])
    with_answer = answer[questions] == 1
    short = message[:, : 12 + len(QUESTION)]
    scatter(out, transport[questions[~with_answer]] + 8, short[~with_answer])
    scatter(out, transport[questions[with_answer]] + 8, message[with_answer])
    return out.tobytes()


def first_of_side(state: Flows, flow: Ints, answer: Ints) -> npt.NDArray[np.bool_]:
    """Say which packets are the first of their side of a conversation, and remember it."""
    first = np.zeros(len(flow), np.bool_)
    _, places = np.unique(flow * 2 + answer, return_index=True)
    first[places] = ~state.begun[answer[places], flow[places]]
    state.begun[answer[places], flow[places]] = True
    return first


def ethernet(state: Flows, flow: Ints, answer: Ints, six: npt.NDArray[np.bool_]) -> Matrix:
    """Return Ethernet headers: every host has a MAC, one gateway stands for the servers."""
    header = np.zeros((len(flow), ETHERNET), np.uint8)
    host = 0x020000000000 + state.client[flow] % 200 + 1
    gateway = np.full(len(flow), 0x0200000000FE)
    put(header, 0, np.where(answer == 1, host, gateway), 6)
    put(header, 6, np.where(answer == 1, gateway, host), 6)
    put(header, 12, np.where(six, 0x86DD, 0x0800), 2)
    return header


def endpoints(state: Flows, flow: Ints, answer: Ints, six: npt.NDArray[np.bool_]) -> Matrix:
    """Return source and destination of every packet, 16 bytes each; IPv4's stand at the end."""
    ends = np.zeros((len(flow), 32), np.uint8)
    for side, host, net in ((0, state.client[flow], 1), (1, state.server[flow], 2)):
        place = np.where(answer == side, 0, 16)
        for offset in (0, 16):
            rows = np.flatnonzero(place == offset)
            put(
                ends, offset + 12, np.where(six, host + 1, 0x0A000000 + (net << 20) + host), 4, rows
            )
            put(ends, offset, np.where(six, 0x20010DB8, 0), 4, rows)
            put(ends, offset + 6, np.where(six, net, 0), 2, rows)
    return ends


def ipv4(ends: Matrix, protocol: Ints, size: Ints, random: np.random.Generator) -> Matrix:
    """Return IPv4 headers with their checksums."""
    header = np.zeros((len(ends), 20), np.uint8)
    put(header, 0, np.full(len(ends), 0x45), 1)
    put(header, 2, size + 20, 2)
    put(header, 4, random.integers(0, 1 << 16, len(ends)), 2)
    put(header, 6, np.full(len(ends), 0x4000), 2)
    put(header, 8, np.full(len(ends), 64), 1)
    put(header, 9, protocol, 1)
    header[:, 12:16] = ends[:, 12:16]
    header[:, 16:20] = ends[:, 28:32]
    words = header.astype(np.int64).reshape(len(ends), 10, 2) @ np.array([256, 1])
    put(header, 10, folded(words.sum(axis=1)), 2)
    return header


def ipv6(ends: Matrix, protocol: Ints, size: Ints) -> Matrix:
    """Return IPv6 headers."""
    header = np.zeros((len(ends), 40), np.uint8)
    put(header, 0, np.full(len(ends), 0x60), 1)
    put(header, 4, size, 2)
    put(header, 6, protocol, 1)
    put(header, 7, np.full(len(ends), 64), 1)
    header[:, 8:40] = ends
    return header


def tcp_header(
    state: Flows,
    flow: Ints,
    answer: Ints,
    payload: Ints,
    first: npt.NDArray[np.bool_],
    unheard: npt.NDArray[np.bool_],
    sums: Ints,
) -> Matrix:
    """Return TCP headers of all packets; sequence numbers run on in the order of the packets."""
    step = payload + first
    side = flow * 2 + answer
    seq = state.seq[answer, flow] + sum_before(side, step)
    # What the other side had sent by then, as far as this batch tells.
    other = sum_before_of(side, flow * 2 + 1 - answer, step)
    # A side that has sent nothing yet is acknowledged as if its SYN were on its way.
    acked = state.seq[1 - answer, flow] + np.where((other == 0) & unheard, 1, other)
    np.add.at(state.seq, (answer, flow), step)
    state.seq &= 0xFFFFFFFF
    flags = np.where(
        first, np.where(answer == 1, SYN | ACK, SYN), np.where(payload, ACK | PSH, ACK)
    )
    header = np.zeros((len(flow), 20), np.uint8)
    ports(header, state, flow, answer)
    put(header, 4, seq & 0xFFFFFFFF, 4)
    put(header, 8, np.where(flags & ACK, acked & 0xFFFFFFFF, 0), 4)
    put(header, 12, 0x5000 + flags, 2)
    put(header, 14, np.full(len(flow), 64240), 2)
    words = header.astype(np.int64).reshape(len(flow), 10, 2) @ np.array([256, 1])
    put(header, 16, folded(words.sum(axis=1) + sums), 2)
    return header


def udp_header(state: Flows, flow: Ints, answer: Ints, size: Ints, sums: Ints) -> Matrix:
    """Return UDP headers of all packets."""
    header = np.zeros((len(flow), 8), np.uint8)
    ports(header, state, flow, answer)
    put(header, 4, size, 2)
    words = header.astype(np.int64).reshape(len(flow), 4, 2) @ np.array([256, 1])
    put(header, 6, folded(words.sum(axis=1) + sums), 2)
    return header


def ports(header: Matrix, state: Flows, flow: Ints, answer: Ints) -> None:
    """Put both ports in front of a header."""
    client, server = state.client_port[flow], state.server_port[flow]
    put(header, 0, np.where(answer == 1, server, client), 2)
    put(header, 2, np.where(answer == 1, client, server), 2)


def dns_message(answer: Ints, random: np.random.Generator) -> tuple[Matrix, Ints]:
    """Return DNS messages with room for an answer, and the sum of what is sent of each."""
    count = len(answer)
    message = np.zeros((count, 12 + len(QUESTION) + len(ANSWER)), np.uint8)
    put(message, 0, random.integers(0, 1 << 16, count), 2)
    put(message, 2, np.where(answer == 1, 0x8180, 0x0100), 2)
    put(message, 4, np.ones(count), 2)
    put(message, 6, answer, 2)
    message[:, 12 : 12 + len(QUESTION)] = np.frombuffer(QUESTION, np.uint8)
    digits = random.integers(0, 10, (count, 4))
    message[:, 17:21] = digits + ord("0")
    message[:, 12 + len(QUESTION) :] = np.frombuffer(ANSWER, np.uint8)
    sent = message.astype(np.int64)
    sent[answer == 0, 12 + len(QUESTION) :] = 0
    if sent.shape[1] % 2:
        sent = np.pad(sent, ((0, 0), (0, 1)))
    return message, (sent.reshape(count, -1, 2) @ np.array([256, 1])).sum(axis=1)


def filled_sum(size: Ints) -> Ints:
    """Return the 16-bit sum of payloads that consist of the fill byte."""
    return size // 2 * (FILL << 8 | FILL) + size % 2 * (FILL << 8)


def folded(total: Ints) -> Ints:
    """Return the Internet checksum (RFC 1071) for a sum of 16-bit words."""
    for _ in range(3):
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def sum_before(key: Ints, step: Ints) -> Ints:
    """Return for every entry the sum of `step` over the earlier entries with the same key."""
    order = np.argsort(key, kind="stable")
    running = np.cumsum(step[order]) - step[order]
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    running -= np.repeat(running[starts], np.diff(starts, append=len(order)))
    before = np.empty_like(running)
    before[order] = running
    return before


def sum_before_of(key: Ints, other: Ints, step: Ints) -> Ints:
    """Return for every entry the sum of `step` over the earlier entries whose key is `other`."""
    count = len(key)
    order = np.argsort(key, kind="stable")
    running = np.concatenate([[0], np.cumsum(step[order])])
    places = key[order] * count + order
    upto = np.searchsorted(places, other * count + np.arange(count))
    begin = np.searchsorted(places, other * count)
    result: Ints = running[upto] - running[begin]
    return result


def put(
    matrix: Matrix,
    place: int,
    values: npt.NDArray[np.int64 | np.float64],
    size: int,
    rows: Ints | slice = slice(None),
    *,
    little: bool = False,
) -> None:
    """Write the low `size` bytes of every value into its row."""
    numbers = values.astype(np.int64)[rows]
    for i in range(size):
        shift = 8 * (i if little else size - 1 - i)
        matrix[rows, place + i] = numbers >> shift & 0xFF


def scatter(out: npt.NDArray[np.uint8], at: Ints, rows: Matrix) -> None:
    """Copy every row of a matrix to its place."""
    for i in range(rows.shape[1]):
        out[at + i] = rows[:, i]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--flows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with arguments.out.open("wb") as out:
        for piece in capture(arguments.packets, arguments.flows, arguments.seed):
            out.write(piece)


if __name__ == "__main__":
    main()
