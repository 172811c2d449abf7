"""A private network namespace, and what tests do in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class NetworkNamespace:
    """One private network namespace, by its `ip netns` name."""

    name: str
    _children: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The file that keeps the namespace alive."""
        return f"/run/netns/{self.name}"

    def command(self, *words: str | os.PathLike[str]) -> list[str]:
        """Return `words` as a command that runs inside (the host's /sys stays: no mount)."""
        return ["nsenter", f"--net={self.path}", "--", *(os.fspath(word) for word in words)]

    def run(
        self, *words: str | os.PathLike[str], check: bool = True, timeout: float = 30, **kwargs: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end; its output is text in `.stdout` and `.stderr`."""
        done = subprocess.run(
            self.command(*words),
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
            **kwargs,
        )
        if check and done.returncode:
            pytest.fail(f"{words}: exit {done.returncode}: {done.stderr.strip()}")
        return done

    def popen(self, *words: str | os.PathLike[str], **kwargs: Any) -> subprocess.Popen[Any]:
        """Start a command inside; it is killed after the test if it still runs."""
        child = subprocess.Popen(self.command(*words), **kwargs)
        self._children.append(child)
        return child

    def python(self, code: str, *args: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Run Python code inside, with the interpreter and packages of the test run."""
        return self.run(sys.executable, "-c", code, *args, **kwargs)

    def tunscope(self, *args: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Run `tunscope ARGS` inside to its end, whatever its exit status."""
        return self.run(sys.executable, "-m", "tunscope", *args, check=False, **kwargs)

    def ip(self, arguments: str) -> str:
        """Run `ip ARGUMENTS` (split at blanks) inside and return its output."""
        return self.run("ip", *arguments.split()).stdout

    def sysctl(self, key: str, value: object) -> None:
        """Set a net.* sysctl of this namespace; `key` as in net/ipv6/conf/all/disable_ipv6.

        Written from a thread inside the namespace, so the host's value is never touched.
        """
        if not key.startswith("net/"):
            raise ValueError(key)
        with self.entered():
            Path("/proc/thread-self/net").stat()
            Path("/proc/sys", key).write_text(f"{value}\n")

    def disable_ipv6(self) -> None:
        """Keep the kernel from adding router solicitations and MLD reports of its own."""
        for scope in ("all", "default"):
            self.sysctl(f"net/ipv6/conf/{scope}/disable_ipv6", 1)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread inside for the length of a with block."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        away = os.open(self.path, os.O_RDONLY)
        try:
            _setns(away)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)
            os.close(away)

    def links(self) -> list[str]:
        """Names of the devices inside, but for loopback."""
        rows = self.ip("-o link show").splitlines()
        names = [row.split(": ")[1].split("@")[0] for row in rows]
        return [name for name in names if name != "lo"]

    def remove(self) -> None:
        """End what still runs inside and remove the namespace."""
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                _close_quietly(stream)
        pids = subprocess.run(
            ["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False
        ).stdout.split()
        for pid in pids:
            # The test's own process may be inside through another thread.
            if int(pid) != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _close_quietly(stream: IO[Any] | None) -> None:
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.close()
