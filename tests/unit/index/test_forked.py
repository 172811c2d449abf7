"""An index filled by another process: the same as one filled here, however that process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from capfile_judge import captures
from captures import HEAD, TIMEOUT, eventually, packets, record
from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrRouting

from tunscope.capfile.blocks import (
    InterfaceDescription,
    InterfaceStatistics,
    enhanced_packet,
    interface_description,
    interface_statistics,
    name_resolution,
    section_header,
)
from tunscope.columns.buffer import CHUNK
from tunscope.columns.layout import Layer
from tunscope.index import forked
from tunscope.index.capture import CaptureIndex
from tunscope.index.forked import ForkedIndexer, fork_indexer
from tunscope.index.indexing import Step
from tunscope.index.memory import SHARED
from tunscope.index.source import FileSource
from tunscope.index.tables import Tables
from tunscope.packet.record import PacketRecord

#: As little as a block of any capture here may have, so that there are many reports.
SMALL = 512


def shared_tables() -> Tables:
    tables = Tables(SHARED)
    tables.reserve_levels()
    return tables


@contextmanager
def indexing_apart(source: FileSource, chunk: int = SMALL) -> Iterator[CaptureIndex]:
    index = CaptureIndex(source, forked=ForkedIndexer(source, shared_tables(), chunk))
    index.start()
    try:
        yield index
    finally:
        index.stop()


@contextmanager
def indexing_here(path: Path) -> Iterator[CaptureIndex]:
    index = CaptureIndex(FileSource(path), chunk=SMALL)
    index.start()
    try:
        assert index.wait(TIMEOUT)
        yield index
    finally:
        index.stop()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 5000))
    return path


@pytest.fixture(autouse=True)
def many_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "_PACE", 0.0)


def readings(index: CaptureIndex) -> list[PacketRecord]:
    return [index.record(number) for number in range(1, index.count + 1)]


def assert_same(apart: CaptureIndex, here: CaptureIndex) -> None:
    assert (apart.error, apart.warnings) == (here.error, here.warnings)
    assert apart.tables.contents == here.tables.contents
    for name in ("orders", "numbers"):
        assert getattr(apart.tables.interfaces, name) == getattr(here.tables.interfaces, name)
    mine = (apart.store, *apart.inner, apart.tables.shims)
    theirs = (here.store, *here.inner, here.tables.shims)
    for one, other in zip(mine, theirs, strict=True):
        for name in one.names:
            assert np.array_equal(one[name], other[name]), name
    assert np.array_equal(apart.addresses.macs, here.addresses.macs)
    assert np.array_equal(apart.addresses.ipv6, here.addresses.ipv6)
    flows = range(1, here.flows.count + 1)
    assert apart.flows.count == here.flows.count
    assert [apart.flows.flow(i) for i in flows] == [here.flows.flow(i) for i in flows]
    assert readings(apart) == readings(here)


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_another_process_finds_what_this_one_finds(path: Path) -> None:
    with indexing_apart(FileSource(path)) as apart, indexing_here(path) as here:
        assert apart.wait(TIMEOUT)
        assert_same(apart, here)


def test_many_interfaces_sections_and_names_come_through(tmp_path: Path) -> None:
    path = tmp_path / "many.pcapng"
    section = [section_header("test", comment="a section")]
    section += [interface_description(InterfaceDescription(101, name=f"tun{i}")) for i in range(9)]
    section += [name_resolution({"10.0.0.1": "one", "2001:db8::1": "six"}), packets(1, 100)]
    section += [interface_statistics(InterfaceStatistics(3, 10, comment="counted"))]
    named = [name_resolution({f"10.0.{i}.{j}": f"h{j}" for j in range(9)}) for i in range(200)]
    path.write_bytes(b"".join(section) * 20 + b"".join(named))
    with indexing_apart(FileSource(path)) as apart, indexing_here(path) as here:
        assert apart.wait(TIMEOUT)
        assert (len(apart.interfaces), apart.count) == (180, 2000)
        assert list(apart.tables.contents.names) == list(here.tables.contents.names)
        assert_same(apart, here)


def test_conversations_of_source_routes_are_numbered_by_their_last_address(tmp_path: Path) -> None:
    path = tmp_path / "routed.pcapng"
    frames = []
    for port in range(1000, 1100):
        route = IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=1)
        there = IPv6(src="2001:db8::1", dst="2001:db8::5") / route / TCP(sport=port, dport=80)
        back = IPv6(src="2001:db8::9", dst="2001:db8::1") / TCP(sport=80, dport=port, flags="SA")
        frames += [bytes(there), bytes(back)]
    records = [PacketRecord(frame, 0, len(frame), 101) for frame in frames]
    path.write_bytes(HEAD + b"".join(map(enhanced_packet, records)))
    with indexing_apart(FileSource(path)) as apart:
        assert apart.wait(TIMEOUT)
        assert np.all(apart.store["layers"] & Layer.TCP)
        assert apart.store["flow"].tolist() == [i // 2 + 1 for i in range(200)]


class StuckSource(FileSource):
    """A file whose rest takes for ever to be read."""

    def read(self, number: int, offset: int, target: memoryview) -> int:
        if offset > 10 * SMALL:
            signal.pause()
        return super().read(number, offset, target)


def children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def test_packets_stay_when_the_process_is_killed(capture: Path) -> None:
    others = children()
    with indexing_apart(StuckSource(capture)) as index:
        eventually(lambda: index.count)
        assert not index.complete
        (child,) = children() - others
        os.kill(child, signal.SIGKILL)
        assert index.wait(TIMEOUT)
        assert index.error == (f"{capture}: the process that indexed it has ended early (SIGKILL)")
        assert readings(index) == [record(number) for number in range(1, index.count + 1)]


def test_a_process_that_is_not_needed_any_more_is_ended(capture: Path) -> None:
    others = children()
    with indexing_apart(StuckSource(capture)) as index:
        eventually(lambda: index.count)
        assert len(children() - others) == 1
    assert not children() - others
    assert index.error is None


def test_progress_is_told_where_there_are_no_packets(tmp_path: Path) -> None:
    path = tmp_path / "names.pcapng"
    path.write_bytes(HEAD + name_resolution({"10.0.0.1": "one"}) * 1000)
    with indexing_apart(StuckSource(path)) as index:
        eventually(lambda: index.progress)
        assert not index.complete
        assert index.tables.contents.names == {"10.0.0.1": "one"}


class OddSource(FileSource):
    """A file that cannot be read for a reason that nobody reckons with."""

    def read(self, number: int, offset: int, target: memoryview) -> int:
        raise ZeroDivisionError("odd")


def test_what_goes_wrong_in_the_process_is_told_here(capture: Path) -> None:
    indexer = ForkedIndexer(OddSource(capture), shared_tables())
    with pytest.raises(RuntimeError, match="ZeroDivisionError: odd"):
        list(iter(indexer.step, Step.DONE))
    indexer.close()


def test_nothing_is_read_before_the_process_is_prepared(capture: Path) -> None:
    def prepare() -> None:
        raise PermissionError("no rights to give away")

    indexer = ForkedIndexer(OddSource(capture), shared_tables(), prepare=prepare)
    with pytest.raises(RuntimeError, match="PermissionError: no rights to give away"):
        indexer.step()
    indexer.close()


def test_the_process_ends_when_this_one_does(tmp_path: Path) -> None:
    path = tmp_path / "large.pcapng"
    path.write_bytes(HEAD + packets(1, 20_000))
    program = """
