"""Start a headless capture, wait until it says it began, end it as a person would."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol


class Namespace(Protocol):
    """What `conftest.NetworkNamespace` offers here."""

    def popen(self, *words: Any, **kwargs: Any) -> subprocess.Popen[Any]: ...


class Capturing:
    """A `tunscope ... --pcap` that has begun."""

    def __init__(self, process: subprocess.Popen[str], start_line: str) -> None:
        self.process = process
        self.start_line = start_line
        self.stderr = ""
        self.stdout = ""

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it, wait for its end, keep what it printed; return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self, timeout: float = 20) -> int:
        self.stdout, self.stderr = self.process.communicate(timeout=timeout)
        return self.process.returncode


@contextlib.contextmanager
def capturing(netns: Namespace, *words: str | Path, **kwargs: Any) -> Iterator[Capturing]:
    """Run `tunscope WORDS` inside `netns` until it printed its start line."""
    kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | kwargs
    process = netns.popen(sys.executable, "-m", "tunscope", *words, **kwargs)
    assert process.stderr is not None
    line = process.stderr.readline()
    try:
        yield Capturing(process, line)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def tshark_fields(file: Path, *fields: str) -> list[list[str]]:
    """Return the named fields of every packet, as tshark reads them."""
    options = [word for field in fields for word in ("-e", field)]
    output = subprocess.run(
        ["tshark", "-n", "-r", str(file), "-T", "fields", *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [line.split("\t") for line in output.splitlines()]


def packet_count(file: Path) -> int:
    """Return how many packets capinfos finds."""
    output = subprocess.run(
        ["capinfos", "-M", "-c", str(file)], check=True, capture_output=True, text=True
    ).stdout
    return int(output.rsplit(":", 1)[1])
