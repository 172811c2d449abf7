"""tshark as the judge of display filters: many filters over one capture in a single run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tunscope.capfile.reader import open_capture
from tunscope.filter.compiled import DisplayFilter, compile_filter
from tunscope.filter.contexts import FrameContexts
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.dissect import dissect
from tunscope.filter.errors import FilterError
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source

#: A fair comparison: no names, and nothing that needs several packets put together.
OPTIONS = (
    "-n",
    "-o",
    "ip.defragment:FALSE",
    "-o",
    "ipv6.defragment:FALSE",
    "-o",
    "tcp.desegment_tcp_streams:FALSE",
)

#: One tap a filter: each tells the numbers of the packets that pass its filter. A first one,
#: without a filter, tells which packets taps are shown at all: those whose dissection broke off in
#: a packet quoted by an ICMP error are not.
_TAPS = """\
local said = {}
local every = Listener.new("frame")
every.packet = function(pinfo) io.stdout:write("= 0 ", pinfo.number, "\\n") end
for index, text in ipairs(FILTERS) do
  local fine, tap = pcall(Listener.new, "frame", text)
  if fine then
    tap.packet = function(pinfo)
      local line = index .. " " .. pinfo.number
      if not said[line] then
        said[line] = true
        io.stdout:write("+ ", line, "\\n")
      end
    end
  else
    io.stdout:write("! ", index, " ", (tostring(tap):gsub("%s+", " ")), "\\n")
  end
end
"""

#: The packets that pass a filter, None where it is no filter.
Verdict = frozenset[int] | None


def lua_string(text: str) -> str:
    """Return a Lua literal: every byte as a decimal escape."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


def tshark_verdicts(
    capture: Path, filters: Sequence[str], folder: Path, options: Sequence[str] = OPTIONS
) -> tuple[list[Verdict], frozenset[int]]:
    """Return which packets of `capture` pass each of `filters`, as tshark says, and which packets
    it was asked about."""
    assert all(filters), "a blank filter has no tap"
    script = folder / f"taps-{capture.name}.lua"
    listed = ",\n".join(map(lua_string, filters))
    script.write_text(f"local FILTERS = {{\n{listed}\n}}\n{_TAPS}")
    command = ["tshark", *options, "-q", "-X", f"lua_script:{script}", "-r", str(capture)]
    done = subprocess.run(command, capture_output=True, check=False)
    passing: list[set[int] | None] = [set() for _ in filters]
    asked: set[int] = set()
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        sign, index, rest = line.split(" ", 2)
        if sign == "!":
            passing[int(index) - 1] = None
        elif sign == "=":
            asked.add(int(rest))
        else:
            packets = passing[int(index) - 1]
            assert packets is not None
            packets.add(int(rest))
    verdicts = [None if packets is None else frozenset(packets) for packets in passing]
    return verdicts, frozenset(asked)


@cache
def compiled(text: str) -> DisplayFilter | None:
    try:
        return compile_filter(text)
    except FilterError:
        return None


def _filters(texts: Sequence[str]) -> list[DisplayFilter | None]:
    return [compiled(text) for text in texts]


def streamed_verdicts(capture: Path, texts: Sequence[str]) -> list[Verdict]:
    """Return what our filters say packet by packet, in the order of the capture.

    Filters that want the same protocols share a dissection and a memory of the capture.
    """
    filters = _filters(texts)
    passing: list[list[int]] = [[] for _ in texts]
    groups: dict[tuple[Container[str], bool], list[tuple[DisplayFilter, list[int]]]] = {}
    for one, found in zip(filters, passing, strict=True):
        if one is not None:
            key = (one._wanted, one.needs_conversations)
            groups.setdefault(key, []).append((one, found))
    trackers = {key: ConversationTracker() for key in groups}
    first = previous = None
    with open_capture(capture, lenient=True) as reader:
        contexts = FrameContexts(reader.interfaces)
        for number, record in enumerate(reader, 1):
            if first is None or previous is None:
                first = previous = record.ts_ns
            context = contexts.of(number, first, previous, record.interface)
            previous = record.ts_ns if record.custom is None else previous
            for key, members in groups.items():
                wanted, remembers = key
                fields = dissect(record, wanted, context, trackers[key] if remembers else None)
                for one, found in members:
                    if one._holds(fields):
                        found.append(number)
    return _verdicts(filters, passing)


def columnar_verdicts(capture: Path, texts: Sequence[str]) -> list[Verdict]:
    """Return what our filters say over the columns of the indexed capture."""
    filters = _filters(texts)
    index = CaptureIndex(open_source(capture))
    index.start()
    try:
        assert index.wait(30)
        passing = [
            []
            if one is None
            else (one.columns_predicate(index, 0, index.count).nonzero()[0] + 1).tolist()
            for one in filters
        ]
    finally:
        index.stop()
    return _verdicts(filters, passing)


def _verdicts(
    filters: Sequence[DisplayFilter | None], passing: Sequence[Sequence[int]]
) -> list[Verdict]:
    return [
        None if one is None else frozenset(found)
        for one, found in zip(filters, passing, strict=True)
    ]


PATHS: dict[str, Callable[[Path, Sequence[str]], list[Verdict]]] = {
    "streamed": streamed_verdicts,
    "columnar": columnar_verdicts,
}


@dataclass
class FilterAgreement:
    """How many verdicts over filters and captures are the judge's, per way of evaluating."""

    captures: int = 0
    filters: set[str] = field(default_factory=set)
    telling: set[str] = field(default_factory=set)
    verdicts: int = 0
    equal: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, 0))
    differences: list[str] = field(default_factory=list)

    def judge(self, capture: Path, filters: Sequence[str], folder: Path) -> None:
        """Compare both ways of evaluating with tshark over one capture."""
        expected, asked = tshark_verdicts(capture, filters, folder)
        self.captures += 1
        self.filters.update(filters)
        self.verdicts += len(filters)
        self.telling.update(text for text, one in zip(filters, expected, strict=True) if one)
        for way, evaluate in PATHS.items():
            given = evaluate(capture, filters)
            for text, one, found in zip(filters, expected, given, strict=True):
                other = None if found is None else found & asked
                self.equal[way] += one == other
                if one != other:
                    self.differences.append(
                        f"{capture.name} {way}: {text}\n    {difference(one, other)}"
                    )

    def table(self) -> str:
        """Return what was judged, in lines for a person."""
        lines = [
            f"{'captures':28}{self.captures:8}",
            f"{'filters':28}{len(self.filters):8}",
            f"{'  that some packet passes':28}{len(self.telling):8}",
            f"{'verdicts of tshark':28}{self.verdicts:8}",
        ]
        lines += [f"{'  equal, ' + way:28}{count:8}" for way, count in self.equal.items()]
        return "\n".join(lines)


def difference(expected: Verdict, given: Verdict) -> str:
    """Return in words how a verdict differs from the judge's."""
    if expected is None or given is None:
        names = ["rejects" if one is None else "accepts" for one in (expected, given)]
        return f"tshark {names[0]} it, tunscope {names[1]} it"
    return f"missing {sorted(expected - given)[:8]}, too many {sorted(given - expected)[:8]}"


def filters_in(path: Path) -> list[str]:
    """Return the filters of a file: one a line, without blank ones and comments."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ")]
