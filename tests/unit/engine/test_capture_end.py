"""How a capture says that its output takes no more, however late that shows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from epbs import HEADER, make_batch, packets_in

from tunscope.engine.capture import Capture
from tunscope.engine.options import CaptureOptions
from tunscope.engine.output import Output
from tunscope.engine.protocol import StopReason
from tunscope.engine.source import Source


def captured_behind(output: Output) -> Capture:
    """Return a capture of a hundred packets, written behind, that was asked to end."""
    batch, memory = make_batch([b"x" * 100] * 100)
    batches = [replace(batch, lasting=True), None, None]
    source = create_autospec(Source, instance=True, relays=False, inline=None, deadline=None)
    source.take.side_effect = lambda _until: batches.pop(0)
    source.settled.return_value = True
    capture = Capture(source, "tun0", output, HEADER, CaptureOptions(), lambda *_: None)
    capture.start()
    while capture.ended is None:
        capture.pump()
        capture.stop()
    del memory
    return capture


def test_a_disk_that_was_full_for_the_last_packets_is_told_as_any_other(
    tmp_path: Path, small_files: int
) -> None:
    file = tmp_path / "x"
    output = Output(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    ended = captured_behind(output).ended
    assert ended is not None
    assert ended.reason is StopReason.DISK_FULL
    assert str(ended.error) == "output: the disk is full (what was written is whole and valid)"
    assert ended.counters.captured == len(packets_in(file.read_bytes())) < 100


def test_another_fault_at_the_end_is_no_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_iovecs: object) -> None:
        raise OSError(5, "Input/output error")

    output = Output(os.open(tmp_path / "x", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    monkeypatch.setattr(output, "_push", fail)
    ended = captured_behind(output).ended
    assert ended is not None
    assert ended.reason is StopReason.FAILED
    assert "cannot write: Input/output error" in str(ended.error)
