"""What tshark's statistics say, for comparison, and our own gathered to the end."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

from captures import eventually

from tunscope.index.capture import CaptureIndex
from tunscope.index.selection import Selection
from tunscope.index.statistics.gathering import Gathering, Tally

DATA = Path(__file__).parents[2] / "data"
#: Reassembly off: what several packets make is not what headers say.
PLAIN = (
    "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
    "-o", "tcp.desegment_tcp_streams:FALSE",
)  # fmt: skip


def tshark(path: Path, statistic: str, *options: str) -> str:
    done = subprocess.run(
        ["tshark", "-n", *options, "-q", "-z", statistic, "-r", path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def tshark_conversations(path: Path, kind: str) -> Counter[tuple[frozenset[tuple[str, int]], int]]:
    """Return how often there is a conversation of two ends with so many packets sent by each."""
    found: Counter[tuple[frozenset[tuple[str, int]], int]] = Counter()
    for line in tshark(path, f"conv,{kind}", *PLAIN).splitlines():
        match = re.match(r"(\S+)\s+<-> (\S+)\s+(\d+) \S+ \S+\s+(\d+) \S+ \S+\s+(\d+) ", line)
        if match:
            one, other, received, sent, total = match.groups()
            found[frozenset([(one, int(sent)), (other, int(received))]), int(total)] += 1
    return found


def tshark_endpoints(path: Path, kind: str) -> dict[str, tuple[int, int, int, int]]:
    """Return packets and bytes sent, packets and bytes received, by address (and port)."""
    found = {}
    for line in tshark(path, f"endpoints,{kind}", *PLAIN).splitlines():
        words = line.split()
        if len(words) >= 7 and words[-1].isdecimal():
            name = " ".join(words[:-6])
            found[name] = tuple(int(word) for word in words[-4:])
    return found


def gather(index: CaptureIndex, tally: Tally, selection: Selection | None = None) -> None:
    """Count all packets of a finished index."""
    gathering = Gathering(selection or Selection(index), tally, lambda: True)
    gathering.start()
    eventually(lambda: gathering.caught_up)
    gathering.cancel()
    assert gathering.error is None
