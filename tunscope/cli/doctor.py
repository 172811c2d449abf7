"""``tunscope doctor``: what this machine allows, and the command that mends what it does not."""

from __future__ import annotations

import click

from tunscope.packet.printable import printable


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def doctor() -> int:
    """Say what this machine allows, and what mends the rest; exit 0 if all is well."""
    from tunscope.device.doctor import checks

    found = checks()
    width = max(len(check.name) for check in found)
    for check in found:
        verdict = click.style("ok    ", fg="green") if check.ok else click.style("not ok", fg="red")
        click.echo(f"{verdict}  {check.name:<{width}}  {printable(check.detail)}")
        if not check.ok:
            click.echo(f"{'':8}{'':{width}}  → {check.remedy}")
    return 0 if all(check.ok for check in found) else 1
