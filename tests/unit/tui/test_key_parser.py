"""Esc is a key of its own soon after nothing follows it; what follows in time makes another."""

from __future__ import annotations

import time

import pytest
from textual.events import Key
from textual.message import Message

from tunscope.tui.terminal_input import KeyParser


def keys(events: list[Message]) -> list[str]:
    return [event.key for event in events if isinstance(event, Key)]


def test_esc_is_told_after_thirty_milliseconds_and_not_before() -> None:
    parser = KeyParser()
    began = time.monotonic()
    assert not list(parser.feed("\x1b"))
    found = keys(list(parser.tick()))
    assert not found or time.monotonic() - began >= 0.03
    assert parser.patience == 0.03
    time.sleep(0.035)
    assert found + keys(list(parser.tick())) == ["escape"]
    assert parser.patience > 0.05  # no hurry any more


def test_a_sequence_in_pieces_is_one_key() -> None:
    parser = KeyParser()
    assert not list(parser.feed("\x1b"))
    assert not list(parser.feed("["))
    assert keys(list(parser.feed("A"))) == ["up"]
    assert not list(parser.tick())


def test_a_slow_line_can_ask_for_more_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCDELAY", "500")
    parser = KeyParser()
    assert not list(parser.feed("\x1b"))
    time.sleep(0.035)
    assert not list(parser.tick())
