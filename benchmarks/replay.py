"""Replay side by side with tcpreplay: how well time is kept, and how fast packets leave.

Pacing: gaps of 0.1 to 20 ms over a veth pair in private namespaces; the times are those that the
kernel stamps at the other end (tcpdump, AF_PACKET), against those of the capture, both counted
from the first packet. Drift: how late the last packets of a longer capture come. Top speed: on
veth, on the wire side of a tun that a C program drains, and on a tun's kernel side beside a C
program that writes. Needs root, tcpreplay, tcpdump and a C compiler.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flood import packet
from measure import in_netns, machine, median, run, table, veth_pair

HERE = Path(__file__).parent
Replay = Callable[[str, str, Path, "list[str]"], float]


def tcpreplay(netns: str, device: str, file: Path, words: list[str]) -> float:
    """Replay with tcpreplay; return its packets a second."""
    output = in_netns(netns, "tcpreplay", "-i", device, *words, str(file))
    found = re.search(r"([\d.]+) pps", output)
    assert found is not None, output
    return float(found[1])


def tunscope(netns: str, device: str, file: Path, words: list[str]) -> float:
    """Replay with tunscope; return its packets a second."""
    command = [sys.executable, "-m", "tunscope", "replay", str(file), device]
    output = in_netns(netns, *command, "--json", "-q", "--wait", "0", *words)
    report = json.loads(output)
    assert not report["failed"], report
    return float(report["packets_per_second"])


TOOLS: dict[str, Replay] = {"tunscope": tunscope, "tcpreplay": tcpreplay}
#: gtod, a busy loop, is tcpreplay's default.
PACED: dict[str, list[str]] = {"tunscope": [], "tcpreplay": ["--timer=gtod"]}
FASTEST = {"tunscope": ["--topspeed"], "tcpreplay": ["-t", "-K", "-q"]}


def write_capture(file: Path, linktype: int, packets: list[tuple[float, bytes]]) -> None:
    """Write a pcap file with nanosecond times."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for seconds, data in packets:
        whole, rest = divmod(round(seconds * 1e9), 10**9)
        out.append(struct.pack("<IIII", 1_000_000_000 + whole, rest, len(data), len(data)) + data)
    file.write_bytes(b"".join(out))


def times_of(file: Path) -> list[int]:
    """Return the times of a pcap file with nanosecond times, counted from the first packet."""
    data, at, found = file.read_bytes(), 24, []
    while at + 16 <= len(data):
        seconds, rest, size, _ = struct.unpack_from("<IIII", data, at)
        found.append(seconds * 10**9 + rest)
        at += 16 + size
    return [ts_ns - found[0] for ts_ns in found]


def paced(names: tuple[str, str], tool: str, file: Path, folder: Path) -> list[int]:
    """Replay in its own time; return by how many nanoseconds each packet came late or early."""
    out = folder / f"{tool}.pcap"
    words = ["-i", "v1", "-w", str(out), "--time-stamp-precision=nano", "--immediate-mode"]
    with subprocess.Popen(
        ["ip", "netns", "exec", names[1], "tcpdump", "-Z", "root", *words],
        stderr=subprocess.PIPE, text=True,
    ) as receiver:  # fmt: skip
        assert receiver.stderr is not None
        while "listening" not in receiver.stderr.readline():
            pass
        TOOLS[tool](names[0], "v0", file, PACED[tool])
        receiver.send_signal(signal.SIGINT)
        receiver.communicate()
    expected, came = times_of(file), times_of(out)
    assert len(came) == len(expected), f"{tool}: {len(came)} of {len(expected)} packets came"
    return [seen - wanted for seen, wanted in zip(came, expected, strict=True)]


def quantile(values: list[int], share: float) -> float:
    """Return a quantile in microseconds."""
    ordered = sorted(map(abs, values))
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000


def pacing(folder: Path, count: int, rounds: int) -> str:
    """Return a table of pacing errors."""
    chance, now, packets = random.Random(6), 0.0, []
    for _ in range(count):
        packets.append((now, packet(100, "ethernet")))
        now += chance.uniform(0.0001, 0.02)
    file = folder / "paced-in.pcap"
    write_capture(file, 1, packets)
    rows = []
    with veth_pair() as names:
        errors: dict[str, list[list[int]]] = {tool: [] for tool in TOOLS}
        for _ in range(rounds):
            for tool in TOOLS:
                errors[tool].append(paced(names, tool, file, folder))
    for tool, runs in errors.items():
        cells = [f"{median([quantile(one, share) for one in runs]):.1f}" for share in (0.5, 0.99)]
        late = median([abs(median(one[-10:])) / 1000 for one in runs])
        rows.append([tool, *cells, f"{late:.1f}"])
    title = f"{count} packets in {now:.1f} s, error in us"
    return table([title, "p50", "p99", "last ten (drift)"], rows)