import os, sys, time
from pathlib import Path
from tunscope.index import forked
from tunscope.index.memory import SHARED
from tunscope.index.source import FileSource
from tunscope.index.tables import Tables
class Slow(FileSource):
    def read(self, *arguments):
        time.sleep(0.01)
        return super().read(*arguments)
tables = Tables(SHARED)
tables.reserve_levels()
indexer = forked.ForkedIndexer(Slow(sys.argv[1]), tables, 512)
indexer.step()
print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=True, text=True,
                          capture_output=True, timeout=TIMEOUT)  # fmt: skip
    child = int(done.stdout)
    deadline = time.monotonic() + 5  # it would take 20 seconds more
    while Path(f"/proc/{child}/cmdline").exists() and running(child):
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.01)
    assert done.stderr == ""


def test_an_interrupt_at_the_fork_is_for_the_first_process_alone(capture: Path) -> None:
    program = """
import os, signal, sys
from tunscope.index.forked import ForkedIndexer
from tunscope.index.indexing import Step
from tunscope.index.memory import SHARED
from tunscope.index.source import FileSource
from tunscope.index.tables import Tables
fork = os.fork
def interrupted():
    process = fork()
    os.kill(os.getpid(), signal.SIGINT)
    return process
os.fork = interrupted
signal.signal(signal.SIGINT, lambda *_: print("interrupted", os.getpid(), flush=True))
tables = Tables(SHARED)
tables.reserve_levels()
indexer = ForkedIndexer(FileSource(sys.argv[1]), tables)
while indexer.step() is not Step.DONE:
    pass
indexer.close()
print(os.getpid(), tables.packets.count, indexer.error)
"""
    done = subprocess.run([sys.executable, "-c", program, str(capture)], check=True, text=True,
                          capture_output=True, timeout=TIMEOUT)  # fmt: skip
    first, last = done.stdout.splitlines()
    process = last.split()[0]
    assert (first, last) == (f"interrupted {process}", f"{process} 5000 None")


