"""``--pcap``, ``--print`` and ``--no-tui``: choose where packets go, and what is printed."""

from __future__ import annotations

from pathlib import Path

from tunscope.cli.capture import Invocation
from tunscope.cli.headless import Job, capture_headless
from tunscope.cli.outputs import Outputs, RotatedFiles, SingleFile, StandardOutput
from tunscope.errors import ExitCode


def record(invocation: Invocation) -> ExitCode:
    """Capture without a screen; return the exit status."""
    job = Job(
        open=lambda client: client.open(invocation.request, invocation.options),
        options=invocation.options,
        outputs=_outputs(invocation),
        quiet=invocation.quiet,
        may_sudo=invocation.may_sudo,
    )
    return capture_headless(job)


def _outputs(invocation: Invocation) -> Outputs:
    if invocation.pcap == "-":
        return StandardOutput()
    path = Path(invocation.pcap or "")
    if invocation.options.rotate.rotates:
        return RotatedFiles(path, invocation.options.rotate)
    return SingleFile(path)
