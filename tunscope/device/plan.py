"""The decision what to do with a device: create it, attach to it, or observe it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from tunscope.device.facts import DeviceFacts
from tunscope.device.request import DeviceRequest, Kind
from tunscope.device.tuntap import TunFlags
from tunscope.errors import UsageError
from tunscope.packet.printable import printable


@dataclass(frozen=True, slots=True)
class Create:
    """Make a new device with these flags."""

    flags: TunFlags


@dataclass(frozen=True, slots=True)
class Attach:
    """Take the descriptor of a device that nobody holds, with the flags it has."""

    flags: TunFlags


@dataclass(frozen=True, slots=True)
class Observe:
    """Watch a device without holding it."""


Plan = Create | Attach | Observe


def decide(
    request: DeviceRequest,
    facts: DeviceFacts | None,
    tun_flags: TunFlags | None,
    *,
    held: bool = False,
    existing: Iterable[str] = (),
) -> Plan:
    """Return what to do, or raise UsageError with the reason why it cannot be done.

    `facts` is None if there is no such device, `tun_flags` None if it is neither tun nor tap,
    `facts.owner` the process that holds it, if known. `held` says that somebody does, known or
    not. `existing` are the names there are, for a hint.
    """
    if facts is None:
        return _decide_for_new(request, existing)
    shown = printable(facts.name)
    if request.kind is not None and facts.kind != request.kind:
        raise UsageError(shown, f"is a {facts.kind} device, not a {request.kind}")
    if tun_flags is None or request.observe or held or facts.owner is not None:
        refuse_changes(request, facts)
        return Observe()
    if request.user or request.group:
        raise UsageError(shown, "exists already", "--user and --group are for a new device")
    _check_kind_options(request, tun_flags.kind)
    return Attach(tun_flags)


def refuse_changes(request: DeviceRequest, facts: DeviceFacts) -> None:
    """Raise UsageError if the request wants to change a device that can only be observed."""
    if not request.asks_for_changes:
        return
    if facts.kind not in {"tun", "tap"}:
        why = f"is a {facts.kind} device that tunscope only observes"
    elif facts.owner is not None:
        why = f"held by {printable(str(facts.owner))}"
    else:
        why = "held by another process"
    raise UsageError(
        printable(facts.name),
        why,
        "leave out --addr, --route, --mtu, --mac, --bridge and --persist to observe it",
    )


def check_bridge(request: DeviceRequest, bridge: DeviceFacts | None) -> None:
    """Raise UsageError unless the request names no bridge, or one that is there."""
    if request.bridge is None:
        return
    shown = f"--bridge {printable(request.bridge)}"
    if bridge is None:
        raise UsageError(
            shown, "no such device", f"sudo ip link add {printable(request.bridge)} type bridge"
        )
    if bridge.kind != "bridge":
        raise UsageError(shown, f"is a {bridge.kind} device, not a bridge")


def _decide_for_new(request: DeviceRequest, existing: Iterable[str]) -> Create:
    kind = request.kind or _kind_by_name(request.name)
    if request.observe or kind is None:
        close = difflib.get_close_matches(request.name, list(existing), n=1)
        if close:
            hint = f"did you mean {printable(close[0])}?"
        elif request.observe:
            hint = "tunscope devices lists what there is"
        else:
            hint = "only tun* and tap* are created; for another name say --tun or --tap"
        raise UsageError(printable(request.name), "no such device", hint)
    _check_kind_options(request, kind)
    return Create(TunFlags(kind=kind, persist=request.persist, vnet_hdr=request.offload))


def _kind_by_name(name: str) -> Kind | None:
    if name.startswith("tun"):
        return "tun"
    return "tap" if name.startswith("tap") else None


def _check_kind_options(request: DeviceRequest, kind: Kind) -> None:
    if kind == "tap":
        return
    if request.mac is not None:
        raise UsageError("--mac", "a tun device has no MAC address", "use --tap")
    if request.bridge is not None:
        raise UsageError("--bridge", "a tun device carries no Ethernet frames", "use --tap")
