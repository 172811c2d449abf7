"""Streams that take no more, or are not there: one line, the right status, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CAPTURE = Path(__file__).parents[1] / "data" / "browser_tun.pcapng"
FULL = "tunscope: stdout: cannot write: No space left on device\n"


def shell(words: str, redirection: str) -> subprocess.CompletedProcess[str]:
    """Run tunscope as a shell does that was told to redirect something."""
    command = f'"$0" -m tunscope {words} {redirection}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, str(CAPTURE)],
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        'read "$1"',
        'read "$1" -T json',
        'read "$1" --count',
        'read "$1" "$1" -c 5',
        "fields tcp",
        "devices",
        "lab",
        "--help",
        "read --help",
        "",
    ],
)
def test_a_full_disk_behind_stdout_is_one_line_and_a_failure(words: str) -> None:
    done = shell(words, ">/dev/full")
    assert (done.returncode, done.stderr) == (1, FULL)


def test_a_full_disk_behind_stderr_leaves_the_status_as_it_is() -> None:
    assert shell("read nowhere.pcap", "2>/dev/full").returncode == 2


@pytest.mark.parametrize("words", ['read "$1"', "devices"])
def test_a_closed_stdout_is_one_line_and_a_failure(words: str) -> None:
    done = shell(words, ">&-")
    assert (done.returncode, done.stderr) == (
        1,
        "tunscope: stdout: cannot write: Bad file descriptor\n",
    )


def test_a_capture_does_not_take_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcapng"
    done = shell(f'read "$1" -w {copy}', "0<&- 1>&- 2>&-")
    assert done.returncode == 0
    assert shell(f"read {copy}", "").stdout == shell('read "$1"', "").stdout


@pytest.mark.parametrize("closed", ["0<&-", "2>&-"])
def test_a_screen_needs_every_stream(closed: str) -> None:
    done = shell('"$1"', closed)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_who_has_read_enough_is_no_failure() -> None:
    done = shell('read "$1"', "| head -n 1")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
