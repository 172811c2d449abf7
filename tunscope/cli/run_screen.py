"""``tunscope run`` with the screen: the packets of a command live, its output in a pane."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from tunscope.cli.browse import check_filter
from tunscope.cli.config import settings_in_force
from tunscope.cli.live_captures import LiveCaptures
from tunscope.cli.privilege import drop_privileges
from tunscope.cli.pty_command import PtyCommand
from tunscope.cli.spools import spooled
from tunscope.errors import UsageError
from tunscope.usernet.private_network import DEVICE, PrivateNetwork

if TYPE_CHECKING:
    from tunscope.cli.run import Order


def show_command(order: Order) -> int:
    """Run the command and show its packets until the person quits; return its exit status.

    A command that still runs then is hung up, as by a terminal that goes away. Nothing of it needs
    rights: behind sudo, all of it is the person's.
    """
    drop_privileges()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "run", "the screen needs stdin and stdout", "--pcap FILE or --no-tui leaves them to CMD"
        )
    check_filter(order.display_filter)
    settings_in_force()
    command = PtyCommand(order.argv[0])
    with LiveCaptures(display_filter=order.display_filter, names=order.names) as captures:
        with contextlib.ExitStack() as ends:
            with captures.undone_by_signals():
                network = ends.enter_context(PrivateNetwork(order.wishes))
                residents = ends.enter_context(network.residents())
            options = spooled(order.options, None)
            captures.surroundings.command = command
            try:
                captures.of_lab(
                    DEVICE,
                    options,
                    lambda fd: network.open_engine(fd, options),
                    lambda: command.start(
                        lambda terminal, kind: network.spawn_in_terminal(order.argv, terminal, kind)
                    ),
                    command.news,
                    residents.programs,
                    "These are the machine's: capturing on one ends the command",
                )
            finally:
                captures.surroundings.command = None
                command.hang_up()
        captures.run_wishes()
    return command.status
