"""The packet browser side by side with termshark, both in a pseudo-terminal read raw.

On one capture of mixed traffic, on disk and in the page cache: the seconds until rows are shown and
until all is loaded, memory (of all processes), and the time from a key press to the last byte of
the frame it causes, over presses of home, down, pgdn and end. A frame ends with a silence of 15 ms;
`settled` counts what comes later too (the panes of the selected packet). Then, for tunscope alone:
a display filter from Enter to the new counts, CPU at rest and while it follows ten packets a
second, and the keys again while it captures what one sender can send, with what was lost beside
dumpcap. --large opens ten times the packets. --parts and --alone leave out what takes long while
one thing is worked on.
Needs root, termshark, tshark.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from capture import Result, run_headless
from measure import machine, median, run, table, veth_pair, wait_until
from terminal import KEYS, Latency, Terminal

HERE = Path(__file__).parent
TUNSCOPE = [sys.executable, "-m", "tunscope"]
ROW = r"(TCP|UDP|DNS) +\d+"
FILTERS = ("tcp.port == 443 && ip.addr == 10.16.0.0/16", "udp.port == 53", "tcp.flags.syn == 1")
FLOOD = 1_500_000
#: Packets of the capture that is opened first.
SMALL = 1000
#: Where live captures are written.
TMPFS = "/dev/shm"
PARTS = ("browsing", "filters", "rest", "load", "large")


@dataclass
class Figures:
    """What was measured of one tool, a value a round."""

    first: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    keys: list[Latency] = field(default_factory=list)


def opened(name: str, capture: Path, packets: int) -> tuple[Terminal, float, float]:
    """Open a capture; return the terminal and the seconds until rows and until all is loaded."""
    if name == "tunscope":
        terminal = Terminal([*TUNSCOPE, str(capture)])
    else:
        terminal = Terminal(["termshark", "-r", str(capture)])
    first = terminal.wait_for(ROW, 120) - terminal.began
    if name == "tunscope":
        # The status line counts up, then drops the share that is loaded.
        loaded = terminal.wait_for(rf"{packets:,} packets · [0-9.]+ .B", 300)
    else:
        loaded = terminal.drain_until(lambda: not terminal.children("tshark"), 600)
    return terminal, first, loaded - terminal.began


def press_keys(terminal: Terminal, presses: int) -> list[Latency]:
    """Press each key in turn, so that every press changes the screen."""
    found = []
    terminal.drain(0.3, 5)
    terminal.press(KEYS["end"])
    for number in range(presses):
        terminal.drain(0.12, 2)
        found.append(terminal.press(list(KEYS.values())[number % len(KEYS)]))
    return found


def browse(name: str, capture: Path, packets: int, presses: int, figures: Figures) -> None:
    """Run one round of one tool."""
    terminal, first, loaded = opened(name, capture, packets)
    with terminal:
        terminal.drain(1.0, 10)
        figures.first.append(first)
        figures.loaded.append(loaded)
        figures.memory.append(terminal.memory() / 1e6)
        figures.keys += press_keys(terminal, presses)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def summary(figures: Figures) -> dict[str, tuple[float, str]]:
    """Return the medians of one tool's rounds, and their units."""
    found = {
        "first rows": (median(figures.first) * 1000, "ms"),
        "fully loaded": (median(figures.loaded), "s"),
        "memory, loaded": (median(figures.memory), "MB"),
    }
    for part in ("frame", "settled"):
        times = [getattr(key, part) * 1000 for key in figures.keys]
        found[f"key to {part}, p50"] = (statistics.median(times), "ms")
        found[f"key to {part}, p95"] = (percentile(times, 0.95), "ms")
    return found


def compare(figures: dict[str, Figures]) -> str:
    """Return the tools side by side, and how the first stands to the second."""
    sides = [summary(each) for each in figures.values()]
    rows = []
    for what, (mine, unit) in sides[0].items():
        values = [side[what][0] for side in sides]
        ratio = f"{mine / values[1]:.3f}" if len(values) > 1 else "-"
        rows.append([what, *(f"{value:,.2f} {unit}" for value in values), ratio])
    return table(["", *figures, "ratio"], rows)


