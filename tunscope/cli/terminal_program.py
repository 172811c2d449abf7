"""A program that has the terminal while an engine captures what it does."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import click

from tunscope.cli.deep_edits import answer_ask
from tunscope.engine.protocol import AskEvent, NoticeEvent
from tunscope.engine.signals import signals_as_bytes
from tunscope.errors import TunscopeError
from tunscope.lab.foreground import keyboard_is_shared, may_lend_terminal
from tunscope.lab.process import shell_status
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient
    from tunscope.lab.process import NodeProcess

_LOOK_SECONDS: Final = 1.0
_HANG_UP_SECONDS: Final = 2.0
#: Left to the program; where it is in our process group, the terminal sends it these itself.
_OF_THE_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)
#: Not ours to heed while another group has the terminal; else what stops the group stops us.
_OF_JOB_CONTROL: Final = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


def run_in_terminal(
    spawn: Callable[[], NodeProcess],
    name: str,
    client: EngineClient,
    look: Callable[[], object],
    passed_on: tuple[signal.Signals, ...] = (),
) -> int:
    """Run what `spawn` starts to its end and return its exit status, as a shell tells it.

    If the capture ends before, the program, called `name` then, is hung up. `look` is called once a
    second and whenever the engine has something, and polls it (`heed_events`). The program gets
    those of our signals that are `passed_on`, as well as the keyboard's.
    """
    with terminal_lent(), signals_as_bytes(*passed_on) as wakeup:
        process = spawn()
        while not _has_ended(process):
            waited = [process.fileno(), client.fileno(), wakeup]
            ready, _, _ = select.select(waited, [], [], _LOOK_SECONDS)
            if wakeup in ready:
                for number in os.read(wakeup, 64):
                    if number not in _OF_THE_KEYBOARD or not keyboard_is_shared():
                        process.send_signal(number)
            look()
            if client.stopped is not None:
                # Its network went with the engine: it could only wait for answers.
                why = f"{name} is hung up, since the capture ended: {client.stopped.reason}"
                say_aside(printable(why))
                process.hang_up(_HANG_UP_SECONDS)
        return shell_status(process.wait())


def heed_events(client: EngineClient, say: Callable[[str], object]) -> None:
    """Answer what the engine asks, and `say` what it wants a person to know."""
    for event in client.poll():
        if isinstance(event, AskEvent):
            answer_ask(client, event)
        elif isinstance(event, NoticeEvent):
            say(event.text)


def say_aside(text: str) -> None:
    """Tell a person something on stderr, a line of our own among what the program writes."""
    click.echo(f"tunscope: {text}", err=True)


def _has_ended(process: NodeProcess) -> bool:
    """Whether the program runs no more; where it never did, say why."""
    try:
        return process.poll() is not None
    except TunscopeError as error:
        say_aside(str(error))
        return True


@contextlib.contextmanager
def terminal_lent() -> Iterator[None]:
    """Leave the terminal's signals to another program for the length of a with block.

    The terminal itself is lent by who starts it, where `may_lend_terminal`, and taken back here.
    Where it is not, both are of the same job: they are stopped, and go on, together.
    """
    lent = may_lend_terminal()
    ignored = (*_OF_THE_KEYBOARD, *_OF_JOB_CONTROL) if lent else _OF_THE_KEYBOARD
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        yield
    finally:
        if lent:
            with contextlib.suppress(OSError):  # it was hung up
                os.tcsetpgrp(0, os.getpgrp())
        for number, handler in before.items():
            signal.signal(number, handler)
