"""Times in the packet list of packets whose time the file does not tell."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.index.view import View
from tunscope.tui.row_painter import RowPainter
from tunscope.tui.rows import RowReader
from tunscope.tui.table_columns import DEFAULT
from tunscope.tui.time_format import TimeFormat

TUN = Path(__file__).parents[2] / "data" / "browser_tun.pcapng"


@pytest.fixture
def capture(tmp_path: Path):
    """The capture with one more packet, in a simple packet block (pcapng, section 4.4)."""
    octets = bytes.fromhex("450000140000400040110000" + "0a0900010a090002")
    size = 16 + len(octets)
    simple = struct.pack("<III", 3, size, len(octets)) + octets + struct.pack("<I", size)
    path = tmp_path / "simple.pcapng"
    path.write_bytes(TUN.read_bytes() + simple)
    index = CaptureIndex(FileSource(path))
    index.start()
    assert index.wait(10)
    yield index
    index.stop()


@pytest.mark.parametrize("time_format", list(TimeFormat))
def test_a_packet_without_a_time_shows_none(capture: CaptureIndex, time_format: TimeFormat) -> None:
    view = View(capture)
    rows = RowReader(capture)
    painter = RowPainter(capture, view, rows, DEFAULT)
    painter.time_format = time_format
    layout = painter.layout(120)
    last = capture.count
    for column in ("time", "delta"):
        assert painter.cell(last - 1, rows.row(last), column, layout) == "-"
        assert painter.cell(last - 2, rows.row(last - 1), column, layout) != "-"
