"""A shell in a node of a lab, in the terminal that tunscope was started from."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from tunscope.errors import TunscopeError
from tunscope.lab.foreground import may_lend_terminal
from tunscope.lab.process import shell_status

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient
    from tunscope.lab.lab import Lab

_LOOK_SECONDS: Final = 1.0
_LEFT_TO_THE_SHELL: Final = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def run_shell(running: Lab, client: EngineClient, node: str) -> int:
    """Run the person's shell in `node` to its end and return its exit status.

    Raises TunscopeError if the engine ends before, or there is no such node.
    """
    shell = os.environ.get("SHELL") or "/bin/sh"
    name = running.plan.name
    if sys.stdin.isatty():
        click.echo(f"tunscope: shell in {node} of lab {name}; its end ends the lab", err=True)
    with terminal_lent():
        process = running.spawn(node, (shell,), (0, 1, 2))
        while process.poll() is None:
            select.select([process.fileno(), client.fileno()], [], [], _LOOK_SECONDS)
            client.poll()
            if client.stopped is not None:
                process.kill()
                raise client.stopped.error or TunscopeError(f"lab {name}", "the engine ended")
    return shell_status(process.wait())


@contextlib.contextmanager
def terminal_lent() -> Iterator[None]:
    """Leave the terminal's signals to another program for the length of a with block.

    The terminal itself is lent by who starts it, where `may_lend_terminal`, and taken back here.
    """
    lent = may_lend_terminal()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _LEFT_TO_THE_SHELL}
    try:
        yield
    finally:
        if lent:
            with contextlib.suppress(OSError):  # it was hung up
                os.tcsetpgrp(0, os.getpgrp())
        for number, handler in before.items():
            signal.signal(number, handler)
