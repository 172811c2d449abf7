"""Capture side by side with dumpcap and tcpdump: packets lost and CPU time per packet.

A veth pair in private namespaces; one sender as fast as it can; the tools in turn, several rounds,
with the same ring and the same file system. CPU time counts every process of a tool from before
the first packet until after the last. What is lost is what capinfos does not find in the file.
Needs root, tshark (dumpcap, capinfos) and tcpdump.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from measure import cpu_seconds, in_netns, machine, median, run, table, veth_pair, wait_until

HERE = Path(__file__).parent
RING_MIB = 64


@dataclass(frozen=True)
class Result:
    """One run of one tool."""

    sent: int
    stored: int
    cpu_us: float
    seconds: float

    @property
    def lost_percent(self) -> float:
        """Packets sent that the file does not hold, per hundred."""
        return 100 * (self.sent - self.stored) / self.sent


def tunscope(file: Path) -> list[str]:
    python = str(Path(sys.executable))
    return [python, "-m", "tunscope", "v1", "--pcap", str(file), "--buffer", str(RING_MIB)]


def dumpcap(file: Path) -> list[str]:
    return ["dumpcap", "-q", "-i", "v1", "-B", str(RING_MIB), "-w", str(file)]


def tcpdump(file: Path) -> list[str]:
    return ["tcpdump", "-i", "v1", "-B", str(RING_MIB * 1024), "-s", "0", "-w", str(file)]


HEADLESS = {"tunscope": tunscope, "dumpcap": dumpcap, "tcpdump": tcpdump}


def measured(
    pid: int, file: Path, namespaces: tuple[str, str], size: int, count: int
) -> tuple[int, float, float]:
    """Send, wait until nothing more is written; return packets sent, CPU and sending seconds."""
    time.sleep(0.3)
    before = cpu_seconds(pid)
    flood = [sys.executable, str(HERE / "flood.py"), "v0", str(size), str(count), "ethernet"]
    sent, seconds = in_netns(namespaces[0], *flood).split()
    length = -1
    while length != file.stat().st_size:
        length = file.stat().st_size
        time.sleep(0.3)
    return int(sent), cpu_seconds(pid) - before, float(seconds)


def run_headless(
    name: str, directory: Path, namespaces: tuple[str, str], size: int, count: int
) -> Result:
    file = directory / f"{name}.pcapng"
    command = ["ip", "netns", "exec", namespaces[1], *HEADLESS[name](file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # each says that it has begun
        wait_until(file.exists, 10, f"{name} made no file")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        sent, cpu, seconds = measured(process.pid, file, namespaces, size, count)
        process.send_signal(signal.SIGINT)
        process.wait(30)
    return finished(file, sent, cpu, seconds)


def run_screen(directory: Path, namespaces: tuple[str, str], size: int, count: int) -> Result:
    """The same with the live table open in a terminal of 120 x 36."""
    file = directory / "screen.pcapng"
    command = ["ip", "netns", "exec", namespaces[1], *tunscope(file), "--tui"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
        os.execvp(command[0], command)
    reader = threading.Thread(target=swallow, args=(terminal,), daemon=True)
    reader.start()
    wait_until(lambda: file.exists() and file.stat().st_size > 0, 20, "no capture began")
    time.sleep(1.5)
    sent, cpu, seconds = measured(pid, file, namespaces, size, count)
    os.write(terminal, b"q")
    wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 30, "the screen did not close")
    return finished(file, sent, cpu, seconds)


def swallow(terminal: int) -> None:
    """Read what the screen paints, as a terminal would."""
    while True:
        select.select([terminal], [], [])
        try:
            if not os.read(terminal, 1 << 16):
                return
        except OSError:
            return


def finished(file: Path, sent: int, cpu: float, seconds: float) -> Result:
    output = run("capinfos", "-M", "-c", str(file))
    stored = int(output.rsplit(":", 1)[1])
    file.unlink()
    return Result(sent, stored, cpu / stored * 1e6 if stored else 0.0, seconds)


def report(size: int, results: dict[str, list[Result]]) -> str:
    rows = []
    for name, runs in results.items():
        cpu = median([run.cpu_us for run in runs])
        ratios = [f"{cpu / median([r.cpu_us for r in results[peer]]):.2f}"
                  for peer in ("dumpcap", "tcpdump")]  # fmt: skip
        lost = median([run.lost_percent for run in runs])
        rate = median([run.sent / run.seconds for run in runs])
        rows.append([name, f"{rate / 1000:,.0f}", f"{lost:.2f} %", f"{cpu:.2f}", *ratios])
    headers = [f"{size} bytes", "kpps sent", "lost", "us CPU/packet", "/ dumpcap", "/ tcpdump"]
    return table(headers, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 1400])
    parser.add_argument("--dir", default="/dev/shm", help="file system of the captures")
    parser.add_argument("--no-screen", action="store_true")
    arguments = parser.parse_args()
    print(f"{machine()}; {arguments.packets:,} packets, {arguments.rounds} rounds, medians;")
    print(f"ring {RING_MIB} MiB, captures in {arguments.dir}\n")
    with tempfile.TemporaryDirectory(dir=arguments.dir) as name, veth_pair() as namespaces:
        directory = Path(name)
        for size in arguments.sizes:
            results: dict[str, list[Result]] = {tool: [] for tool in HEADLESS}
            if not arguments.no_screen:
                results["tunscope --tui"] = []
            for _ in range(arguments.rounds):
                for tool in HEADLESS:
                    results[tool].append(
                        run_headless(tool, directory, namespaces, size, arguments.packets)
                    )
                if not arguments.no_screen:
                    results["tunscope --tui"].append(
                        run_screen(directory, namespaces, size, arguments.packets)
                    )
            print(report(size, results), flush=True)
            print()


if __name__ == "__main__":
    main()
