"""What is left of a lab: its processes, by a mark in their environment and by their namespaces."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

NAMESPACES = ("user", "net", "pid", "pid_for_children", "mnt", "uts")


def processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal()]


def namespace_links(pid: int) -> set[str]:
    found = set()
    for name in NAMESPACES:
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/{name}"))
    return found


def marked(mark: str) -> list[int]:
    """Processes with `mark` in the environment they were started with."""
    found = []
    for pid in processes():
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


class LabWitness:
    """Collects the namespaces of everything started with `mark`, then looks who lives in them.

    It holds them open until the end: the kernel gives a number that is free to the next one who
    asks, which may be another test's lab.
    """

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._held: dict[str, int] = {}
        self._own = namespace_links(os.getpid())

    @property
    def namespaces(self) -> set[str]:
        return set(self._held)

    def look(self) -> None:
        """Remember the namespaces of the lab as it is now."""
        for pid in marked(self.mark):
            self._hold(pid)
        # Programs in nodes have an environment of their own, but the lab's user namespace.
        for pid in processes():
            if namespace_links(pid) & self.namespaces:
                self._hold(pid)

    def _hold(self, pid: int) -> None:
        for name in NAMESPACES:
            with contextlib.suppress(OSError):
                fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
                link = os.readlink(f"/proc/self/fd/{fd}")
                if link in self._own or link in self._held:
                    os.close(fd)
                else:
                    self._held[link] = fd

    def remaining(self) -> dict[int, str]:
        """Processes that are still there, with their command lines."""
        left = {}
        ours = marked(self.mark)
        for pid in processes():
            if pid == os.getpid():
                continue
            inside = bool(namespace_links(pid) & self.namespaces) or self._holds(pid)
            if inside or pid in ours:
                with contextlib.suppress(OSError):
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                    if state not in "ZX":
                        left[pid] = words.decode(errors="replace")
        return left

    def assert_all_gone(self, seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        try:
            while left := self.remaining():
                assert time.monotonic() < deadline, f"still there: {left}"
                time.sleep(0.05)
        finally:
            for fd in self._held.values():
                os.close(fd)
            self._held.clear()

    def _holds(self, pid: int) -> bool:
        """Whether a descriptor of the process keeps one of the namespaces alive."""
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") in self.namespaces:
                        return True
        return False
