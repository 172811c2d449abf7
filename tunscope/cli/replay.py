"""``tunscope replay FILE DEVICE``: send a capture again, on time, and see what answers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from tunscope.cli.replay_arguments import over_mtu_argument, replay_arguments, seed_argument
from tunscope.cli.replay_order import ReplayOrder

if TYPE_CHECKING:
    from tunscope.device.request import DeviceRequest

#: Enough of an answer to see what it answers.
_ANSWER_BYTES = 192


@click.command(
    "replay",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("file")
@click.argument("device")
@click.option("-Y", "--display-filter", default="", metavar="FILTER", help="Only these packets.")
@replay_arguments
@over_mtu_argument("--mtu")
@seed_argument("--seed")
@click.option("--tun", "kind", flag_value="tun", help="Create a tun device for the purpose.")
@click.option("--tap", "kind", flag_value="tap", help="Create a tap device for the purpose.")
@click.option("--addr", multiple=True, metavar="CIDR", help="Address for the device (repeat).")
@click.option("--route", multiple=True, metavar="CIDR", help="Route through the device (repeat).")
@click.option("--netns", metavar="NAME|PID|PATH", help="Network namespace of the device.")
@click.option("-q", "--quiet", is_flag=True, help="Nothing but --json.")
@click.option("--no-sudo", is_flag=True, help="Never ask for a password to get the rights needed.")
def replay(file: str, device: str, **given: Any) -> int:
    """Send the packets of the capture FILE (- is stdin) on DEVICE, in their own time.

    Ethernet, VLAN, raw IP, Linux cooked and BSD loopback captures become what the device carries;
    what cannot be converted is skipped and counted. A device that a running tunscope has is
    reached through it; a tun or tap that nobody holds is attached to, or created, for as long as
    this takes. Exit status 1 if a packet could not be sent, or none was.
    """
    from tunscope.device.request import DeviceRequest

    order = ReplayOrder.of(file, given["display_filter"], given)
    request = DeviceRequest(
        name=device,
        kind=given["kind"],
        addresses=given["addr"],
        routes=given["route"],
        netns=given["netns"],
    )
    return _replay(order, request, quiet=given["quiet"], may_sudo=not given["no_sudo"])


def _replay(order: ReplayOrder, request: DeviceRequest, *, quiet: bool, may_sudo: bool) -> int:
    from tunscope.cli.inject_target import open_target
    from tunscope.cli.privilege import as_invoking_user
    from tunscope.cli.replay_keys import need_keys
    from tunscope.cli.replay_plan import ReplaySource, made_plan, warn
    from tunscope.cli.replay_run import ReplayRun, count_answers, watch
    from tunscope.engine.options import CaptureOptions
    from tunscope.engine.protocol import Op

    if order.step:
        need_keys()
    with contextlib.ExitStack() as held:
        with as_invoking_user():
            source = ReplaySource(order)
        held.callback(source.close)
        options = CaptureOptions(buffer_mib=8, snaplen=_ANSWER_BYTES)
        target = open_target(request, options=options, through_owner=False, may_sudo=may_sudo)
        held.callback(target.close)
        if not quiet:
            click.echo(f"tunscope: {target.description}", err=True)
        plan = made_plan(
            source.packets(),
            order,
            target.facts,
            owned=target.owned,
            resolve=lambda asked: target.request(Op.RESOLVE, **asked),
        )
        held.callback(plan.close)
        if not quiet:
            warn((*source.warnings, *plan.warnings))
        run = ReplayRun(order, source, plan, target, target.facts)
        run.begin(record=target.shared)
        watch(run, order.wait, quiet=quiet, step=order.step)
        target.finish()
        answers = count_answers(target.records, plan.prepared.flows, owned=target.owned)
        return run.finish(answers, quiet=quiet, to_stderr=False)
