"""Reading side by side with tshark and tcpdump: open, index, filter; first line; memory; growth.

Makes a capture of mixed traffic (IPv4, IPv6, TCP, UDP, DNS; 625 bytes a packet on average), lets
each tool count the packets that pass one header filter, in turn, several rounds, and prints
medians of wall and CPU time and their ratios; on a machine with other work, CPU time is the one to
compare. tshark runs one round, since it takes as long as it takes. tunscope's modules are compiled
first, as they are where it is installed.
Then, in one process: filtering a capture that is indexed already, and the memory that the index
takes. Needs tshark and tcpdump; --large also makes ten times the packets.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measure import machine, median, table

import tunscope

HERE = Path(__file__).parent
FILTER = "tcp.port == 443 && ip.addr == 10.16.0.0/16"
BPF = "tcp port 443 and net 10.16.0.0/16"
TUNSCOPE = [str(Path(sys.executable).with_name("tunscope")), "read"]
TSHARK = ["tshark", "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
          "-o", "tcp.desegment_tcp_streams:FALSE"]  # fmt: skip


def seconds(command: Sequence[str], out: Path) -> tuple[float, float]:
    """Run a command with stdout in a file and return its wall time and its CPU time."""
    with out.open("wb") as stdout:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return took, usage.ru_utime + usage.ru_stime


def first_line(command: Sequence[str]) -> float:
    """Return the seconds until a command has printed a line."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - began
        process.stdout.close()
        process.kill()
    return took


def filtering(capture: Path, out: Path, rounds: int) -> list[list[str]]:
    """Return table rows: the same count by each tool, rounds in turn."""
    commands = {
        "tunscope read --count": [*TUNSCOPE, str(capture), "-Y", FILTER, "--count"],
        "tcpdump -r --count": ["tcpdump", "-n", "-r", str(capture), "--count", BPF],
    }
    tshark = [*TSHARK, "-r", str(capture), "-Y", FILTER, "-T", "fields", "-e", "frame.number"]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    counts: dict[str, int] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(seconds(command, out))
            words = out.read_text().split()
            counts[name] = int(words[0])
    name = "tshark -r -Y"
    times[name] = [seconds(tshark, out)]
    counts[name] = out.read_text().count("\n")
    medians = {name: [median(t) for t in zip(*taken, strict=True)] for name, taken in times.items()}
    wall, cpu = medians["tunscope read --count"]
    return [
        [name, str(counts[name]), f"{w:.3f}", f"{c:.3f}", f"{wall / w:.3f}", f"{cpu / c:.3f}"]
        for name, (w, c) in medians.items()
    ]


MEMORY = """
import resource, sys, time
import numpy
from tunscope.filter.compiled import compile_filter
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.index.view import View
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
base = peak()
began = time.perf_counter()
index = CaptureIndex(FileSource(sys.argv[1]))
index.start()
index.wait()
indexed = time.perf_counter() - began
view = View(index)
taken = []
for text in (sys.argv[2], "udp.port == 53", sys.argv[2], "tcp.flags.syn == 1", sys.argv[2]):
    chosen = compile_filter(text)
    began = time.perf_counter()
    view.set_filter(chosen.columns_predicate)
    view.wait(60)
    taken.append(time.perf_counter() - began)
print(index.count, indexed, sorted(taken)[2], peak() - base)
"""


def in_process(capture: Path) -> tuple[int, float, float, float]:
    """Return packets, seconds to index, seconds to filter again, and bytes a packet at most."""
    command = [sys.executable, "-c", MEMORY, str(capture), FILTER]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    count, indexed, filtered, memory = done.stdout.split()
    return int(count), float(indexed), float(filtered), float(memory) / int(count)


def make(path: Path, packets: int) -> None:
    script = str(HERE / "make_capture.py")
    subprocess.run([sys.executable, script, str(path), "--packets", str(packets)], check=True)


def report(capture: Path, folder: Path, rounds: int) -> None:
    out = folder / "out"
    rows = filtering(capture, out, rounds)
    headings = ["tool", "packets that pass", "seconds", "CPU s", "tunscope / it", "CPU"]
    print(table(headings, rows), end="\n\n")
    lines = {
        "tunscope read": [*TUNSCOPE, str(capture)],
        "tunscope read -Y": [*TUNSCOPE, str(capture), "-Y", FILTER],
        "tshark -r": [*TSHARK, "-l", "-r", str(capture)],
        "tcpdump -r": ["tcpdump", "-l", "-n", "-r", str(capture)],
    }
    first = [
        [name, f"{median([first_line(command) for _ in range(rounds)]):.3f}"]
        for name, command in lines.items()
    ]
    print(table(["first line", "seconds"], first), end="\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--capture", type=Path, help="a capture that make_capture.py made before")
    parser.add_argument("--large", action="store_true", help="ten times the packets as well")
    arguments = parser.parse_args()
    print(f"{machine()}; {arguments.packets} packets; medians of {arguments.rounds}\n")
    compileall.compile_dir(Path(tunscope.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        capture = arguments.capture or folder / "capture.pcapng"
        if arguments.capture is None:
            make(capture, arguments.packets)
        report(capture, folder, arguments.rounds)
        runs = [in_process(capture) for _ in range(arguments.rounds)]
        rows = [row("1 x", runs)]
        if arguments.large:
            make(folder / "large.pcapng", 10 * arguments.packets)
            rows.append(row("10 x", [in_process(folder / "large.pcapng")]))
        headings = ["capture", "packets", "index s", "filter again ms", "bytes a packet"]
        print(table(headings, rows))


def row(name: str, runs: Sequence[tuple[int, float, float, float]]) -> list[str]:
    """Return the medians of runs in one process as a table row."""
    _, indexed, filtered, memory = (median(column) for column in zip(*runs, strict=True))
    count = str(runs[0][0])
    return [name, count, f"{indexed:.3f}", f"{filtered * 1000:.1f}", f"{memory:.0f}"]


if __name__ == "__main__":
    main()
