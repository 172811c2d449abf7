"""What is replayed, how fast and whereto: the options that say so, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import click

from tunscope.errors import UsageError
from tunscope.packet.edit import parse_assignment
from tunscope.packet.header_fields import header_field, parse_value
from tunscope.replay.address_maps import AddressMaps, parse_map
from tunscope.replay.fitting import OverMtu
from tunscope.replay.ranges import NumberRanges
from tunscope.replay.rewrite import Rewriter, parse_hop_limit, parse_macs, parse_ports
from tunscope.replay.schedule import Timing
from tunscope.replay.sides import AsRecorded, ByEndpoint, OneSide, PlanSide, parse_network

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


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """One replay, as the command line words it. Times are nanoseconds.

    `side` is None where the device decides it.
    """

    file: str
    display_filter: str
    ranges: NumberRanges | None
    timing: Timing
    step: bool
    loops: int
    loop_delay_ns: int
    limit: int | None
    duration_ns: int | None
    side: OneSide | AsRecorded | ByEndpoint | None
    source_mac: bytes | None
    destination_mac: bytes | None
    keep_tags: bool
    pad_cut: bool
    rewriter: Rewriter
    over_mtu: OverMtu
    strict: bool
    wait: float
    as_json: bool

    @classmethod
    def of(cls, file: str, display_filter: str, given: Mapping[str, Any]) -> Self:
        """Read the options; UsageError for what is wrong whatever the device is."""
        if given["marked"]:
            raise UsageError(
                "--marked", "marks are made in the screen, and no file keeps them",
                "R there replays them; -Y frame.comment selects packets with a comment",
            )  # fmt: skip
        timing = Timing(
            speed=1.0 if given["speed"] is None else given["speed"],
            pps=given["pps"],
            mbps=given["mbps"],
            topspeed=given["topspeed"],
            max_gap_ns=_ns(given["max_gap"]),
        )
        timing.check()
        return cls(
            file=file,
            display_filter=display_filter,
            ranges=None if given["ranges"] is None else NumberRanges.parse(given["ranges"]),
            timing=timing,
            step=given["step"],
            loops=given["loop"],
            loop_delay_ns=_ns(given["loop_delay"]) or 0,
            limit=given["limit"],
            duration_ns=_ns(given["duration"]),
            side=_side(given),
            source_mac=_mac(given["src_mac"], "eth.src"),
            destination_mac=_mac(given["dst_mac"], "eth.dst"),
            keep_tags=given["vlan"] == "keep",
            pad_cut=given["pad"],
            rewriter=_rewriter(given),
            over_mtu=OverMtu(given["over_mtu"]),
            strict=given["strict"],
            wait=given["wait"],
            as_json=given["as_json"],
        )

    def wants(self, number: int) -> bool:
        """Whether the packet of that number is in --range."""
        return self.ranges is None or number in self.ranges


def asked_replay(file: str | None, given: Mapping[str, Any]) -> ReplayOrder | None:
    """Return what --replay and its options ask for, None without --replay.

    UsageError for one of its options without it, which would do nothing.
    """
    if file is not None:
        return ReplayOrder.of(file, given["display_filter"], given)
    context = click.get_current_context()
    for option in _NAMES:
        source = context.get_parameter_source(option)
        if source is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--{option.replace('_', '-')}", "is for --replay FILE")
    return None


def _side(given: Mapping[str, Any]) -> OneSide | AsRecorded | ByEndpoint | None:
    clients = [parse_network("--client", text) for text in given["clients"]]
    servers = [parse_network("--server", text) for text in given["servers"]]
    if clients or servers:
        if given["side"]:
            raise UsageError("--side", "is told by --client and --server", "leave one out")
        return ByEndpoint(tuple(clients), tuple(servers))
    match given["side"]:
        case "kernel":
            return OneSide(PlanSide.KERNEL)
        case "wire":
            return OneSide(PlanSide.WIRE)
        case "as-recorded":
            return AsRecorded()
    return None


def _rewriter(given: Mapping[str, Any]) -> Rewriter:
    return Rewriter(
        addresses=AddressMaps(tuple(map(parse_map, given["maps"])), given["random_addresses"]),
        ports=parse_ports(given["map_port"]),
        macs=parse_macs(given["map_mac"], lambda text: _mac(text, "eth.src") or b""),
        hop_limit=None if given["ttl"] is None else parse_hop_limit(given["ttl"]),
        assignments=tuple(map(parse_assignment, given["settings"])),
        checksums=given["fix_checksums"],
    )


def _mac(text: str | None, field: str) -> bytes | None:
    if text is None:
        return None
    value = parse_value(header_field(field), text)
    return value.to_bytes(6, "big") if isinstance(value, int) else value


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e9)
