"""What becomes of a held packet from the editor: it is released as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.packet.layers import find_layer, layers_of
from tunscope.tui.editing_outcome import EditingOutcome

if TYPE_CHECKING:
    from tunscope.engine.protocol import HeldPacket
    from tunscope.tui.holding import Answered
    from tunscope.tui.packet_editing import PacketEditing
    from tunscope.tui.screens.main import MainScreen
    from tunscope.tui.session import Session


class HeldOutcome(EditingOutcome):
    """For the packet `held`, which waits."""

    def __init__(self, browser: MainScreen, held: HeldPacket) -> None:
        super().__init__(browser, held.number, held.direction)
        self._held = held

    def target(self, session: Session) -> str:
        """It goes on its way, as long as there is one and it waits."""
        if session.holds.refusal:
            return "a file"
        if all(one.packet.identity != self._held.identity for one in session.holds.waiting):
            return "it waits no more"
        return f"release on {session.title.name}"

    def warning(self, editing: PacketEditing) -> str:
        """Say what a payload of another length means for the rest of its connection."""
        sizes = [_tcp_payload(data, editing.linktype) for data in (editing.original, editing.data)]
        grown = sizes[1] - sizes[0]
        if grown and min(sizes) >= 0:
            return f"TCP length {grown:+}: later sequence numbers of this connection shift"
        return super().warning(editing)

    def release(self, editing: PacketEditing, answered: Answered) -> None:
        """Let the packet go as it is now."""
        data = editing.data

        def heard(problem: str) -> None:
            if not problem:
                self._finished = data
            answered(problem)

        self.browser.session.holds.edit(self._held.identity, data, heard)


def _tcp_payload(data: bytes, linktype: int) -> int:
    """Return how many bytes a segment carries, -1 if the packet is none."""
    layers = layers_of(data, linktype)
    index = find_layer(layers, "tcp")
    return -1 if index is None else layers[index].end - layers[index].payload
