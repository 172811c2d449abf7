"""Names for addresses: where they come from, and which goes before which."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunscope.capfile.reader import open_capture
from tunscope.capfile.writer import open_writer
from tunscope.dissect.node import FieldNode
from tunscope.dissect.vendors import vendor_table
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.named_texts import named_cell, named_label
from tunscope.tui.names import Names, read_hosts, read_services
from tunscope.tui.rows import PacketRow

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def names(tmp_path: Path) -> Iterator[Names]:
    path, hosts, services = (tmp_path / name for name in ("x.pcapng", "hosts", "services"))
    hosts.write_text("# mine\n10.9.0.1 me alias # end\nnonsense\n::0001 loop\n10.9.0.1 later\n")
    services.write_text("http 80/tcp www\nodd x/tcp\ndomain 53/udp\nbad\n")
    given = {"10.9.0.1": "given", "fd09::2": "block[b]\x1b"}
    with (
        open_capture(DATA / "browser_tun.pcapng") as reader,
        open_writer(path, reader.interfaces, names=given) as writer,
    ):
        for record in reader:
            writer.write(record)
    index = CaptureIndex(FileSource(path))
    index.start()
    assert index.wait(20)
    found = Names(index, hosts=hosts, services=services, vendors=lambda: {"00:1b:21": "IntelCor"})
    found.start()
    deadline = time.monotonic() + 20
    while not found.of_address("10.9.0.2") and time.monotonic() < deadline:
        time.sleep(0.02)
    yield found
    found.stop()
    index.stop()


def test_each_source_has_its_turn(names: Names) -> None:
    assert names.of_address("10.9.0.1") == "me"  # the person's file goes first
    assert names.of_address("::1") == "loop"
    assert names.of_address("fd09::2") == "block[b]\x1b"  # a name resolution block
    assert names.of_address("10.9.0.2").endswith("lab.example")  # an answer in the capture
    assert names.of_address("00:1b:21:0a:0b:0c") == "IntelCor_0a:0b:0c"
    assert names.of_address("02:00:00:00:00:01") == ""
    assert names.of_port(80, "tcp") == "http"
    assert names.of_port(80, "udp") == ""
    assert names.revision


def test_files_that_are_not_there_name_nothing(tmp_path: Path) -> None:
    assert read_hosts(tmp_path / "none") == {}
    assert read_services(tmp_path) == {}


def test_texts_of_rows_are_named(names: Names) -> None:
    row = PacketRow(1, "↑", "10.9.0.1", "fd09::2", "TCP", 60, "40122 → 80 [SYN] Seq=0 1 → 80 x")
    assert named_cell(names, row, "source") == "me"
    assert "\x1b" not in named_cell(names, row, "destination")
    assert named_cell(names, row, "info") == "40122 → http [SYN] Seq=0 1 → 80 x"
    other = PacketRow(1, "↑", "10.9.9.9", "", "HTTP", 60, "40122 → 80 x")
    assert named_cell(names, other, "source") == "10.9.9.9"
    assert named_cell(names, other, "info") == "40122 → 80 x"


def test_labels_of_fields_are_named(names: Names) -> None:
    address = FieldNode("ip.src", "Source Address: 10.9.0.1", "10.9.0.1", 0, 4)
    port = FieldNode("tcp.dstport", "Destination Port: 80", "80", 0, 2)
    ttl = FieldNode("ip.ttl", "Time to Live: 80", "80", 0, 1)
    assert named_label(names, address) == "Source Address: 10.9.0.1 (me)"
    assert named_label(names, port) == "Destination Port: 80 (http)"
    assert named_label(names, ttl) == "Time to Live: 80"


def test_vendors_come_from_scapys_table() -> None:
    table = vendor_table()
    assert table["00:1b:21"] == "IntelCor"
    assert len(table) > 10_000
