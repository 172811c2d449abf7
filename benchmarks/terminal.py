"""A program in a pseudo-terminal, read raw: what it wrote, when, and what it costs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyte
from measure import cpu_seconds, process_tree

#: Escape sequences that carry no text: CSI, OSC, two-character ones, and charset choices.
ESCAPES = re.compile(rb"\x1b(?:\[[0-9;:?<>=!$ ]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|.)")
#: A silence that ends a frame, and one after which nothing more comes of a key (seconds).
FRAME_GAP, SETTLED_GAP = 0.015, 0.08
#: In an order in which each changes what the one before left.
KEYS = {"home": b"\x1b[H", "down": b"\x1b[B", "pgdn": b"\x1b[6~", "end": b"\x1b[F"}


@dataclass(frozen=True)
class Latency:
    """Seconds from a key press to the first byte, the first frame's last one, and the last."""

    first: float
    frame: float
    settled: float


class Terminal:
    """Runs `command` in a terminal of `columns` x `rows`; use as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._unseen: list[bytes] = []
        self._shared_before = shared_memory()
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.environ |= {"COLUMNS": str(columns), "LINES": str(rows)} | dict(environment or {})
            os.execvp(command[0], list(command))
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.set_blocking(self._fd, False)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program, politely first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                self.read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return

    def read(self, seconds: float) -> bytes:
        """Return what there is to read, waiting up to `seconds` for it; b"" for nothing."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._fd, 1 << 20)
        except OSError:  # the program is gone
            time.sleep(min(seconds, 0.05))
            return b""
        self._unseen.append(data)
        return data

    def write(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def wait_for(self, pattern: str, seconds: float) -> float:
        """Return when the text written from now on first has `pattern` (perf_counter)."""
        wanted, raw = re.compile(pattern.encode()), b""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            raw += self.read(0.05)
            now = time.perf_counter()
            if wanted.search(ESCAPES.sub(b"", raw)):
                return now
        raise TimeoutError(f"{pattern} was not shown in {seconds} s")

    def watch_for(self, pattern: str, seconds: float) -> float:
        """Return when the bytes arrived that made the screen show `pattern` (perf_counter).

        Slower than `wait_for`, but knows what is painted in pieces.
        """
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            data = self.read(0.05)
            now = time.perf_counter()
            if data and re.search(pattern, "\n".join(self.display())):
                return now
        raise TimeoutError(f"{pattern} was not shown in {seconds} s")

    def display(self) -> list[str]:
        """Return the lines of the screen after all that was read."""
        for data in self._unseen:
            self._stream.feed(data)
        self._unseen.clear()
        return list(self._screen.display)

    def drain(self, quiet: float, longest: float = 30.0) -> None:
        """Read until nothing came for `quiet` seconds, or `longest` are over."""
        deadline = time.perf_counter() + longest
        while self.read(quiet) and time.perf_counter() < deadline:
            pass

    def drain_until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Read on until `condition` holds; return when it did (perf_counter)."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            self.read(0.02)
            if condition():
                return time.perf_counter()
        raise TimeoutError(f"not done in {seconds} s")

    def press(self, key: bytes) -> Latency:
        """Press one key and time the bytes that it causes."""
        began = time.perf_counter()
        self.write(key)
        arrivals: list[float] = []
        while True:
            data = self.read(SETTLED_GAP if arrivals else 1.0)
            if not data:
                break
            arrivals.append(time.perf_counter() - began)
            if arrivals[-1] > 1.0:
                break
        if not arrivals:
            raise TimeoutError("a key did nothing")
        pairs = zip(arrivals, [*arrivals[1:], float("inf")], strict=True)
        frame = next(this for this, following in pairs if following - this > FRAME_GAP)
        return Latency(arrivals[0], frame, arrivals[-1])

    def memory(self) -> int:
        """Return the memory of the process tree, in bytes: its PSS, all shared memory included.

        Of that PSS tells only what is mapped; it is what the machine has more than before.
        """
        total = shared_memory() - self._shared_before
        for member in process_tree(self.pid):
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{member}/smaps_rollup")
                total += kibibytes(rollup, "Pss:") - kibibytes(rollup, "Pss_Shmem:")
        return total

    def children(self, name: str) -> list[int]:
        """Return descendants whose command is called `name`."""
        found = []
        for member in process_tree(self.pid)[1:]:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{member}/comm").read_text().strip() == name:
                    found.append(member)
        return found

    def cpu(self) -> float:
        """Return the CPU seconds of the process tree so far."""
        return cpu_seconds(self.pid)


def shared_memory() -> int:
    """Return the bytes of shared memory and of files in memory on this machine."""
    return kibibytes(Path("/proc/meminfo"), "Shmem:")


def kibibytes(file: Path, key: str) -> int:
    """Return a size that the kernel tells in KiB, in bytes."""
    for line in file.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise LookupError(f"{file} has no {key}")
