"""``tunscope hold DEVICE``: what waits in a running capture, and verdicts on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tunscope.errors import ExitCode, TunscopeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.engine.protocol import HeldPacket, Message
    from tunscope.engine.remote import RemoteEngine

_VERDICTS = ("release", "drop", "revert", "duplicate")


@click.command(
    "hold",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("device")
@click.option("--release", metavar="ID|all", help="Let it go (repeat with several).", multiple=True)
@click.option("--drop", metavar="ID|all", help="Let it go no further.", multiple=True)
@click.option("--revert", metavar="ID|all", help="Forget its edit.", multiple=True)
@click.option("--duplicate", metavar="ID|all", help="Let one more leave with it.", multiple=True)
@click.option("--edit", type=int, metavar="ID", help="Set fields of it and let it go.")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="With --edit (repeat)."
)
@click.option("--keep", is_flag=True, help="With --edit: let it go on waiting.")
@click.option("--filter", "expression", metavar="FILTER", help="Hold these packets from now on.")
@click.option("--off", is_flag=True, help="Hold nothing new.")
@click.option("-f", "--follow", is_flag=True, help="Print what happens in the queue, until Ctrl-C.")
@click.option("--netns", metavar="NAME|PID|PATH", help="Network namespace of the device.")
def hold(device: str, **given: Any) -> int:
    """List the packets that wait in the running capture on DEVICE, or give verdicts on them.

    The first column is the ID. A packet leaves when the earlier ones of its flow have left;
    retransmissions of a TCP segment are grouped with it (+3). With ×2 one more
    of it leaves, after --duplicate.
    """
    if given["settings"] and given["edit"] is None:
        raise UsageError("--set", "needs --edit ID")
    if given["keep"] and given["edit"] is None:
        raise UsageError("--keep", "needs --edit ID")
    if given["off"] and given["expression"] is not None:
        raise UsageError("--off", "and --filter exclude each other")
    engine = _reach(device, given["netns"])
    try:
        _act(engine, given)
        if given["follow"]:
            _follow(engine)
        elif not _acts(given):
            for packet in _held(engine):
                click.echo(line_of(packet, _linktype(engine)))
    except KeyboardInterrupt:
        return ExitCode.OK
    finally:
        engine.close()
    return ExitCode.OK


def line_of(packet: HeldPacket, linktype: int) -> str:
    """Return a held packet as one line, with the summary that the packet list would show."""
    from tunscope.packet.record import PacketRecord
    from tunscope.summary.packet_summary import summarize

    record = PacketRecord(
        packet.data, packet.ts_ns, len(packet.data), linktype, flags=packet.direction
    )
    summary = summarize(record)
    marks = f" +{packet.repeats}" if packet.repeats else ""
    marks += f" ×{packet.copies + 1}" if packet.copies else ""
    marks += " edited" if packet.edited else ""
    marks += f" {packet.decided}s soon" if packet.decided else ""
    number = f"#{packet.number}" if packet.number else "-"
    return (
        f"{packet.identity:>4} {number:>6} {packet.age:7.1f}s {record.direction.arrow} "
        f"{summary.source} → {summary.destination} {summary.protocol} {record.origlen} "
        f"{summary.info}{marks}"
    )


def _reach(device: str, netns: str | None) -> RemoteEngine:
    from tunscope.cli.inject_target import reach_running
    from tunscope.device.request import DeviceRequest
    from tunscope.packet.printable import printable

    found = reach_running(DeviceRequest(name=device, netns=netns))
    if found is None:
        raise UsageError(
            printable(device),
            "no capture of yours runs on it",
            f"tunscope {printable(device)} --peer respond --hold FILTER",
        )
    return found[0]


def _acts(given: dict[str, Any]) -> bool:
    names = ("off", "expression", "edit", *_VERDICTS)
    return any(given[name] not in {None, (), False} for name in names)


def _act(engine: RemoteEngine, given: dict[str, Any]) -> None:
    from tunscope.engine.protocol import Op

    if given["off"] or given["expression"] is not None:
        _configure(engine, given["expression"])
    if given["edit"] is not None:
        # What --release names as well is released by that.
        named = given["edit"] in (_numbers(given["release"]) or ())
        _edit(engine, given["edit"], given["settings"], release=not (given["keep"] or named))
    for verdict in ("revert", "duplicate", "release", "drop"):
        if given[verdict]:
            engine.request(Op.VERDICT, ids=_numbers(given[verdict]), verdict=verdict)


def _configure(engine: RemoteEngine, expression: str | None) -> None:
    from tunscope.engine.predicates import packet_predicate
    from tunscope.engine.protocol import Op
    from tunscope.relay.hold_options import HoldOptions
    from tunscope.relay.relay_options import RelayOptions

    now = RelayOptions.from_json(engine.request(Op.DESCRIBE)["relay"])
    options = None
    if expression is not None:
        packet_predicate(expression)
        options = replace(now.hold or HoldOptions(), filter=expression)
    told: Message = engine.request(Op.RELAY, relay=replace(now, hold=options).to_json())
    click.echo(f"tunscope: {told['description']}", err=True)


def _edit(engine: RemoteEngine, identity: int, settings: tuple[str, ...], *, release: bool) -> None:
    from tunscope.dissect.editing import assign
    from tunscope.engine.protocol import Op

    if not settings:
        raise UsageError("--edit", "needs --set FIELD=VALUE", "as in --set ip.ttl=1")
    packet = next((one for one in _held(engine) if one.identity == identity), None)
    if packet is None:
        raise UsageError(f"--edit {identity}", "no such packet waits (any more)")
    edited = assign(packet.data, _linktype(engine), settings)
    engine.request(Op.EDIT, held=identity, data=edited.data.hex(), release=release)
    for change in edited.changes:
        click.echo(change)


def _follow(engine: RemoteEngine) -> None:
    from tunscope.engine.protocol import HoldEvent, Op, decode_event

    linktype = _linktype(engine)
    engine.request(Op.WATCH)
    for packet in _held(engine):
        click.echo(f"held     {line_of(packet, linktype)}")
    try:
        for message in engine.events():
            event = decode_event(message)
            if isinstance(event, HoldEvent):
                click.echo(f"{event.change:<8} {line_of(event.packet, linktype)}")
    except TunscopeError:
        click.echo("tunscope: the capture ended", err=True)


def _held(engine: RemoteEngine) -> list[HeldPacket]:
    from tunscope.engine.protocol import Op, all_held

    return all_held(lambda after: engine.request(Op.HELD, after=after))


def _linktype(engine: RemoteEngine) -> int:
    from tunscope.engine.protocol import Op

    return int(engine.request(Op.DESCRIBE)["facts"]["linktype"])


def _numbers(words: Sequence[str]) -> list[int] | None:
    """Return the IDs that a verdict is for; None for all."""
    return None if "all" in words else [_number(word) for word in words]


def _number(word: str) -> int:
    if not word.isdecimal() or len(word) > 12:
        raise UsageError(word, "is no ID", "tunscope hold DEVICE lists them")
    return int(word)
