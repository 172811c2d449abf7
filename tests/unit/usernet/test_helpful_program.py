"""A program beside tunscope: what it says, and that it ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tunscope.errors import TunscopeError
from tunscope.usernet.program import HelpfulProgram


def test_a_failure_has_the_last_line_that_the_program_wrote():
    program = HelpfulProgram(
        ["sh", "-c", "echo first >&2; printf 'no\\033[2Juse\\n' >&2"], [], "it"
    )
    error = program.failure("did not start")
    program.close()
    program.close()
    assert (error.what, error.why) == ("it", "did not start: no\\x1b[2Juse")
    assert not program.running


def test_endless_complaints_neither_pile_up_nor_block_the_program(tmp_path):
    done = tmp_path / "done"
    script = f"yes complaint | head -c 3000000 >&2; echo >{done}; exec sleep 600"
    program = HelpfulProgram(["sh", "-c", script], [], "it")
    try:
        until = time.monotonic() + 10
        while not done.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        assert os.stat(f"/proc/{program.pid}/fd/2").st_size < 1_000_000
        assert program.last_words()[:5] == "compl"  # the pipe may be full within a line
    finally:
        os.kill(program.pid, signal.SIGKILL)
        program.close()


def test_a_program_that_does_not_end_is_killed():
    program = HelpfulProgram(["sh", "-c", "trap '' TERM HUP; exec sleep 600"], [], "it")
    assert program.running
    program.close()
    assert not Path(f"/proc/{program.pid}").exists()


def test_a_program_that_is_not_there_is_an_error_and_leaves_no_descriptor():
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(TunscopeError, match="cannot be started"):
        HelpfulProgram(["/no/such/program"], [], "it")
    assert sorted(os.listdir("/proc/self/fd")) == before
