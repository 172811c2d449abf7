"""A tethered program ends with whoever holds the other end of its tether."""

from __future__ import annotations

import os
import signal
import subprocess

from tunscope.usernet.tether import tethered


def _start(*argv: str) -> tuple[subprocess.Popen[str], int]:
    tether, holder = os.pipe2(os.O_CLOEXEC)
    child = subprocess.Popen(
        tethered(argv, tether), pass_fds=[tether], stdout=subprocess.PIPE, text=True
    )
    os.close(tether)
    return child, holder


def test_the_program_is_killed_when_the_tether_is_at_its_end():
    child, holder = _start("sh", "-c", "echo $$; exec sleep 600")
    pid = int(child.stdout.readline())
    assert os.path.exists(f"/proc/{pid}")
    os.close(holder)
    assert child.wait(5) == signal.SIGKILL
    assert not os.path.exists(f"/proc/{pid}")
    child.stdout.close()


def test_its_exit_status_is_passed_on_and_sigpipe_is_not_ignored():
    child, holder = _start("sh", "-c", "grep SigIgn /proc/self/status; exit 7")
    ignored = int(child.stdout.readline().split()[1], 16)
    assert child.wait(5) == 7
    assert not ignored >> (signal.SIGPIPE - 1) & 1
    os.close(holder)
    child.stdout.close()
