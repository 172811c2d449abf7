"""``tunscope run --pcap``: the command has the terminal, the packets go to a file."""

from __future__ import annotations

import contextlib
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tunscope.cli.outputs import Outputs, SingleFile, StandardOutput
from tunscope.cli.privilege import drop_privileges
from tunscope.cli.reachable import reachable
from tunscope.cli.terminal_program import heed_events, run_in_terminal, say_aside
from tunscope.engine.ending import end_capture
from tunscope.engine.signals import signals_as_interrupts
from tunscope.usernet.private_network import PrivateNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.cli.run import Order
    from tunscope.engine.client import EngineClient
    from tunscope.engine.protocol import StoppedEvent

#: What the command's connections still say to each other when it has ended, as their FINs.
_LAST_PACKETS_SECONDS: Final = 0.05
_PASSED_ON: Final = (
    signal.SIGINT,
    signal.SIGQUIT,
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

    def look() -> None:
        heed_events(client, _ignore if order.quiet else say_aside)

    try:
        with reachable(client, opening.facts.name):
            client.start()
            status = _run(order, network, client, look)
            select.select([client], [], [], _LAST_PACKETS_SECONDS)
            stopped = end_capture(client, look)
    finally:
        network.close()
        client.close()
        outputs.close()
    if not order.quiet:
        _sum_up(stopped, str(outputs))
    if stopped.error is not None:
        raise stopped.error
    return status


def _run(
    order: Order, network: PrivateNetwork, client: EngineClient, look: Callable[[], None]
) -> int:
    """Run the command, pass signals on to it, and return its exit status."""
    streams = (0, 2, 2) if order.pcap == "-" else (0, 1, 2)
    return run_in_terminal(
        lambda: network.spawn(order.argv, streams), order.argv[0], client, look, _PASSED_ON
    )


def _sum_up(stopped: StoppedEvent, where: str) -> None:
    counters = stopped.counters
    lost = counters.dropped
    words = f"{counters.captured} packets captured to {where}"
    if lost:
        words += f", {lost} lost"
    click.echo(f"tunscope: {words}", err=True)


def _ignore(text: str) -> None:
    """Say nothing: -q."""
