"""Fields and bytes of one packet side by side, a selection in one shown in the other."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.message import Message

from tunscope.errors import TunscopeError
from tunscope.tui import units
from tunscope.tui.dissection import Dissection, Dissector
from tunscope.tui.widgets.field_tree import FieldTree
from tunscope.tui.widgets.hex_view import HexView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult

    from tunscope.dissect import FieldNode
    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord
    from tunscope.tui.names import Names
    from tunscope.tui.stream_facts import StreamFacts


class DetailPane(Container):
    """Shows packet after packet; bytes at once, fields as soon as they are decoded."""

    class FieldChanged(Message):
        """Another field is selected; None when there is none."""

        def __init__(self, node: FieldNode | None) -> None:
            super().__init__()
            self.node = node

    class EdgeDragged(Message):
        """The mouse wants the pane this many cells high."""

        def __init__(self, cells: int) -> None:
            super().__init__()
            self.cells = cells

    class DividerDragged(EdgeDragged):
        """The mouse wants the bytes this many cells wide (high, where they lie below)."""

    class _Dissected(Message):
        def __init__(self, dissection: Dissection) -> None:
            super().__init__()
            self.dissection = dissection

    def __init__(self, capture: CaptureIndex, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.number: int | None = None
        self.data = b""
        self.record: PacketRecord | None = None
        self.root: FieldNode | None = None
        self._decoded: int | None = None
        #: The packet that was read last, for what is asked of it next.
        self._read: tuple[int, PacketRecord] | None = None
        #: What was decoded ahead.
        self._ready: Dissection | None = None
        self._prepared: int | None = None
        self._gripped = ""
        #: What tells the bytes that were looked for in a packet, until its fields are shown.
        self._looked_for: tuple[int, Callable[[bytes], range]] | None = None
        #: These bytes, and the field that they begin in.
        self._place = range(0)
        self._placed: FieldNode | None = None
        self._capture = capture
        self._facts: StreamFacts | None = None
        self._tree = FieldTree(id="fields")
        self._hex = HexView(id="bytes")
        self._dissector = Dissector(
            lambda found: self.post_message(self._Dissected(found)), self._learn
        )

    def _learn(self, number: int, record: PacketRecord) -> Mapping[str, int]:
        """Ask the packet's conversation; called by the dissector's thread, which imports it."""
        if self._facts is None:
            from tunscope.tui.stream_facts import StreamFacts

            self._facts = StreamFacts(self._capture)
        return self._facts.of(number, record)

    def compose(self) -> ComposeResult:
        """The two panes."""
        yield self._tree
        yield self._hex

    def on_mount(self) -> None:
        """Start decoding."""
        self._dissector.start()

    def on_unmount(self) -> None:
        """Stop decoding."""
        self._dissector.stop()

    @property
    def is_decoded(self) -> bool:
        """Whether the fields of the present packet are on the screen."""
        return self.number is not None and self._decoded == self.number

    @property
    def field(self) -> FieldNode | None:
        """The selected field of the present packet, once it is decoded."""
        return self._tree.selected if self.is_decoded else None

    def show_packet(self, number: int | None) -> None:
        """Show packet `number`, or nothing; costs nothing if it is shown already."""
        if number == self.number:
            return
        self.number, self.data, self.record, self.root = number, b"", None, None
        if number is None:
            self._hex.show(b"")
            self._tree.show(None)
            return
        try:
            record = self._record(number)
        except (KeyError, OSError, TunscopeError) as error:
            self._hex.show(b"")
            why = "is no longer kept" if isinstance(error, KeyError) else f"cannot be read: {error}"
            self._tree.show(None, note=f"packet {number} {why}")
            return
        self.data, self.record = bytes(record.data), record
        self._hex.show(record.data)
        if self._ready is not None and self._ready.number == number:
            self._show_fields(self._ready)
        elif self._prepared != number:
            self._dissector.request(number, record)
        self._prepared = self._ready = None

    def prepare_packet(self, number: int | None) -> None:
        """Decode packet `number` ahead: it is likely to be shown soon."""
        if number is None or number in (self.number, self._prepared):
            return
        with suppress(KeyError, OSError, TunscopeError):  # showing it tells what is wrong
            record = self._record(number)
            self._prepared, self._ready = number, None
            self._dissector.request(number, record)

    def _record(self, number: int) -> PacketRecord:
        if self._read is None or self._read[0] != number:
            self._read = (number, self._capture.record(number))
        return self._read[1]

    def show_place(self, number: int, looked_for: Callable[[bytes], range]) -> None:
        """Highlight what `looked_for` tells of packet `number`, and its field, once it is shown."""
        self._looked_for = (number, looked_for)
        if self.is_decoded:
            self._go_to_place()

    def set_names(self, names: Names | None) -> None:
        """Put names beside addresses and ports; None takes them away."""
        self._tree.set_names(names)

    def packet_changed(self, number: int) -> None:
        """Show packet `number` anew if it is the one: something else is said of it."""
        self._read = None
        if number == self._prepared:
            self._prepared = self._ready = None
        if number == self.number:
            self.number = self._decoded = None
            self.show_packet(number)

    def on_detail_pane__dissected(self, event: DetailPane._Dissected) -> None:
        """Show the fields, unless another packet was selected meanwhile."""
        event.stop()
        found = event.dissection
        if found.number == self.number:
            self._show_fields(found)
        elif found.number == self._prepared:
            self._ready = found

    def _show_fields(self, found: Dissection) -> None:
        self._decoded, self.root = found.number, found.root
        self._tree.show(found.root, f"packet {units.count(found.number)}", found.note)
        self._go_to_place()

    def _go_to_place(self) -> None:
        if self._looked_for is None or self._looked_for[0] != self.number:
            return
        looked_for = self._looked_for[1]
        self._looked_for = None  # once: later the cursor stays on the field that is chosen
        if place := looked_for(self.data):
            self._place = place
            self._tree.select_byte(place.start)
            self._placed = self._tree.selected
            self._highlight(self._placed)
            self._hex.go_to_highlight()

    def _highlight(self, node: FieldNode | None) -> None:
        place = range(0) if node is None else range(node.start, node.stop)
        if node is not None and node is self._placed:
            place = self._place
        self._hex.set_highlight(place.start, place.stop)

    # --- dragging edges

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Grip the upper edge, or the one between fields and bytes."""
        octets = self._hex.region
        beside = octets.y == self.region.y
        if event.screen_y == self.region.y:
            self._gripped = "edge"
        elif event.screen_x == octets.x if beside else event.screen_y == octets.y:
            self._gripped = "across" if beside else "down"
        else:
            return
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell where the gripped edge is wanted."""
        region = self.region
        match self._gripped:
            case "edge":
                self.post_message(self.EdgeDragged(region.bottom - event.screen_y))
            case "across":
                self.post_message(self.DividerDragged(region.right - event.screen_x))
            case "down":
                self.post_message(self.DividerDragged(region.bottom - event.screen_y))

    def on_mouse_up(self) -> None:
        """Let the edge go."""
        if self._gripped:
            self._gripped = ""
            self.release_mouse()

    def on_field_tree_field_selected(self, event: FieldTree.FieldSelected) -> None:
        """Highlight the field's bytes."""
        event.stop()
        node = event.node
        self._highlight(node)
        if not self._hex.has_focus:
            self._hex.go_to_highlight()
        self.post_message(self.FieldChanged(node))

    def on_hex_view_byte_selected(self, event: HexView.ByteSelected) -> None:
        """Select the field that the byte belongs to."""
        event.stop()
        self._tree.select_byte(event.offset)
