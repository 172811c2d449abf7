"""``tunscope lab NAME --shell NODE``: a shell in a node, in the terminal of the command."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tunscope.cli.lab_headless import tell_news
from tunscope.cli.privilege import drop_privileges
from tunscope.cli.reachable import reachable
from tunscope.cli.terminal_program import heed_events, run_in_terminal, say_aside
from tunscope.engine.ending import end_capture, together
from tunscope.engine.protocol import StopReason
from tunscope.engine.signals import signals_as_interrupts
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.cli.outputs import Outputs
    from tunscope.engine.client import EngineClient
    from tunscope.engine.options import CaptureOptions
    from tunscope.lab.lab import Lab


def record_shell(running: Lab, node: str, outputs: Outputs, options: CaptureOptions) -> int:
    """Record to `outputs` while a person's shell runs in `node`; return its exit status.

    Raises TunscopeError if the capture ends before.
    """
    with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP), contextlib.ExitStack() as undo:
        fd = outputs.open()
        undo.callback(outputs.undo)
        client, opening = running.open(fd, options)
        undo.pop_all()
    drop_privileges()
    outputs.ready()

    def look() -> None:
        heed_events(client, say_aside)
        tell_news(running)

    try:
        with reachable(client, opening.facts.name):
            client.start()
            running.start_traffic()
            status = _run_shell(running, client, node, look)
            stopped = together(end_capture(client, look), running.end_recording())
            tell_news(running)
    finally:
        client.close()
        outputs.close()
    if stopped.error is not None:
        raise stopped.error
    if stopped.reason is StopReason.READER_GONE:
        raise TunscopeError(f"lab {running.plan.name}", "the reader of the capture went away")
    return status


def _run_shell(running: Lab, client: EngineClient, node: str, look: Callable[[], None]) -> int:
    shell = os.environ.get("SHELL") or "/bin/sh"
    if sys.stdin.isatty():
        say_aside(f"shell in {node} of lab {running.plan.name}; its end ends the lab")
    return run_in_terminal(
        lambda: running.spawn(node, (shell,), (0, 1, 2)), f"the shell in {node}", client, look
    )