@contextmanager
def held_tun(program: Path, name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Have the C program hold tun0 in a new namespace, with an address."""
    run("ip", "netns", "add", name)
    try:
        in_netns(name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        with subprocess.Popen(
            ["ip", "netns", "exec", name, str(program), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as holder:  # fmt: skip
            try:
                assert holder.stdout is not None
                assert holder.stdout.readline() == "held\n"
                run("ip", "-n", name, "addr", "add", "10.9.0.1/24", "dev", "tun0")
                run("ip", "-n", name, "link", "set", "tun0", "up", "txqueuelen", "10000")
                yield holder
            finally:
                holder.kill()
    finally:
        run("ip", "netns", "del", name)


def fastest(netns: str, device: str, tool: str, file: Path, loops: int) -> float:
    """Return packets a second at top speed."""
    return TOOLS[tool](netns, device, file, [*FASTEST[tool], "--loop", str(loops)])


def top_speed(folder: Path, program: Path, count: int, rounds: int) -> str:
    """Return a table of top speeds."""
    rows = []
    loops = max(1, count // 10_000)
    for size in (64, 1400):
        frames, packets = folder / f"eth{size}.pcap", folder / f"ip{size}.pcap"
        write_capture(frames, 1, [(0.0, packet(size, "ethernet"))] * 10_000)
        write_capture(packets, 101, [(0.0, packet(size, "ip"))] * 10_000)
        rates: dict[str, list[float]] = {tool: [] for tool in TOOLS}
        with veth_pair() as names:
            for _ in range(rounds):
                for tool, found in rates.items():
                    found.append(fastest(names[0], "v0", tool, frames, loops))
        rows.append(speed_row(f"veth, {size} bytes", rates))
        rates = {tool: [] for tool in TOOLS}
        name = f"ts-bench-t-{os.getpid()}"
        with held_tun(program, name, "drain", "tun0"):
            for _ in range(rounds):
                for tool, found in rates.items():
                    found.append(fastest(name, "tun0", tool, packets, loops))
        rows.append(speed_row(f"tun wire side, {size} bytes", rates))
        rows.append(kernel_side(program, packets, size, loops, rounds))
    return table(["packets a second", "tunscope", "peer", "ratio"], rows)


def kernel_side(program: Path, file: Path, size: int, loops: int, rounds: int) -> list[str]:
    """Return the row of the kernel side of a tun, beside a C write loop."""
    ours, theirs = [], []
    name = f"ts-bench-k-{os.getpid()}"
    for _ in range(rounds):
        with held_tun(program, name, "write", "tun0", str(size), str(loops * 10_000)) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
            theirs.append(loops * 10_000 / float(writer.stdout.readline()))
        run("ip", "netns", "add", name)
        try:
            words = [*FASTEST["tunscope"], "--loop", str(loops), "--addr", "10.9.0.1/24"]
            ours.append(tunscope(name, "tun0", file, words))
        finally:
            run("ip", "netns", "del", name)
    a, b = median(ours), median(theirs)
    return [
        f"tun kernel side, {size} bytes",
        f"{a:,.0f}",
        f"{b:,.0f} (C write loop)",
        f"{a / b:.2f}",
    ]


def speed_row(what: str, rates: dict[str, list[float]]) -> list[str]:
    """Return one row of the table of speeds."""
    a, b = median(rates["tunscope"]), median(rates["tcpreplay"])
    return [what, f"{a:,.0f}", f"{b:,.0f} (tcpreplay)", f"{a / b:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1000, help="packets of the pacing run")
    parser.add_argument("--drift", type=int, default=6000, help="packets of the drift run; 0: none")
    parser.add_argument("--fast", type=int, default=300_000, help="packets at top speed; 0: none")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = name  # captures that run on this machine are no concern
        program = folder / "tun_loops"
        run("cc", "-O2", "-o", str(program), str(HERE / "tun_loops.c"))
        if given.packets:
            print(pacing(folder, given.packets, given.rounds), flush=True)
        if given.drift:
            print(pacing(folder, given.drift, 1), flush=True)
        if given.fast:
            print(top_speed(folder, program, given.fast, given.rounds), flush=True)


if __name__ == "__main__":
    main()
