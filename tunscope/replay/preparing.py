"""From the packets of a capture to a plan: directed, converted, rewritten, timed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tunscope.errors import UsageError
from tunscope.packet.flow import Flow, flow_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord
from tunscope.replay.links import DeviceLink
from tunscope.replay.plan import PlanWriter
from tunscope.replay.refusals import CUT, EMPTY, NO_PACKET, Unsendable
from tunscope.replay.schedule import Schedule
from tunscope.replay.sides import PlanSide, SideChoice

#: Flows that are remembered, so that answers can be told from other packets.
_MOST_FLOWS = 200_000


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to each packet; `links` has the device's link as packets of each side see it.

    `change` returns what is sent instead of a converted packet with its `epb_flags`, in pieces,
    and words for what was done to it. With `strict` a packet that cannot be sent ends it all.
    """

    choose_side: SideChoice
    links: dict[PlanSide, DeviceLink]
    change: Callable[[bytes, int], tuple[Sequence[bytes], Sequence[str]]]
    strict: bool = False
    pad_cut: bool = False


@dataclass(slots=True)
class Prepared:
    """What came of it, and the flows of the packets that are to be sent."""

    selected: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    flows: set[Flow] = field(default_factory=set)


def prepare(
    packets: Iterable[tuple[int, PacketRecord]],
    treatment: Treatment,
    schedule: Schedule,
    plan: PlanWriter,
    enough: Callable[[PlanWriter], bool] = lambda plan: False,
) -> Prepared:
    """Write the plan for the numbered `packets`, until `enough` of it.

    UsageError with `strict` for the first packet that cannot be sent.
    """
    done = Prepared()
    for number, record in packets:
        done.selected += 1
        try:
            side, pieces, changes = _pieces(record, treatment)
        except Unsendable as refusal:
            if treatment.strict:
                raise UsageError(
                    f"packet {number}", refusal.reason, "without --strict it is skipped"
                ) from None
            done.skipped[refusal.reason] += 1
            continue
        done.changed.update(changes)
        linktype = treatment.links[side].linktype
        for piece in pieces:
            due = schedule.due(record.ts_ns if record.timed else None, len(piece))
            plan.add(piece, due, number, side)
        _remember(done.flows, pieces[0], linktype)
        if enough(plan):
            break
    return done


def _pieces(
    record: PacketRecord, treatment: Treatment
) -> tuple[PlanSide, Sequence[bytes], Sequence[str]]:
    if record.custom is not None:
        raise Unsendable(NO_PACKET)
    if not record.data:
        raise Unsendable(EMPTY)
    data = record.data
    changes: list[str] = []
    if record.truncated:
        if not treatment.pad_cut or record.origlen > 0xFFFF + 40:
            raise Unsendable(CUT)
        data = data.ljust(record.origlen, b"\0")
        changes.append("padded")
    side = treatment.choose_side(record)
    converted = treatment.links[side].convert(data, record.linktype)
    pieces, more = treatment.change(converted, record.flags)
    return side, pieces, (*changes, *more)


def _remember(flows: set[Flow], data: bytes, linktype: LinkType) -> None:
    if len(flows) < _MOST_FLOWS:
        flow = flow_of(data, linktype)
        if flow is not None:
            flows.add(flow)
