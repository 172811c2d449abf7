"""From a packet to its line in a packet list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.packet.encapsulation import encapsulation
from tunscope.packet.printable import printable
from tunscope.summary.draft import Draft
from tunscope.summary.failures import failure_text
from tunscope.summary.memory import Memory
from tunscope.summary.model import NO_HINTS, FlowHints, Summary
from tunscope.summary.protocols import LINK_TYPES
from tunscope.summary.window import CaptureCut, Malformed, Window

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

#: No Info text is longer than this, whatever a packet says.
MAX_INFO: Final = 4096


def summarize(record: PacketRecord, flow: FlowHints | None = None) -> Summary:
    """Return what `record` is, in the words of Wireshark 4.0's default columns.

    Works on the packet's bytes alone; `flow` adds what other packets of its conversation told.
    Never raises, whatever the bytes are, and returns printable text only.
    """
    draft = Draft(record, Memory(flow or NO_HINTS))
    read_record(draft)
    return finished(draft)


def read_record(draft: Draft) -> None:
    """Let the protocols of the draft's packet write into it."""
    data = draft.record.data
    reader = LINK_TYPES.get(draft.record.linktype)
    if reader is None:
        draft.name("UNKNOWN")
        draft.write(f"WTAP_ENCAP = {encapsulation(draft.record.linktype)}")
        return
    try:
        reader(Window(data, 0, len(data), max(len(data), draft.record.origlen)), draft)
    except (CaptureCut, Malformed) as failure:
        draft.append(failure_text(failure))


def finished(draft: Draft) -> Summary:
    """Return the draft's texts, made safe to show."""
    info = draft.info
    if len(info) > MAX_INFO:
        info = info[:MAX_INFO]
    return Summary(
        draft.source,
        draft.destination,
        draft.protocol,
        info if info.isprintable() else printable(info),
        draft.mac_source,
        draft.mac_destination,
        draft.ethertype,
    )
