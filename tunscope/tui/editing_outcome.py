"""What becomes of a packet from the editor: injected, or saved, with a note of its origin."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.errors import UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.record import PacketRecord

if TYPE_CHECKING:
    from tunscope.tui.packet_editing import PacketEditing
    from tunscope.tui.screens.main import MainScreen
    from tunscope.tui.session import Session

#: Ids that link an edited packet with its original lie above those that a relay gives.
_FIRST_ID: Final = 1 << 32
_LONGEST_NOTE: Final = 400


class EditingOutcome:
    """For a packet made from packet `number` of the capture, or with 0 from nothing there is."""

    def __init__(
        self, browser: MainScreen, number: int = 0, direction: Direction = Direction.UNKNOWN
    ) -> None:
        self.browser: Final = browser
        self.number: Final = number
        self._direction: Final = direction
        self._finished: bytes | None = None

    def target(self, session: Session) -> str:
        """Return where the packet can go, for the title."""
        if session.injection_refusal:
            return "a file"
        return f"inject on {session.title.name}"

    def warning(self, editing: PacketEditing) -> str:
        """Return what the change means elsewhere, "" for nothing."""
        most = self.browser.session.title.mtu
        link = 14 if self.browser.list_kind == "tap" else 0
        if most is not None and len(editing.data) - link > most:
            return f"{len(editing.data) - link} bytes are more than the device's mtu of {most}"
        return ""

    def done(self, editing: PacketEditing) -> bool:
        """Whether this very packet was injected or saved."""
        return self._finished == editing.data

    def inject(self, editing: PacketEditing) -> None:
        """Ask toward whom and how often, and do it."""
        from tunscope.tui.screens.inject import InjectScreen

        session = self.browser.session
        data, linktype = editing.data, editing.linktype
        notes, packet_id = self._notes(editing), self._packet_id(editing)

        def chosen(order: object) -> None:
            from tunscope.tui.injection import InjectOrder

            if isinstance(order, InjectOrder):
                self._finished = data
                if packet_id is not None:
                    self.browser.capture.annotations.set_packet_id(self.number, packet_id)
                session.inject(order)

        screen = InjectScreen(session.title.name, self._side, (data, linktype, notes, packet_id))
        self.browser.app.push_screen(screen, chosen)

    @property
    def _side(self) -> str:
        """The side that the packet was on its way to, else the one that is always there."""
        match self._direction:
            case Direction.OUT:
                return "wire"
            case Direction.IN:
                return "kernel"
        return "kernel" if self.browser.session.owned else "wire"

    def save(self, editing: PacketEditing, path: str) -> str:
        """Save the packet to a new capture file; return that as a sentence.

        UsageError if the file is there already; TunscopeError: cannot be written.
        """
        from tunscope.capfile.writer import open_writer

        target = Path(os.path.expanduser(path))
        if not path:
            raise UsageError("save", "a file name is missing")
        if target.exists():
            raise UsageError(f"save {target}", "the file is there already", "choose another name")
        record = PacketRecord(
            editing.data, time.time_ns(), len(editing.data), editing.linktype,
            comments=self._notes(editing), packet_id=self._packet_id(editing),
        )  # fmt: skip
        interface = InterfaceDescription(editing.linktype)
        with open_writer(target, [interface]) as writer:
            writer.write(record)
        self._finished = editing.data
        return f"saved the packet to {target}"

    def _notes(self, editing: PacketEditing) -> tuple[str, ...]:
        """Return what a capture file says of the packet."""
        if not self.number:
            return (f"tunscope: made from {editing.origin}",)
        if not editing.edited:
            return (f"tunscope: copied from #{self.number}",)
        what = "; ".join(map(str, editing.changes()))
        if len(what) > _LONGEST_NOTE:
            what = f"{what[:_LONGEST_NOTE]}..."
        return (f"tunscope: edited from #{self.number}: {what}",)

    def _packet_id(self, editing: PacketEditing) -> int | None:
        """Return the id that the packet shares with its original, None if it is no edit."""
        if not self.number or not editing.edited:
            return None
        try:
            given = self.browser.capture.record(self.number).packet_id
        except (KeyError, OSError):
            return None
        return _FIRST_ID + self.number if given is None else given
