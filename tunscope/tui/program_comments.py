"""Which program a conversation belongs to, written down where it can be kept: in a comment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord

_BEGINNING: Final = "tunscope: process "


class ProgramComments:
    """Comments on the first packet of each conversation that is written, if nothing says it yet.

    To be called with the packets in the order in which they are saved.
    """

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture: Final = capture
        self._said: Final[set[int]] = set()

    def __call__(self, number: int, record: PacketRecord) -> PacketRecord:
        """Return `record`, which is packet `number`, with what is known of its program."""
        if not self._capture.flows.programs.revision:
            return record
        flow = int(self._capture.store["flow"][number - 1])
        if not flow or flow in self._said:
            return record
        program = self._capture.flows.programs.of_flow(flow)
        if program is None:
            return record
        self._said.add(flow)
        if any(comment.startswith(_BEGINNING) for comment in record.comments):
            return record
        comment = f"{_BEGINNING}{program.name} (pid {program.pid})"
        return replace(record, comments=(*record.comments, comment))