def test_the_process_leaves_the_terminal_to_the_screen(capture: Path) -> None:
    others = children()
    with indexing_apart(StuckSource(capture)) as index:
        eventually(lambda: index.count)
        (child,) = children() - others
        standard = [os.readlink(f"/proc/{child}/fd/{number}") for number in range(3)]
        assert standard == [os.devnull] * 3


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A sparse file of a size for which a process pays."""
    path = tmp_path / "large.pcapng"
    path.write_bytes(HEAD)
    os.truncate(path, 4 * CHUNK)
    return path


def test_a_process_is_forked_where_it_pays(
    large: Path, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # pytest's own do no harm here
    indexer = fork_indexer(FileSource(large))
    assert indexer is not None
    indexer.close()
    assert fork_indexer(FileSource(capture)) is None
    assert fork_indexer(FileSource(large, growing=True)) is None
    with monkeypatch.context() as one:
        one.setattr(os, "sched_getaffinity", lambda _: {0})
        assert fork_indexer(FileSource(large)) is None
    with monkeypatch.context() as busy:
        busy.setattr(threading, "active_count", lambda: 2)
        assert fork_indexer(FileSource(large)) is None


def test_where_no_process_is_to_be_had_the_file_is_indexed_here(large: Path) -> None:
    program = """
import gc, os, resource, sys
from tunscope.index.forked import fork_indexer
from tunscope.index.source import FileSource
def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
gc.disable()
source = FileSource(sys.argv[1])
limit, how_much = getattr(resource, sys.argv[2]), int(sys.argv[3])
resource.setrlimit(limit, (how_much, how_much))
if sys.argv[2] == "RLIMIT_NPROC" and not os.getuid():
    os.setgid(65534), os.setuid(65534)
before = address_space()
assert fork_indexer(source) is None
assert address_space() - before < 16 << 20
"""
    for limit, size in (("RLIMIT_AS", 2 << 30), ("RLIMIT_NPROC", 0)):
        command = [sys.executable, "-c", program, str(large), limit, str(size)]
        run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
        assert (run.returncode, run.stderr) == (0, "")
