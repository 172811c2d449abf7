"""Each conversation is asked about once, when it is first seen, by who spoke first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tunscope.cli import program_watch
from tunscope.cli.program_watch import ProgramWatch
from tunscope.columns.programs import Program
from tunscope.device.programs import Conversation, SocketOwner
from tunscope.errors import TunscopeError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def index():
    capture = CaptureIndex(FileSource(DATA / "browser_tun.pcapng"))
    capture.start()
    assert capture.wait(20)
    yield capture
    capture.stop()


def test_every_conversation_is_asked_about_once(index: CaptureIndex) -> None:
    asked: list[Conversation] = []

    def ask(conversations: Sequence[Conversation]) -> list[SocketOwner | None]:
        asked.extend(conversations)
        return [SocketOwner(9, "dig") if one.protocol == 17 else None for one in conversations]

    watch = ProgramWatch(index, ask)
    watch.start()
    programs, count = index.flows.programs, index.flows.count
    deadline = time.monotonic() + 20
    while not programs.asked(count) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    watch.stop()
    assert len(asked) == count == len(set(asked))
    assert asked[0] == Conversation(17, "10.9.0.1", 40699, "10.9.0.2", 53)
    assert programs.of_flow(1) == Program(9, "dig")
    assert programs.asked(2)
    assert programs.of_flow(2) is None


def test_nobody_is_asked_in_a_flood(index: CaptureIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_watch, "_CALM_PACKETS", -1)  # any number is a flood
    asked: list[Conversation] = []

    def ask(conversations: Sequence[Conversation]) -> list[SocketOwner | None]:
        asked.extend(conversations)
        return [None] * len(conversations)

    watch = ProgramWatch(index, ask)
    watch.start()
    time.sleep(0.4)
    watch.stop()
    assert asked == []


def test_a_kernel_that_tells_nothing_is_left_alone(index: CaptureIndex) -> None:
    calls: list[int] = []

    def ask(conversations: Sequence[Conversation]) -> list[SocketOwner | None]:
        calls.append(len(conversations))
        raise TunscopeError("sockets", "cannot be listed")

    watch = ProgramWatch(index, ask)
    watch.start()
    deadline = time.monotonic() + 20
    while watch._thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(calls) == 1