def filtering(capture: Path, packets: int) -> str:
    """Time header filters from Enter until the counts of the new view are shown."""
    rows = []
    terminal, first, loaded = opened("tunscope", capture, packets)
    with terminal:
        terminal.drain(1.0, 10)
        memory = terminal.memory()
        for text in FILTERS:
            terminal.write(b"/\x15" + text.encode())
            terminal.drain(0.3, 3)
            terminal.display()
            began = time.perf_counter()
            terminal.write(b"\r")
            took = terminal.watch_for(rf"[0-9,]+ of {packets:,} \([0-9.]+ %", 30) - began
            rows.append([text, f"{took * 1000:.0f}"])
            terminal.drain(0.5, 3)
    print(f"{packets:,} packets: first rows {first:.2f} s, loaded {loaded:.2f} s, "
          f"{memory / 1e6:.0f} MB = {memory / packets:.0f} bytes a packet in all\n")  # fmt: skip
    return table(["filter, Enter to rows", "ms"], rows)


def large(capture: Path, packets: int, presses: int) -> str:
    """Open, scroll and filter a large capture."""
    figures = Figures()
    browse("tunscope", capture, packets, presses, figures)
    return f"{compare({'tunscope': figures})}\n\n{filtering(capture, packets)}"


def at_rest(capture: Path, packets: int) -> float:
    """Return the per cent of a core that the browser uses when nothing happens."""
    terminal, _, _ = opened("tunscope", capture, packets)
    with terminal:
        terminal.drain(1.0, 10)
        time.sleep(3)
        return share_of_core(terminal, 10)


def share_of_core(terminal: Terminal, seconds: float) -> float:
    before, began = terminal.cpu(), time.perf_counter()
    terminal.drain_until(lambda: time.perf_counter() - began > seconds, seconds + 5)
    return 100 * (terminal.cpu() - before) / (time.perf_counter() - began)


def live(namespaces: tuple[str, str], file: Path) -> Terminal:
    """Start the browser on v1 of the second namespace, writing `file`."""
    command = ["ip", "netns", "exec", namespaces[1], *TUNSCOPE, "v1", "--pcap", str(file), "--tui"]
    terminal = Terminal(command)
    terminal.drain_until(lambda: file.exists() and file.stat().st_size > 0, 20)
    terminal.drain(1.0, 5)
    return terminal


def sender(namespaces: tuple[str, str], *arguments: str) -> subprocess.Popen[str]:
    flood = [sys.executable, str(HERE / "flood.py"), "v0", *arguments]
    command = ["ip", "netns", "exec", namespaces[0], *flood]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def following(namespaces: tuple[str, str], folder: Path) -> float:
    """Return the per cent of a core that following ten packets a second takes."""
    with (
        live(namespaces, folder / "slow.pcapng") as terminal,
        sender(namespaces, "64", "150", "ethernet", "10") as flood,
    ):
        terminal.drain(0.2, 3)
        share = share_of_core(terminal, 10)
        flood.communicate()
        return share


def under_load(namespaces: tuple[str, str], folder: Path, size: int) -> tuple[list[Latency], float]:
    """Press keys while one sender sends all it can; return times and per cent lost."""
    file = folder / "load.pcapng"
    found: list[Latency] = []
    with live(namespaces, file) as terminal:
        with sender(namespaces, str(size), str(FLOOD), "ethernet") as flood:
            terminal.drain(0.1, 0.5)
            terminal.write(KEYS["home"])  # the list no longer follows
            while flood.poll() is None:
                terminal.drain(0.02, 0.05)
                key = list(KEYS.values())[len(found) % 3]
                found.append(pressed(terminal, key))
            assert flood.stdout is not None
            sent = int(flood.stdout.read().split()[0])
        length = -1
        while length != file.stat().st_size:
            length = file.stat().st_size
            terminal.drain_until(until(0.5), 2)
        terminal.write(b"q")
        wait_until(lambda: gone(terminal), 30, "the screen did not close")
    stored = int(run("capinfos", "-M", "-c", str(file)).rsplit(":", 1)[1])
    file.unlink()
    return found, 100 * (sent - stored) / sent


