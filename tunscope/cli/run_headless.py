"""``tunscope run --pcap``: the command has the terminal, the packets go to a file."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tunscope.cli.deep_edits import answer_ask
from tunscope.cli.lab_shell import terminal_lent
from tunscope.cli.outputs import Outputs, SingleFile, StandardOutput
from tunscope.cli.privilege import drop_privileges
from tunscope.cli.reachable import reachable
from tunscope.engine.protocol import AskEvent, NoticeEvent
from tunscope.engine.signals import signals_as_bytes, signals_as_interrupts
from tunscope.errors import TunscopeError
from tunscope.lab.foreground import keyboard_is_shared
from tunscope.lab.process import shell_status
from tunscope.packet.printable import printable
from tunscope.usernet.private_network import PrivateNetwork

if TYPE_CHECKING:
    from tunscope.cli.run import Order
    from tunscope.engine.client import EngineClient
    from tunscope.engine.protocol import StoppedEvent
    from tunscope.lab.process import NodeProcess

_LOOK_SECONDS: Final = 1.0
#: What the command's connections still say to each other when it has ended, as their FINs.
_LAST_PACKETS_SECONDS: Final = 0.05
_END_SECONDS: Final = 10.0
_HANG_UP_SECONDS: Final = 2.0
#: Where the command is in our process group, the terminal sends it these itself.
_OF_THE_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)
_PASSED_ON: Final = (
    *_OF_THE_KEYBOARD,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def record_command(order: Order) -> int:
    """Run the command to its end, record its packets, and return its exit status.

    Nothing of it needs rights: behind sudo, all of it is the person's.
    """
    drop_privileges()
    outputs: Outputs = StandardOutput()
    if order.pcap != "-":
        outputs = SingleFile(Path(order.pcap or ""))
    with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP), contextlib.ExitStack() as undo:
        fd = outputs.open()
        undo.callback(outputs.undo)
        network = undo.enter_context(PrivateNetwork(order.wishes))
        client, opening = network.open_engine(fd, order.options)
        undo.pop_all()
    outputs.ready()
    try:
        with reachable(client, opening.facts.name):
            client.start()
            status = _run(order, network, client)
            stopped = _stop(client)
    finally:
        network.close()
        client.close()
        outputs.close()
    if not order.quiet:
        _sum_up(stopped, str(outputs))
    if stopped.error is not None:
        raise stopped.error
    return status


def _run(order: Order, network: PrivateNetwork, client: EngineClient) -> int:
    """Run the command, pass signals on to it, and return its exit status."""
    streams = (0, 2, 2) if order.pcap == "-" else (0, 1, 2)
    with terminal_lent(), signals_as_bytes(*_PASSED_ON) as wakeup:
        process = network.spawn(order.argv, streams)
        while not _has_ended(process):
            waited = [process.fileno(), client.fileno(), wakeup]
            ready, _, _ = select.select(waited, [], [], _LOOK_SECONDS)
            if wakeup in ready:
                for number in os.read(wakeup, 64):
                    if number not in _OF_THE_KEYBOARD or not keyboard_is_shared():
                        process.send_signal(number)
            for event in client.poll():
                if isinstance(event, AskEvent):
                    answer_ask(client, event)
                elif isinstance(event, NoticeEvent) and not order.quiet:
                    click.echo(f"tunscope: {event.text}", err=True)
            if client.stopped is not None:
                # Its network went with the engine: it could only wait for answers.
                why = (
                    f"{order.argv[0]} is hung up, since the capture ended: {client.stopped.reason}"
                )
                click.echo(f"tunscope: {printable(why)}", err=True)
                process.hang_up(_HANG_UP_SECONDS)
        return shell_status(process.wait())


def _has_ended(process: NodeProcess) -> bool:
    """Whether the command runs no more; where it never did, say why."""
    try:
        return process.poll() is not None
    except TunscopeError as error:
        click.echo(f"tunscope: {error}", err=True)
        return True


def _stop(client: EngineClient) -> StoppedEvent:
    """Let the last packets pass and end the capture."""
    select.select([client], [], [], _LAST_PACKETS_SECONDS)
    client.stop()
    for give_up in (client.abort, lambda: None):
        until = time.monotonic() + _END_SECONDS
        while client.stopped is None and (left := until - time.monotonic()) > 0:
            select.select([client], [], [], left)
            client.poll()
        if client.stopped is not None:
            return client.stopped
        give_up()
    raise TunscopeError("engine", "did not end", "the file is whole as far as it was written")


def _sum_up(stopped: StoppedEvent, where: str) -> None:
    counters = stopped.counters
    lost = counters.dropped
    words = f"{counters.captured} packets captured to {where}"
    if lost:
        words += f", {lost} lost"
    click.echo(f"tunscope: {words}", err=True)
