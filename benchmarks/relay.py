"""The relay between two devices side by side with a C loop and a veth pair: iperf3 throughput.

Two private namespaces, one pair of ends after the other: a veth pair (nobody in the way), a C
program that polls, reads and writes, and tunscope with and without a file (its records go to
/dev/null) and offload. A file is a ring of two in the temporary folder, as whoever captures for
long keeps one: its memory is used again, while that of a file that grows has to be found first.
All in one run, several rounds in turn, medians. Needs root, iperf3 and a C compiler.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import in_netns, machine, median, run, table

HERE = Path(__file__).parent
ADDRESS = {"a": "10.99.0.1", "b": "10.99.0.2"}
QUEUE = "2000"
RING = ("-b", "filesize:200000", "-b", "files:2")


@contextlib.contextmanager
def namespaces() -> Iterator[tuple[str, str]]:
    names = f"ts-relay-a-{os.getpid()}", f"ts-relay-b-{os.getpid()}"
    for name in names:
        run("ip", "netns", "add", name)
        in_netns(name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    try:
        yield names
    finally:
        for name in names:
            run("ip", "netns", "del", name)


def configure(netns: str, device: str, address: str) -> None:
    run("ip", "-n", netns, "addr", "add", f"{address}/24", "dev", device)
    run("ip", "-n", netns, "link", "set", device, "up", "txqueuelen", QUEUE)


@contextlib.contextmanager
def veth(a: str, b: str) -> Iterator[None]:
    run("ip", "-n", a, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", b)
    configure(a, "v0", ADDRESS["a"])
    configure(b, "v1", ADDRESS["b"])
    yield
    run("ip", "-n", a, "link", "del", "v0")


@contextlib.contextmanager
def tuns(a: str, b: str, *flags: str) -> Iterator[None]:
    for netns, device, address in ((a, "tun0", ADDRESS["a"]), (b, "tun1", ADDRESS["b"])):
        run("ip", "-n", netns, "tuntap", "add", "dev", device, "mode", "tun", *flags)
        configure(netns, device, address)
    yield
    run("ip", "-n", a, "link", "del", "tun0")
    run("ip", "-n", b, "link", "del", "tun1")


@contextlib.contextmanager
def c_loop(a: str, b: str, program: Path) -> Iterator[None]:
    with tuns(a, b):
        child = subprocess.Popen(
            [str(program), a, "tun0", b, "tun1"], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        yield
        child.kill()
        child.communicate()


@contextlib.contextmanager
def tunscope(
    a: str, b: str, file: Path, *, offload: bool, words: tuple[str, ...]
) -> Iterator[None]:
    with tuns(a, b, *(["vnet_hdr"] if offload else [])):
        command = [
            "ip", "netns", "exec", a, sys.executable, "-m", "tunscope", "tun0",
            "--peer", f"device:tun1@{b}", "--pcap", str(file), *words,
        ]  # fmt: skip
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert child.stderr is not None
        child.stderr.readline()
        yield
        child.send_signal(signal.SIGINT)
        child.communicate()
        for written in file.parent.glob(f"{file.stem}*.pcapng"):
            written.unlink()


def throughput(a: str, b: str, seconds: float, *, udp: bool) -> float:
    """Return gigabits a second of one iperf3 stream from `a` to `b`, as received."""
    server = subprocess.Popen(
        ["ip", "netns", "exec", b, "iperf3", "-s", "-1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.3)
    words = ["-u", "-b", "0", "-l", "1400"] if udp else []
    command = ["iperf3", "-J", "-c", ADDRESS["b"], "-t", str(seconds), *words]
    report = json.loads(in_netns(a, *command))
    server.communicate()
    end = report["end"]
    if udp:
        received = end["sum"]["bits_per_second"] * (1 - end["sum"]["lost_percent"] / 100)
        return float(received) / 1e9
    return float(end["sum_received"]["bits_per_second"]) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    results: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, namespaces() as (a, b):
        program, file, null = (
            Path(folder) / "relay_loop",
            Path(folder) / "ring.pcapng",
            Path("/dev/null"),
        )
        run("cc", "-O2", "-o", str(program), str(HERE / "relay_loop.c"))

        def relay(
            file: Path, *words: str, offload: bool = False
        ) -> Callable[[], contextlib.AbstractContextManager[None]]:
            return lambda: tunscope(a, b, file, offload=offload, words=words)

        ways: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
            "veth pair": lambda: veth(a, b),
            "C loop": lambda: c_loop(a, b, program),
            "tunscope, no file": relay(null),
            "tunscope": relay(file, *RING),
            "tunscope, offload, no file": relay(null, offload=True),
            "tunscope, offload": relay(file, *RING, offload=True),
            "tunscope, offload, snaplen 256": relay(file, "-s", "256", *RING, offload=True),
        }
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                with way():
                    for kind in ("TCP", "UDP"):
                        gbps = throughput(a, b, arguments.seconds, udp=kind == "UDP")
                        results.setdefault((name, kind), []).append(gbps)
    print(machine())
    loop = {kind: median(results["C loop", kind]) for kind in ("TCP", "UDP")}
    pair = {kind: median(results["veth pair", kind]) for kind in ("TCP", "UDP")}
    rows = [
        [
            name,
            *(
                text
                for kind in ("TCP", "UDP")
                for value in [median(results[name, kind])]
                for text in (
                    f"{value:.2f} Gb/s",
                    f"{value / loop[kind]:.2f}",
                    f"{value / pair[kind]:.2f}",
                )
            ),
        ]
        for name in ways
    ]
    costs = {
        name: 100 * (1 - median(results[name, "TCP"]) / median(results[without, "TCP"]))
        for without, *those in (
            ("tunscope, no file", "tunscope"),
            ("tunscope, offload, no file", "tunscope, offload", "tunscope, offload, snaplen 256"),
        )
        for name in those
    }
    heads = ["", "TCP", "of C loop", "of veth", "UDP 1400", "of C loop", "of veth"]
    print(table(heads, rows))
    print(
        "\ncost of a file, TCP:", ", ".join(f"{name} {cost:.0f} %" for name, cost in costs.items())
    )


if __name__ == "__main__":
    main()
