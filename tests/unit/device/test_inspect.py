from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pytest

from tunscope.device import inspect
from tunscope.device.facts import Owner
from tunscope.device.inspector import Inspector


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 3000, "no JSON"),
        ("5", "no JSON object"),
        ("{}", "not known"),
        ('{"op": "reboot"}', "not known"),
        ('{"op": "owners", "netns": 5}', "not known"),
        ('{"op": "owners", "netns": "no-such-one"}', "no such network namespace"),
    ],
)
def test_a_line_that_is_no_question_gets_an_error(line: str, error: str) -> None:
    assert error in inspect.answer(line)["error"]


def test_a_line_too_long_is_skipped_and_the_next_one_answered() -> None:
    answers = io.StringIO()
    inspect.serve(io.StringIO("x" * 10_000 + '\n{"id": 7, "op": "owners"}\n'), answers)
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert first["error"] == "the line is too long"
    assert second["id"] == 7
    assert isinstance(second["owners"], dict)


def test_the_child_loads_nothing_that_reads_packets_and_ends_with_its_input() -> None:
    code = (
        "import sys, tunscope.device.inspect\n"
        "print([name for name in ('numpy', 'scapy', 'pyroute2', 'cypcap') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
    done = subprocess.run(
        [sys.executable, "-I", "-m", "tunscope.device.inspect"],
        input='{"id": 1, "op": "owners"}\nnonsense\n\xff\n',
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == ""


def test_the_client_asks_until_it_is_closed() -> None:
    with Inspector() as inspector:
        assert isinstance(inspector.owners(timeout=10), dict)
        assert inspector.owners(netns="no-such-one") == {}
        assert isinstance(inspector.owners(), dict)
    assert inspector.owners() == {}


def test_a_child_that_cannot_start_leaves_owners_unknown() -> None:
    inspector = Inspector(launcher=("/no/such/launcher",))
    assert inspector.owners() == {}
    inspector.close()


@pytest.mark.parametrize("child", ["exec sleep 60", "echo {}; exec sleep 60", "exit 1", "exec yes"])
def test_a_child_that_does_not_answer_is_given_up(child: str) -> None:
    inspector = Inspector(launcher=("sh", "-c", child))
    start = time.monotonic()
    assert inspector.owners(timeout=0.3) == {}
    gone = not inspector.alive
    assert gone
    assert time.monotonic() - start < 6


def test_answers_to_earlier_questions_are_passed_over() -> None:
    script = (
        'echo \'{"id": 0, "owners": {}}\'; '
        'echo \'{"id": 1, "owners": {"tun0": {"pid": 5, "command": "x"}}}\'; cat >/dev/null'
    )
    with Inspector(launcher=("sh", "-c", script)) as inspector:
        assert inspector.owners(timeout=5) == {"tun0": Owner(5, "x")}
