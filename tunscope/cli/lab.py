"""``tunscope lab [NAME]``: build a ready topology, keep it busy, and show or record its packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tunscope.cli.relay_arguments import relay_arguments
from tunscope.cli.rules import relay_options
from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tunscope.cli.outputs import Outputs
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.engine.options import CaptureOptions
    from tunscope.lab.lab import Lab
    from tunscope.lab.plan import LabPlan

_NO_FILE: Final = "/dev/null"


@click.command(
    "lab",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("name", required=False)
@click.option("--device", metavar="DEVICE", help="Show this device of the lab, not its usual one.")
@click.option("-w", "--pcap", metavar="FILE|-", help="Record to a pcapng file, or to stdout.")
@click.option("--no-tui", is_flag=True, help="No screen: only build, relay and make traffic.")
@click.option("--shell", "node", metavar="NODE", help="Open a shell in a node of the lab.")
@relay_arguments
@click.option("--explain", is_flag=True, help="Print the ip commands that would build the lab.")
def lab(
    name: str | None,
    device: str | None,
    pcap: str | None,
    no_tui: bool,
    node: str | None,
    explain: bool,
    **given: Any,
) -> int:
    """Build the lab NAME in private namespaces, with traffic, and show its packets live.

    Without NAME, list the labs. No root is needed; everything is gone when the command ends.
    """
    from tunscope.lab.catalogue import describe_labs, find_lab

    if name is None:
        if device or pcap or no_tui or node or explain:
            raise UsageError("lab", "needs a NAME with these options", "tunscope lab lists them")
        click.echo(describe_labs(), nl=False)
        return ExitCode.OK
    plan = find_lab(name)
    if explain:
        from tunscope.lab.explain import explain as commands_of

        click.echo(commands_of(plan), nl=False)
        return ExitCode.OK
    from tunscope.engine.options import CaptureOptions

    options = CaptureOptions(relay=relay_options(given))
    if node:
        return _run_shell(plan, device, pcap, node, options)
    if pcap or no_tui:
        return _record(plan, device, pcap, options)
    from tunscope.cli.live import show_lab

    return int(show_lab(plan, device, options))


def _record(
    plan: LabPlan, device: str | None, pcap: str | None, options: CaptureOptions
) -> ExitCode:
    """Relay and record until a signal."""
    from tunscope.cli.headless import Job, capture_headless
    from tunscope.lab.lab import Lab

    outputs = _outputs(pcap)
    with Lab(plan, device) as running:
        job = Job(
            open=lambda client: open_lab(client, running, options),
            options=options,
            outputs=outputs,
            quiet=False,
            may_sudo=False,
        )
        return capture_headless(job, follower=_Traffic(running))


def open_lab(client: EngineClient, running: Lab, options: CaptureOptions) -> Opening:
    """Have the engine relay between the lab's two devices."""
    fds = {
        "tun": running.tun_fd,
        "peer": running.peer_fd,
        "statistics": running.statistics_fd,
    }
    return client.open_owned(running.facts, fds, options)


class _Traffic:
    """Starts a lab's traffic when it is first called, and tells of programs that ended."""

    def __init__(self, running: Lab) -> None:
        self._lab = running
        self._started = False

    def __call__(self) -> bool:
        if not self._started:
            self._started = True
            self._lab.start_traffic()
        failures = self._lab.failures()
        for line in failures:
            click.echo(f"tunscope: {line}", err=True)
        return True


def _run_shell(
    plan: LabPlan, device: str | None, pcap: str | None, node: str, options: CaptureOptions
) -> int:
    """Relay, record where asked to, and end when the shell ends; its exit status is ours."""
    from tunscope.cli.headless import open_engine
    from tunscope.cli.lab_shell import run_shell
    from tunscope.lab.lab import Lab

    outputs = _outputs(pcap)
    with Lab(plan, device) as running:
        fd = outputs.open()
        try:
            client, _ = open_engine(
                lambda client: open_lab(client, running, options), fd, may_sudo=False
            )
        except BaseException:
            outputs.undo()
            raise
        outputs.ready()
        try:
            client.start()
            running.start_traffic()
            return run_shell(running, client, node)
        finally:
            client.close()
            outputs.close()


def _outputs(pcap: str | None) -> Outputs:
    from pathlib import Path

    from tunscope.cli.outputs import SingleFile, StandardOutput

    return StandardOutput() if pcap == "-" else SingleFile(Path(pcap or _NO_FILE))
