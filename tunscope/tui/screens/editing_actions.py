"""From the packet list to the editor: edit, inject again, build anew, and see what answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.errors import TunscopeError
from tunscope.packet.direction import CHECKSUM_NOT_READY, Direction
from tunscope.packet.printable import printable
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.layout_actions import LayoutActions
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.tui.packet_editing import PacketEditing

_TEMPLATES = (
    ("ping", "an ICMP echo request"),
    ("tcp-syn", "a TCP segment that opens a connection to port 80"),
    ("udp", "a UDP datagram"),
    ("arp", "a question for a neighbour's MAC address"),
    ("dns", "a query for the address of a name"),
)


class EditingActions(LayoutActions, inherit_bindings=False):
    """A packet browser whose packets can be edited and sent."""

    def __init__(self) -> None:
        super().__init__()
        #: The packet whose answers are gone through, and the last one found.
        self._question = (0, 0)

    def action_edit_packet(self) -> None:
        """Open the selected packet in the editor."""
        record = self._selected("edit")
        if record is not None:
            number = self.table.selected_number or 0
            self._edit(self._editing(record, number), number, record.direction)

    def action_inject_packet(self) -> None:
        """Send the selected packet as it is."""
        record = self._selected("inject")
        if record is None:
            return
        number = self.table.selected_number or 0
        reason = self.session.injection_refusal
        if reason:
            self.tunscope.tell(f"inject: {reason}; e edits packets and saves them")
            return
        from tunscope.tui.editing_outcome import EditingOutcome

        outcome = EditingOutcome(self.tunscope.browser, number, record.direction)
        outcome.inject(self._editing(record, number))

    def action_build_packet(self) -> None:
        """Choose a template and open it in the editor."""

        def chosen(index: int | None) -> None:
            if index is not None:
                self._build(_TEMPLATES[index][0])

        self.app.push_screen(ChoiceScreen("A new packet, from a template", _TEMPLATES), chosen)

    def action_next_answer(self) -> None:
        """Go to the next packet that answers the selected one; again: to the one after."""
        from tunscope.tui.answers import REACH, next_answer

        number = self.table.selected_number
        if number is None:
            return
        question, last = self._question
        if number != last:
            question = number
        try:
            found = next_answer(self.capture, question, number)
        except (KeyError, OSError, TunscopeError):
            found = None
        if found is None:
            more = " more" if question != number else ""
            far = (
                f" among the next {REACH:,} packets" if self.capture.count - number > REACH else ""
            )
            self.tunscope.tell(f"answer: nothing{more} answers #{question}{far}")
            return
        self._question = (question, found)
        self.table.set_following(False)
        if not self.view.shows(found):
            why = "the view is paused" if self.table.paused else "the filter hides it"
            self.tunscope.tell(f"answer: #{found} answers #{question}; {why}")
            return
        self.table.move_to(self.table.row_of_number(found))
        self.tunscope.tell(f"#{found} answers #{question}")

    def _selected(self, what: str) -> PacketRecord | None:
        number = self.table.selected_number
        if number is None:
            self.tunscope.tell(f"{what}: there is no packet yet")
            return None
        try:
            record = self.capture.record(number)
        except (KeyError, OSError, TunscopeError):
            self.tunscope.tell(f"{what}: packet {number} is no longer kept", Severity.WARNING)
            return None
        if not record.data or record.custom is not None:
            self.tunscope.tell(f"{what}: packet {number} has no bytes of a packet")
            return None
        return record

    def _editing(self, record: PacketRecord, number: int) -> PacketEditing:
        from tunscope.dissect.editing import EditablePacket
        from tunscope.tui.packet_editing import PacketEditing

        if record.truncated:
            self.tunscope.tell(
                f"packet {number} was cut at {record.caplen} of {record.origlen} bytes",
                Severity.WARNING,
            )
        pending = bool(record.flags & CHECKSUM_NOT_READY)
        packet = EditablePacket.of(record.data, record.linktype, checksums_pending=pending)
        return PacketEditing(packet, f"#{number}")

    def _edit(self, editing: PacketEditing, number: int, direction: Direction) -> None:
        from tunscope.tui.editing_outcome import EditingOutcome
        from tunscope.tui.screens.editor import EditorScreen

        browser = self.tunscope.browser
        outcome = EditingOutcome(browser, number, direction)
        self.app.push_screen(EditorScreen(browser, editing, outcome))

    def _build(self, name: str) -> None:
        from tunscope.dissect.building import build_template, ends_of
        from tunscope.dissect.editing import EditablePacket
        from tunscope.packet.link_conversion import converted
        from tunscope.packet.linktype import LinkType
        from tunscope.tui.packet_editing import PacketEditing

        ends = ends_of(self.session.title.addresses, None)
        try:
            data, linktype = build_template(name, ends)
            if self.capture.interfaces:
                wanted = LinkType(self.capture.interfaces[0].linktype)
                macs = (ends.source_mac, ends.destination_mac)
                source, destination = (bytes.fromhex(mac.replace(":", "")) for mac in macs)
                data = converted(data, linktype, wanted, source=source, destination=destination)
                linktype = wanted
        except (TunscopeError, ValueError) as error:
            self.tunscope.tell(f"{name}: {printable(str(error))}", Severity.WARNING)
            return
        self._edit(PacketEditing(EditablePacket.of(data, linktype), name), 0, Direction.UNKNOWN)
