"""Holding from the packet list: what waits, and verdicts on the packet under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.tui.screens.editing_actions import EditingActions
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from tunscope.tui.holding import HoldWish, Waiting


class HoldActions(EditingActions, inherit_bindings=False):
    """A packet browser that can make packets wait."""

    def __init__(self) -> None:
        super().__init__()
        #: What was held before it was switched off.
        self.last_wish: HoldWish | None = None

    def action_hold(self) -> None:
        """Show the hold queue."""
        refusal = self.session.holds.refusal
        if refusal:
            self.tunscope.tell(f"hold: {refusal}")
            return
        from tunscope.tui.screens.hold import HoldScreen

        self.app.push_screen(HoldScreen(self.tunscope.browser))

    def action_toggle_hold(self) -> None:
        """Hold nothing new, or again what was held before."""
        holds = self.session.holds
        if holds.refusal:
            self.tunscope.tell(f"hold: {holds.refusal}")
        elif holds.wish is not None:
            self.last_wish = holds.wish
            holds.set_wish(None)
        elif self.last_wish is not None:
            holds.set_wish(self.last_wish)
        else:
            self.action_hold()

    def action_verdict(self, verdict: str) -> None:
        """Give a verdict on the selected packet if it waits; release means the oldest else."""
        waiting = self.session.holds.waiting
        if not waiting:
            self.tunscope.tell(f"{verdict}: nothing is held")
            return
        chosen = self._held_now()
        if chosen is None and (verdict == "release" or len(waiting) == 1):
            chosen = waiting[0]
        if chosen is None:
            self.tunscope.tell(f"{verdict}: the selected packet does not wait (i shows which do)")
            return
        self.session.holds.give_verdict((chosen.packet.identity,), verdict)

    def action_release_all(self) -> None:
        """Let every held packet go."""
        count = len(self.session.holds.waiting)
        if count:
            self.session.holds.give_verdict(None, "release")
            self.tunscope.tell(f"released {count} held packet{'s' * (count != 1)}")
        else:
            self.tunscope.tell("release: nothing is held")

    def action_edit_packet(self) -> None:
        """Edit the selected packet; one that waits is released from the editor."""
        held = self._held_now()
        if held is None:
            super().action_edit_packet()
        else:
            self.edit_held(held)

    def edit_held(self, waiting: Waiting) -> None:
        """Open a held packet in the editor."""
        from tunscope.dissect.editing import EditablePacket
        from tunscope.tui.held_outcome import HeldOutcome
        from tunscope.tui.packet_editing import PacketEditing
        from tunscope.tui.screens.held_editor import HeldEditorScreen

        packet, interfaces = waiting.packet, self.capture.interfaces
        if not interfaces:
            self.tunscope.tell("edit: nothing was captured yet", Severity.WARNING)
            return
        linktype = interfaces[0].linktype
        original = self._original(packet.number) or packet.data
        editing = PacketEditing(EditablePacket.of(original, linktype), f"#{packet.number}")
        if packet.data != original:
            editing.apply(lambda _: EditablePacket.of(packet.data, linktype))
        browser = self.tunscope.browser
        outcome = HeldOutcome(browser, packet)
        self.app.push_screen(HeldEditorScreen(browser, editing, outcome))

    def _original(self, number: int) -> bytes:
        """Return the bytes of a record, nothing if it is not there or was cut."""
        try:
            record = self.capture.record(number)
        except (KeyError, OSError):
            return b""
        return b"" if record.truncated else record.data

    def _held_now(self) -> Waiting | None:
        number = self.table.selected_number
        held = (one for one in self.session.holds.waiting if one.packet.number == number)
        return next(held, None)
