"""The words of a replay; `cli.replay_order` reads what is given with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tunscope.errors import UsageError

if TYPE_CHECKING:
    from tunscope.cli.replay_order import ReplayOrder

_DAYS: Final = 86400 * 365
_SECONDS: Final = click.FloatRange(0, _DAYS)
_OPTIONS: Final = (
    click.option("--range", "ranges", metavar="N-M,...", help="Only these packet numbers."),
    click.option(
        "--marked", is_flag=True, help="Only marked packets: for R in the screen, which has marks."
    ),
    click.option("--speed", type=float, metavar="X", help="X times as fast as recorded [1]."),
    click.option("--pps", type=float, metavar="N", help="N packets a second, evenly."),
    click.option("--mbps", type=float, metavar="N", help="N megabits a second, evenly."),
    click.option("--topspeed", is_flag=True, help="As fast as can be."),
    click.option(
        "--step", is_flag=True, help="One packet a key (Space; c: all the rest, q: no more)."
    ),
    click.option("--max-gap", type=_SECONDS, metavar="S", help="No gap longer than S seconds."),
    click.option(
        "--loop", type=click.IntRange(0), default=1, metavar="N", help="N times; 0: for ever [1]."
    ),
    click.option(
        "--loop-delay", type=_SECONDS, default=0.0, metavar="S", help="Seconds between them [0]."
    ),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="End after N packets."),
    click.option(
        "--duration",
        type=click.FloatRange(0, _DAYS, min_open=True),
        metavar="S",
        help="End after S seconds.",
    ),
    click.option(
        "--side",
        type=click.Choice(["kernel", "wire", "as-recorded"]),
        help="Who receives them: this machine, what the device leads to, or whoever received them "
        "when they were recorded [kernel on a device that tunscope owns, else wire].",
    ),
    click.option(
        "--client",
        "clients",
        multiple=True,
        metavar="CIDR",
        help="What these sent goes to the kernel side (repeat).",
    ),
    click.option(
        "--server",
        "servers",
        multiple=True,
        metavar="CIDR",
        help="What these sent goes to the wire side (repeat).",
    ),
    click.option("--src-mac", metavar="MAC", help="In an Ethernet header that has to be made."),
    click.option("--dst-mac", metavar="MAC", help="In an Ethernet header that has to be made."),
    click.option(
        "--vlan",
        type=click.Choice(["keep", "strip"]),
        default="keep",
        help="VLAN tags of frames that go to a tap or an interface [keep].",
    ),
    click.option("--pad", is_flag=True, help="Fill packets that were captured in part with zeros."),
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="NET=NET",
        help="Other addresses, as in 10.0.0.0/8=192.168.0.0/16; also in ARP and ICMP (repeat).",
    ),
    click.option(
        "--map-port", multiple=True, metavar="PORT=PORT", help="Other TCP and UDP ports (repeat)."
    ),
    click.option("--map-mac", multiple=True, metavar="MAC=MAC", help="Other MACs (repeat)."),
    click.option("--ttl", metavar="N|+N|-N", help="TTL or hop limit."),
    click.option(
        "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="As in ip.id=7 (repeat)."
    ),
    click.option(
        "--fix-checksums/--no-fix-checksums",
        default=None,
        help="Compute all checksums anew [in packets that change].",
    ),
    click.option("--strict", is_flag=True, help="Send nothing if a packet cannot be sent."),
    click.option(
        "--wait",
        type=_SECONDS,
        default=1.0,
        metavar="S",
        help="Look for answers S seconds longer [1].",
    ),
    click.option("--json", "as_json", is_flag=True, help="The report as JSON."),
)
_NAMES: Final = (
    "ranges", "marked", "speed", "pps", "mbps", "topspeed", "step", "max_gap", "loop",
    "loop_delay", "limit", "duration", "side", "clients", "servers", "src_mac", "dst_mac", "vlan",
    "pad", "strict", "maps", "map_port", "map_mac", "ttl", "settings", "random_addresses",
    "fix_checksums", "over_mtu", "wait", "as_json",
)  # fmt: skip
_C = TypeVar("_C", bound=Callable[..., Any])


def replay_arguments(command: _C) -> _C:
    """Give a command the options that `ReplayOrder.of` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def over_mtu_argument(name: str) -> Callable[[_C], _C]:
    """Give a command the option for packets that are too long, under a name it has free."""
    return click.option(
        name,
        "over_mtu",
        type=click.Choice(["skip", "truncate", "fragment"]),
        default="skip",
        help="What becomes of replayed packets longer than the device's MTU [skip].",
    )


def seed_argument(name: str) -> Callable[[_C], _C]:
    """Give a command the option for random addresses, under a name it has free."""
    return click.option(
        name,
        "random_addresses",
        type=int,
        metavar="N",
        help="Replayed packets get other unicast addresses, the same ones for the same N.",
    )


def asked_replay(file: str | None, given: Mapping[str, Any]) -> ReplayOrder | None:
    """Return what --replay and its options ask for, None without --replay.

    UsageError for one of its options without it, which would do nothing.
    """
    if file is not None:
        from tunscope.cli.replay_order import ReplayOrder

        return ReplayOrder.of(file, given["display_filter"], given)
    context = click.get_current_context()
    for option in _NAMES:
        source = context.get_parameter_source(option)
        if source is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--{option.replace('_', '-')}", "is for --replay FILE")
    return None
