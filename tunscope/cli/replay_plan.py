"""The plan of a replay, made from a capture file for one device."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import click

from tunscope.cli.neighbours import Neighbours, Resolve
from tunscope.cli.read_input import SingleInput
from tunscope.cli.read_packets import ReadPacket, numbered
from tunscope.cli.replay_order import ReplayOrder
from tunscope.device.facts import DeviceFacts
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable
from tunscope.packet.record import PacketRecord
from tunscope.replay.changing import Changing
from tunscope.replay.fitting import Fitting
from tunscope.replay.links import DeviceLink, nobody
from tunscope.replay.plan import PlanWriter
from tunscope.replay.preparing import Prepared, Treatment, prepare
from tunscope.replay.schedule import Schedule
from tunscope.replay.sides import OneSide, PlanSide

#: The sender of frames made for the kernel side of a tap: a locally administered address.
_STRANGER = bytes.fromhex("027475 6e0001")


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """The two files of a plan, and what came of the packets selected.

    For `silent` addresses nobody told a MAC address.
    """

    entries: IO[bytes]
    packets: IO[bytes]
    prepared: Prepared
    planned: int
    period_ns: int
    silent: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before it is played."""
        if not self.silent:
            return ()
        many = "1 address" if self.silent == 1 else f"{self.silent} addresses"
        return (f"nobody answers for {many}: packets there go to everybody (--dst-mac)",)

    def close(self) -> None:
        """Close the files."""
        self.entries.close()
        self.packets.close()


class ReplaySource:
    """The capture that is replayed, opened before any device is."""

    def __init__(self, order: ReplayOrder) -> None:
        """CaptureFileError, UsageError: no capture, no packets in it, or a filter that is wrong."""
        from tunscope.capfile.reader import open_capture

        self._order = order
        self._input = SingleInput(open_capture(order.file))
        try:
            self._test = _test(order.display_filter, self._input)
            self._packets = numbered(iter(self._input))
            self._first = self._beginning()
        except BaseException:
            self._input.close()
            raise
        self.read = 0

    def _beginning(self) -> ReadPacket:
        first = next(self._packets, None)
        if first is None:
            raise UsageError(printable(self._order.file), "has no packets to replay")
        return first

    def close(self) -> None:
        """Close the file."""
        self._input.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the capture lacks."""
        return tuple(self._input.warnings)

    def packets(self) -> Iterator[tuple[int, PacketRecord]]:
        """Yield the packets that were asked for, with their numbers."""
        order, test = self._order, self._test
        last = None if order.ranges is None else order.ranges.last
        packet: ReadPacket | None = self._first
        while packet is not None:
            self.read += 1
            passes = test is None or test(packet)
            if passes and order.wants(packet.number):
                yield packet.number, packet.record
            if last is not None and packet.number >= last:
                return
            packet = next(self._packets, None)


def made_plan(
    selected: Iterable[tuple[int, PacketRecord]],
    order: ReplayOrder,
    facts: DeviceFacts,
    *,
    owned: bool,
    resolve: Resolve,
) -> ReplayPlan:
    """Make the plan for a device from numbered packets; `resolve` asks for MAC addresses.

    TunscopeError if nothing is left to be sent.
    """
    with contextlib.ExitStack() as held:
        entries = held.enter_context(tempfile.TemporaryFile())
        packets = held.enter_context(tempfile.TemporaryFile())
        writer = PlanWriter(entries, packets)
        schedule = Schedule(order.timing)

        def enough(plan: PlanWriter) -> bool:
            if order.limit is not None and plan.count >= order.limit:
                return True
            return order.duration_ns is not None and plan.last_due > order.duration_ns

        try:
            neighbours = Neighbours(facts, resolve)
            treatment = _treatment(order, facts, neighbours, owned=owned)
            prepared = prepare(selected, treatment, schedule, writer, enough)
            writer.finish()
        except OSError as error:
            raise TunscopeError(
                "replay", f"cannot keep the packets: {error.strerror}", "TMPDIR says where"
            ) from error
        if not writer.count:
            reasons = ", ".join(f"{count} {why}" for why, count in prepared.skipped.items())
            raise UsageError(
                printable(order.file),
                f"nothing of it can be sent on {printable(facts.name)}",
                reasons or "no packet was selected",
            )
        held.pop_all()
        silent = len(neighbours.silent)
        return ReplayPlan(entries, packets, prepared, writer.count, schedule.period, silent)


def _treatment(
    order: ReplayOrder, facts: DeviceFacts, neighbours: Neighbours, *, owned: bool
) -> Treatment:
    if facts.linktype not in {LinkType.RAW, LinkType.ETHERNET}:
        raise UsageError(printable(facts.name), "packets of this kind of device are not known")
    linktype = LinkType(facts.linktype)
    mac = bytes.fromhex(facts.mac.replace(":", "")) if facts.mac else bytes(6)
    ends = {PlanSide.KERNEL: (_STRANGER, mac), PlanSide.WIRE: (mac, b"\xff" * 6)}
    neighbour = nobody
    if order.destination_mac is None and not owned:
        addresses = order.rewriter.addresses
        neighbour = lambda address: neighbours(addresses(address))  # noqa: E731
    links = {
        side: DeviceLink(
            linktype,
            source=order.source_mac or source,
            destination=order.destination_mac or destination,
            source_given=order.source_mac is not None,
            keep_tags=order.keep_tags,
            neighbour=neighbour if side is PlanSide.WIRE else nobody,
        )
        for side, (source, destination) in ends.items()
    }
    default = OneSide(PlanSide.KERNEL if owned else PlanSide.WIRE)
    return Treatment(
        choose_side=order.side or default,
        links=links,
        change=Changing(linktype, order.rewriter, Fitting(linktype, facts.mtu, order.over_mtu)),
        strict=order.strict,
        pad_cut=order.pad_cut,
    )


def _test(text: str, packets: SingleInput) -> Callable[[ReadPacket], bool] | None:
    if not text.strip():
        return None
    from tunscope.cli.read_contexts import FrameContexts
    from tunscope.cli.read_conversations import PassingConversations
    from tunscope.filter.compiled import compile_filter

    compiled, contexts = compile_filter(text), FrameContexts(packets)
    matches = compiled.matches
    if not compiled.needs_conversations:
        return lambda packet: matches(packet.record, contexts.of(packet))
    of = PassingConversations(contexts).of
    return lambda packet: matches(packet.record, contexts.of(packet), of(packet))


def warn(texts: tuple[str, ...]) -> None:
    """Say on stderr what the capture lacks."""
    for text in texts:
        click.echo(f"tunscope: {text}", err=True)
