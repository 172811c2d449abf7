from __future__ import annotations

import os
import subprocess

import pytest

from tunscope.errors import TunscopeError
from tunscope.lab.process import NodeProcess


@pytest.fixture
def pipe():
    read_end, write_end = os.pipe()
    process = NodeProcess("prog", read_end, lambda number: None)
    yield process, write_end
    del process


def report(write_end, text):
    os.write(write_end, text)
    os.close(write_end)


def test_an_exit_status_is_returned_again_and_again(pipe):
    process, write_end = pipe
    report(write_end, b"exit 3\n")
    assert (process.wait(1), process.wait(), process.poll()) == (3, 3, 3)
    assert process.fileno() == -1


def test_a_signal_is_a_negative_status(pipe):
    process, write_end = pipe
    report(write_end, b"signal 15\n")
    assert process.wait(1) == -15


def test_a_lab_that_was_killed_says_nothing(pipe):
    process, write_end = pipe
    report(write_end, b"")
    assert process.wait(1) == -9


def test_a_running_program_has_no_status(pipe):
    process, write_end = pipe
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    os.close(write_end)


def test_a_program_that_is_missing_says_what_to_install(pipe):
    process, write_end = pipe
    report(write_end, b"errno 2\nexit 127\n")
    with pytest.raises(TunscopeError, match=r"prog: No such file.*\(install prog\)"):
        process.wait(1)
    assert process.returncode == 127
