"""``tunscope devices``: every network device with its state, driver, peer and owner."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.device.facts import DeviceFacts

_HEADINGS: Final = (
    "NAME",
    "KIND",
    "STATE",
    "MTU",
    "ADDRESSES",
    "MASTER",
    "PEER",
    "DRIVER",
    "OWNER",
)
_ALWAYS_SHOWN: Final = {"NAME", "KIND", "STATE", "MTU"}
_RIGHT_ALIGNED: Final = {"MTU"}
_STATE_COLOURS: Final = {"up": "green", "no-carrier": "yellow", "down": "red"}
_GAP: Final = "  "
#: What a narrow terminal does without, in this order, so that the owner can be read.
_DISPENSABLE: Final = ("DRIVER", "MASTER", "PEER")
_OWNER_WIDTH: Final = 24


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects on stdout.")
@click.option("--netns", metavar="NAME|PID|PATH", help="Look into this network namespace.")
def devices(as_json: bool, netns: str | None) -> int:
    """List network devices: kind, state, addresses, peer, driver, owner.

    Link-local addresses, and what a narrow terminal has no room for, are in the JSON only.
    """
    import json

    found = _survey(netns)
    if as_json:
        click.echo(json.dumps([facts.to_json() for facts in found], indent=2))
        return 0
    width = os.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in table(found, width):
        click.echo(line)
    if os.geteuid() != 0 and any(map(_owner_is_hidden, found)):
        click.echo("OWNER ?: processes of others can be seen with sudo", err=True)
    return 0


def _survey(netns: str | None) -> list[DeviceFacts]:
    import contextlib

    from tunscope.device.namespaces import entered, open_netns
    from tunscope.device.owners import find_owners
    from tunscope.device.survey import survey

    with contextlib.ExitStack() as inside:
        if netns is not None:
            fd = open_netns(netns)
            inside.callback(os.close, fd)
            inside.enter_context(entered(fd))
        return survey(find_owners())


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of cells by heading, and the colour of the state."""

    cells: dict[str, str]
    colour: str | None


def table(found: Iterable[DeviceFacts], width: int | None = None) -> list[str]:
    """Return aligned lines with ANSI styles; columns that say nothing are left out.

    A device with several addresses takes a line for each. `width` in columns cuts long lines;
    None leaves them whole.
    """
    rows = [row for facts in found for row in _rows(facts)]
    sizes = {
        heading: max(len(heading), *(len(row.cells.get(heading, "")) for row in rows), 0)
        for heading in _HEADINGS
        if heading in _ALWAYS_SHOWN or any(row.cells.get(heading) for row in rows)
    }
    if width is not None and "OWNER" in sizes:
        _make_room(sizes, width)
    headings = list(sizes)
    header = _line(headings, dict(zip(headings, headings, strict=True)), sizes, width)
    return [click.style(header, bold=True)] + [
        _coloured(_line(headings, row.cells, sizes, width), row, headings, sizes) for row in rows
    ]


def _make_room(sizes: dict[str, int], width: int) -> None:
    """Leave out columns until the owner's has room for a pid and a program."""
    wanted = min(sizes["OWNER"], _OWNER_WIDTH)
    for heading in _DISPENSABLE:
        others = sum(size + len(_GAP) for name, size in sizes.items() if name != "OWNER")
        if others + wanted <= width:
            return
        sizes.pop(heading, None)


def _rows(facts: DeviceFacts) -> Iterable[_Row]:
    shown = [address for address in facts.addresses if not address.startswith("fe80:")]
    first, *more = shown or [""]
    owner = facts.owner
    if owner is not None:
        holder = f"{owner.pid} {printable(owner.command)}"
    else:
        holder = "?" if _owner_is_hidden(facts) else ""
    cells = {
        "NAME": printable(facts.name),
        "KIND": printable(facts.kind),
        "STATE": printable(facts.state),
        "MTU": str(facts.mtu),
        "ADDRESSES": first,
        "MASTER": printable(facts.master or ""),
        "PEER": printable(str(facts.peer or "")),
        "DRIVER": printable(facts.driver or ""),
        "OWNER": holder,
    }
    yield _Row(cells, _STATE_COLOURS.get(facts.state))
    for address in more:
        yield _Row({"ADDRESSES": address}, None)


def _owner_is_hidden(facts: DeviceFacts) -> bool:
    """Whether somebody holds the device (it has a carrier), but not who is known."""
    return facts.kind in {"tun", "tap"} and facts.owner is None and facts.state == "up"


def _line(
    headings: Sequence[str], cells: dict[str, str], sizes: dict[str, int], width: int | None
) -> str:
    padded = [
        cells.get(heading, "").rjust(sizes[heading])
        if heading in _RIGHT_ALIGNED
        else cells.get(heading, "").ljust(sizes[heading])
        for heading in headings
    ]
    line = _GAP.join(padded).rstrip()
    return line if width is None or len(line) <= width else line[: max(width - 1, 0)] + "…"


def _coloured(line: str, row: _Row, headings: Sequence[str], sizes: dict[str, int]) -> str:
    """Return `line` with its state cell coloured; the words stay, so nothing hangs on colour."""
    if row.colour is None:
        return line
    start = sum(sizes[heading] + len(_GAP) for heading in headings[: headings.index("STATE")])
    stop = start + len(row.cells["STATE"])
    return line[:start] + click.style(line[start:stop], fg=row.colour) + line[stop:]