def pressed(terminal: Terminal, key: bytes) -> Latency:
    """Press a key while the status line changes on its own: the frame is the first one."""
    began = time.perf_counter()
    terminal.write(key)
    first = last = 0.0
    while terminal.read(0.01 if first else 1.0):
        last = time.perf_counter() - began
        first = first or last
        if last - first > 0.02:
            break
    return Latency(first, last, last)


def until(seconds: float) -> Callable[[], bool]:
    """Return a condition that holds after `seconds`."""
    deadline = time.perf_counter() + seconds
    return lambda: time.perf_counter() > deadline


def gone(terminal: Terminal) -> bool:
    terminal.read(0.02)
    return not os.path.exists(f"/proc/{terminal.pid}/exe")


def touch_memory(folder: Path, octets: int) -> None:
    """Have the system find memory for a file as large: the first tool need not wait for it."""
    file = folder / "blank"
    with file.open("wb") as stream:
        for _ in range(octets >> 20):
            stream.write(bytes(1 << 20))
    file.unlink()


def loads(namespaces: tuple[str, str], folder: Path) -> str:
    """Return what keys take during a capture, and what is lost beside dumpcap."""
    rows = []
    for size in (64, 1400):
        touch_memory(folder, FLOOD * (size + 64))
        keys, lost = under_load(namespaces, folder, size)
        peer: Result = run_headless("dumpcap", folder, namespaces, size, FLOOD)
        times = [key.frame * 1000 for key in keys]
        figures = (statistics.median(times), percentile(times, 0.95))
        rows.append([str(size), str(len(keys)), *(f"{figure:.1f}" for figure in figures),
                     f"{lost:.2f}", f"{peer.lost_percent:.2f}"])  # fmt: skip
    headings = ["bytes", "keys", "p50 ms", "p95 ms", "lost %", "dumpcap lost %"]
    return table(headings, rows)


def browsing(capture: Path, packets: int, tools: Sequence[str], rounds: int, presses: int) -> str:
    """Run the rounds of each tool; all but the first once, which takes as long as it takes."""
    small = capture.with_name("small.pcapng")
    make(small, SMALL)
    for name in tools:  # no tool is to wait for its program to be read from disk
        with opened(name, small, SMALL)[0] as terminal:
            terminal.drain(1.0, 10)
    figures = {name: Figures() for name in tools}
    for number in range(rounds):
        for name in tools[: 1 if number else None]:
            browse(name, capture, packets, presses, figures[name])
    return compare(figures)


def make(path: Path, packets: int) -> None:
    script = str(HERE / "make_capture.py")
    subprocess.run([sys.executable, script, str(path), "--packets", str(packets)], check=True)
    with path.open("rb") as file:  # nothing is written to disk while tools are timed
        os.fsync(file.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS[:-1]))
    parser.add_argument("--alone", action="store_true", help="leave termshark out")
    parser.add_argument("--large", action="store_true", help="ten times the packets as well")
    parser.add_argument("--dir", help="where the captures are that are opened")
    arguments = parser.parse_args()
    packets = arguments.packets
    parts = {*arguments.parts, *(["large"] if arguments.large else [])}
    print(f"{machine()}; {packets:,} packets; {arguments.rounds} rounds, medians\n")
    with (
        tempfile.TemporaryDirectory(dir=arguments.dir) as name,
        tempfile.TemporaryDirectory(dir=TMPFS) as fast,
        veth_pair() as namespaces,
    ):
        folder, capture = Path(fast), Path(name) / "capture.pcapng"
        if parts & {"browsing", "filters", "rest"}:
            make(capture, packets)
        if "browsing" in parts:
            tools = ["tunscope"] if arguments.alone else ["tunscope", "termshark"]
            report(browsing(capture, packets, tools, arguments.rounds, arguments.presses))
        if "filters" in parts:
            report(filtering(capture, packets))
        if "rest" in parts:
            idle, busy = at_rest(capture, packets), following(namespaces, folder)
            report(f"CPU at rest {idle:.2f} %, following 10 packets a second {busy:.2f} %")
        if "load" in parts:
            report(loads(namespaces, folder))
        if "large" in parts:
            make(capture, 10 * packets)
            report(large(capture, 10 * packets, arguments.presses))


def report(text: str) -> None:
    print(text, end="\n\n", flush=True)


if __name__ == "__main__":
    main()
