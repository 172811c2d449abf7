"""The UDP overlay side by side with a C program that moves one packet a call: iperf3 TCP.

Two nodes joined by a veth pair, each with a tun device (172.1/16 and 172.2/16, MTU 1472) as
tunscope makes it for a udp peer, or without the header for unsegmented packets; the same forwarder
at both ends, socket buffers and queue lengths alike, nothing recorded, several rounds in turn,
medians; and a tunscope at one end with the C program at the other. Needs root, iperf3 and a C
compiler.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import in_netns, machine, median, run, table, veth_pair

HERE = Path(__file__).parent
PORT = "8285"
UNDERLAY = ("192.168.9.1", "192.168.9.2")
OVERLAY = ("172.1.0.1", "172.2.0.1")
C, OFFLOAD, PLAIN = "C program", "tunscope", "tunscope, --no-offload"


def start(kind: str, node: int, netns: str, program: Path) -> subprocess.Popen[str]:
    """Make the node's tun device, and start one forwarder on it."""
    vnet = ["vnet_hdr"] if kind == OFFLOAD else []
    run("ip", "-n", netns, "tuntap", "add", "dev", "tun0", "mode", "tun", *vnet)
    run("ip", "-n", netns, "addr", "add", f"{OVERLAY[node]}/16", "dev", "tun0")
    run("ip", "-n", netns, "link", "set", "tun0", "up", "mtu", "1472", "txqueuelen", "2000")
    if vnet:
        run("ip", "-n", netns, "link", "set", "tun0", "gso_max_size", "60000")
    other = 1 - node
    run("ip", "-n", netns, "route", "add", f"172.{other + 1}.0.0/16", "dev", "tun0")
    if kind == C:
        command = [str(program), "tun0", UNDERLAY[other], PORT]
    else:
        peer = f"udp:172.{other + 1}.0.0/16={UNDERLAY[other]}:{PORT}"
        words = ["tun0", "--peer", peer, "--pcap", "/dev/null", "-f", "less 1"]
        command = [sys.executable, "-m", "tunscope", *words]
    child = subprocess.Popen(
        ["ip", "netns", "exec", netns, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ready = child.stdout if kind == C else child.stderr
    assert ready is not None
    ready.readline()
    return child


@contextlib.contextmanager
def forwarders(kinds: tuple[str, str], names: tuple[str, str], program: Path) -> Iterator[None]:
    children = [start(kinds[node], node, names[node], program) for node in (0, 1)]
    yield
    for child in children:
        child.send_signal(signal.SIGINT)
        child.communicate()
    for name in names:
        run("ip", "-n", name, "link", "del", "tun0")


def throughput(names: tuple[str, str], seconds: float) -> float:
    """Return gigabits a second of one TCP stream between the pods, as received."""
    server = subprocess.Popen(
        ["ip", "netns", "exec", names[1], "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL
    )
    time.sleep(0.3)
    report = in_netns(names[0], "iperf3", "-J", "-c", OVERLAY[1], "-t", str(seconds))
    server.communicate()
    return float(json.loads(report)["end"]["sum_received"]["bits_per_second"]) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    ways = [
        (C, C),
        (OFFLOAD, OFFLOAD),
        (PLAIN, PLAIN),
        (OFFLOAD, C),
        (C, OFFLOAD),
    ]
    results: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder, veth_pair() as names:
        program = Path(folder) / "overlay_forwarder"
        run("cc", "-O2", "-o", str(program), str(HERE / "overlay_forwarder.c"))
        for node, device in ((0, "v0"), (1, "v1")):
            run("ip", "-n", names[node], "addr", "add", f"{UNDERLAY[node]}/24", "dev", device)
        for _ in range(arguments.rounds):
            for way in ways:
                with forwarders(way, names, program):
                    results[way].append(throughput(names, arguments.seconds))
    print(machine())
    base = median(results[ways[0]])
    rows = [
        [*way, f"{median(values):.2f} Gb/s", f"{median(values) / base:.2f}"]
        for way, values in results.items()
    ]
    print(table(["sender's node", "receiver's node", "TCP", "of the C program"], rows))


if __name__ == "__main__":
    main()
