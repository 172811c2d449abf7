"""``tunscope lab [NAME]``: build a ready topology, keep it busy, and show or record its packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tunscope.cli.privilege import invoking_user
from tunscope.cli.recorded_arguments import (
    count_option,
    filter_option,
    given_snaplen,
    given_stop,
    snaplen_option,
)
from tunscope.cli.relay_arguments import relay_arguments
from tunscope.cli.rules import relay_options
from tunscope.errors import ExitCode, UsageError
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.cli.outputs import Outputs
    from tunscope.engine.options import CaptureOptions
    from tunscope.lab.lab import Lab
    from tunscope.lab.plan import LabPlan

_NO_FILE: Final = "/dev/null"


@click.command(
    "lab",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("name", required=False)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="DEVICE[@NODE]",
    help="Show this device of the lab, not the usual ones (repeat: record several together).",
)
@click.option("-w", "--pcap", metavar="FILE|-", help="Record to a pcapng file, or to stdout.")
@filter_option
@snaplen_option
@count_option
@click.option(
    "-a",
    "--autostop",
    multiple=True,
    metavar="COND",
    help="Stop after duration:S, packets:N, filesize:KB (of the first device, if several).",
)
@click.option("--no-tui", is_flag=True, help="No screen: only build, relay and make traffic.")
@click.option("--shell", "node", metavar="NODE", help="Open a shell in a node of the lab.")
@click.option(
    "--respond", is_flag=True, help="Have tunscope answer at the far end of a tun or tap."
)
@click.option("--keep", is_flag=True, help="Leave the lab running; say how to enter it.")
@relay_arguments
@click.option("--explain", is_flag=True, help="Print the ip commands that would build the lab.")
def lab(
    name: str | None,
    devices: tuple[str, ...],
    pcap: str | None,
    no_tui: bool,
    node: str | None,
    respond: bool,
    keep: bool,
    explain: bool,
    **given: Any,
) -> int:
    """Build the lab NAME in private namespaces, with traffic, and show its packets live.

    Without NAME, list the labs. No root is needed; everything is gone when the command ends.
    """
    from tunscope.lab.catalogue import describe_labs, find_lab

    if name is None:
        if devices or pcap or no_tui or node or respond or keep or explain:
            raise UsageError("lab", "needs a NAME with these options", "tunscope lab lists them")
        click.echo(describe_labs(), nl=False)
        return ExitCode.OK
    plan = find_lab(name)
    if keep and invoking_user() is not None:
        raise UsageError("--keep", "a lab that sudo built cannot be left to you", "no sudo needed")
    if explain:
        from tunscope.lab.explain import explain as commands_of

        click.echo(commands_of(plan), nl=False)
        return ExitCode.OK
    from tunscope.lab.lab import Lab

    def build() -> Lab:
        return Lab(plan, devices, respond=respond)

    options = _options(given)
    ended = _leave if keep else _end
    if node:
        from tunscope.cli.lab_shell import record_shell

        _check_node(plan, node)
        outputs = _outputs(pcap)
        with build() as running:
            status = record_shell(running, node, outputs, options)
            ended(running)
        return status
    if pcap or no_tui:
        from tunscope.cli.lab_headless import record_lab

        outputs = _outputs(pcap)
        with build() as running:
            status = int(record_lab(running, outputs, options))
            ended(running)
        return status
    from tunscope.cli.live import show_lab

    return int(show_lab(build, options, ended))


def _options(given: dict[str, Any]) -> CaptureOptions:
    from tunscope.engine.options import CaptureOptions

    stop = given_stop(given)
    if stop.files is not None:
        raise UsageError("-a files", "there is only one file", "-a filesize: ends it")
    return CaptureOptions(
        filter=given["expression"],
        snaplen=given_snaplen(given),
        stop=stop,
        relay=relay_options(given),
    )


def _check_node(plan: LabPlan, node: str) -> None:
    """Raise UsageError unless the lab has such a node, before anything is built or written."""
    known = [one.name for one in plan.topology.nodes]
    if node not in known:
        why = f"lab {plan.name} has no such node"
        raise UsageError(f"node {printable(node)}", why, f"it has {', '.join(known)}")


def _end(running: Lab) -> None:
    """Leave it to the lab's context to end it."""


def _leave(running: Lab) -> None:
    """Let the lab go on, and say how to enter its nodes and how to end it."""
    legacy = running.leave()
    click.echo(f"tunscope: lab {running.plan.name} goes on; a shell in", err=True)
    for node, entrance in legacy.entrances.items():
        click.echo(f"  {node}: {entrance}", err=True)
    click.echo(f"and its end: kill {legacy.pid}", err=True)


def _outputs(pcap: str | None) -> Outputs:
    from pathlib import Path

    from tunscope.cli.outputs import SingleFile, StandardOutput

    return StandardOutput() if pcap == "-" else SingleFile(Path(pcap or _NO_FILE))
