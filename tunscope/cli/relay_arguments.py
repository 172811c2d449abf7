"""The words of `--rule`, `--hold` and their like; `cli.rules` reads what is given with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

_OPTIONS: Final = (
    click.option(
        "--rule",
        "rules",
        multiple=True,
        metavar="'FILTER => ACTION'",
        help="What is done with passing packets: set FIELD=VALUE, drop, delay 50ms 10ms, "
        "duplicate, loss 5%, comment TEXT (repeat).",
    ),
    click.option("--rules", "rules_file", metavar="FILE", help="Rules in a TOML file."),
    click.option("--seed", type=int, metavar="N", help="Makes chance in rules repeatable."),
    click.option(
        "--hold", metavar="FILTER", help="Packets that wait for a verdict (tunscope hold)."
    ),
    click.option(
        "--hold-direction",
        type=click.Choice(["inout", "in", "out"]),
        help="Only those that go this way.",
    ),
    click.option(
        "--hold-time",
        type=click.FloatRange(0, 1e6, min_open=True),
        metavar="S",
        help="Seconds they wait at most.",
    ),
    click.option(
        "--hold-then",
        type=click.Choice(["release", "drop"]),
        help="What becomes of them then [release].",
    ),
    click.option(
        "--hold-max",
        type=click.IntRange(1),
        metavar="N",
        help="How many may wait [1000].",
    ),
    click.option(
        "--hold-full",
        type=click.Choice(["oldest", "pass", "drop"]),
        help="When so many wait: the oldest goes, or the new one passes or is dropped [oldest].",
    ),
)
_C = TypeVar("_C", bound=Callable[..., Any])


def relay_arguments(command: _C) -> _C:
    """Give a command the options that `relay_options` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
