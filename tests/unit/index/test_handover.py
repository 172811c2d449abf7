"""Calls handed over to a thread: their order, how many wait, what they raise."""

from __future__ import annotations

import threading

import pytest

from tunscope.index.handover import Handover

TIMEOUT = 20.0


def test_a_call_runs_while_its_caller_goes_on_and_the_next_waits_for_it() -> None:
    handover, may_end, ended = Handover("test"), threading.Event(), []

    def first() -> None:
        assert may_end.wait(TIMEOUT)
        ended.append("first")

    def second() -> None:
        ended.append("second")

    handover.submit(first)
    assert ended == []
    threading.Timer(0.01, may_end.set).start()
    handover.submit(second)
    assert ended[0] == "first"
    handover.settle()
    assert ended == ["first", "second"]
    handover.close()


def test_what_a_call_raises_comes_to_whoever_hands_over_the_next_and_once_only() -> None:
    handover = Handover("test")

    def full() -> None:
        raise BufferError("full")

    handover.submit(full)
    with pytest.raises(BufferError, match="full"):
        handover.submit(lambda: None)
    handover.submit(lambda: None)
    handover.settle()
    handover.close()


def test_close_waits_for_the_call_that_runs_and_ends_the_thread() -> None:
    handover, ended = Handover("a-thread-of-this-test"), threading.Event()
    handover.submit(ended.set)
    handover.close()
    assert ended.is_set()
    assert "a-thread-of-this-test" not in [thread.name for thread in threading.enumerate()]
    handover.close()
