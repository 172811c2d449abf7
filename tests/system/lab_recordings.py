"""What labs record in the tests, and what tshark finds in it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from person import TUNSCOPE, Person


@contextlib.contextmanager
def recording(
    person: Person,
    lab: str,
    *options: str,
    before: tuple[str, ...] = (),
    stdin: int | None = None,
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A lab that records to a file; killed afterwards if it still runs."""
    file = person.folder / "lab.pcapng"
    child = person.popen(
        *before,
        *TUNSCOPE,
        "lab",
        lab,
        "--pcap",
        str(file),
        *options,
        stdin=stdin,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child, file
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
        child.stderr.close()


def tshark(file: Path, display_filter: str, *fields: str) -> list[list[str]]:
    words = ["tshark", "-n", "-r", str(file), "-Y", display_filter, "-T", "fields"]
    for name in fields or ("frame.number",):
        words += ["-e", name]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return [line.split("\t") for line in done.stdout.splitlines()]


def packets_in(file: Path) -> int:
    if not file.exists() or not file.stat().st_size:
        return 0
    done = subprocess.run(
        ["capinfos", "-T", "-r", "-c", "-M", str(file)], capture_output=True, text=True, check=False
    )
    return int(done.stdout.split()[-1]) if done.stdout else 0


def wait_until(condition: Any, seconds: float, what: str) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"no {what} within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - start


def counts(file: Path, filters: tuple[str, ...]) -> list[int]:
    """How many packets of a capture each display filter takes, as tshark counts."""
    if not packets_in(file):
        return [0] * len(filters)
    words = ["tshark", "-n", "-q", "-r", str(file), "-z", ",".join(("io,stat,0", *filters))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    rows = [line for line in done.stdout.splitlines() if "<>" in line]
    # a row is | interval | frames | bytes | frames | bytes | and perhaps an empty cell
    return (
        [int(cell) for cell in rows[0].split("|")[2 : 2 + 2 * len(filters) : 2]]
        if rows
        else [0] * len(filters)
    )


def pipe_of(text: str) -> int:
    """A readable descriptor that holds `text`; closed when the test's process ends."""
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    return read_end
