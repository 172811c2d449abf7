"""The words for what is recorded, and how much of it, and what is given with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from tunscope.capfile.rotation import StopConditions

filter_option: Final = click.option(
    "-f", "--filter", "expression", default="", metavar="BPF", help="Capture filter."
)
snaplen_option: Final = click.option(
    "-s",
    "--snaplen",
    type=click.IntRange(0),
    default=0,
    metavar="BYTES",
    help="Bytes kept of each packet (0: all).",
)
count_option: Final = click.option(
    "-c", "--count", type=click.IntRange(1), metavar="N", help="Stop after N packets."
)


def given_snaplen(given: Mapping[str, Any]) -> int:
    """Return how many bytes of each packet `snaplen_option` has kept."""
    from tunscope.engine.options import MAXIMUM_SNAPLEN

    return min(given["snaplen"] or MAXIMUM_SNAPLEN, MAXIMUM_SNAPLEN)


def given_stop(given: Mapping[str, Any]) -> StopConditions:
    """Return the limits of `count_option` and of a command's `-a`; UsageError for a wrong one."""
    from tunscope.capfile.rotation import parse_stop_conditions

    stop = parse_stop_conditions(given["autostop"])
    return stop if given["count"] is None else replace(stop, packets=given["count"])
