"""What is replayed, how fast and whereto, and what is wrong with what was given for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tunscope.errors import UsageError
from tunscope.packet.edit import parse_assignment
from tunscope.packet.header_fields import header_field, parse_value
from tunscope.replay.address_maps import AddressMaps, parse_map
from tunscope.replay.fitting import OverMtu
from tunscope.replay.ranges import NumberRanges
from tunscope.replay.rewrite import Rewriter, parse_hop_limit, parse_macs, parse_ports
from tunscope.replay.schedule import Timing
from tunscope.replay.sides import AsRecorded, ByEndpoint, OneSide, PlanSide, parse_network


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
