"""What benchmarks share: a private veth pair, the CPU time of process trees, and tables."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def veth_pair() -> Iterator[tuple[str, str]]:
    """Make two namespaces joined by a veth pair, v0 in the first and v1 in the second."""
    names = f"ts-bench-a-{os.getpid()}", f"ts-bench-b-{os.getpid()}"
    for name in names:
        run("ip", "netns", "add", name)
    try:
        a, b = names
        for name in names:
            in_netns(name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        run("ip", "-n", a, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", b)
        run("ip", "-n", a, "link", "set", "v0", "up")
        run("ip", "-n", b, "link", "set", "v1", "up")
        yield names
    finally:
        for name in names:
            run("ip", "netns", "del", name)


def run(*command: str) -> str:
    """Run a command to its end and return its stdout; raise if it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def in_netns(name: str, *command: str) -> str:
    """Run a command in a namespace."""
    return run("ip", "netns", "exec", name, *command)


def process_tree(pid: int) -> list[int]:
    """Return `pid` and its descendants."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():  # any thread may have begun a child
            for child in (task / "children").read_text().split():
                found += process_tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process tree so far, every thread of it, to the nanosecond."""
    total = 0
    for member in process_tree(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll `condition` until it holds; raise after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    widths = [max(len(row[i]) for row in [headers, *rows]) for i in range(len(headers))]
    lines = [" | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    head = " | ".join(cell.ljust(w) for cell, w in zip(headers, widths, strict=True))
    return "\n".join([f"| {head} |", f"|{'|'.join('-' * (w + 2) for w in widths)}|"]
                     + [f"| {line} |" for line in lines])  # fmt: skip


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def machine() -> str:
    """Return one line about the machine."""
    return f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
