"""A packet that is edited: a form and the bytes, always in step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.widgets import Input

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.tui.completion import Cycle
from tunscope.tui.packet_editing import changed_offsets
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.widgets.hex_editor import HexEditor
from tunscope.tui.widgets.note_line import NoteLine
from tunscope.tui.widgets.packet_form import PacketForm
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import DescendantFocus

    from tunscope.tui.editing_outcome import EditingOutcome
    from tunscope.tui.packet_editing import Change, FormRow, PacketEditing
    from tunscope.tui.screens.main import MainScreen
    from tunscope.tui.widgets.hex_view import HexView

_VALUE = "value"


class EditedPacketScreen(AnalysisScreen, inherit_bindings=False):
    """Takes what is typed into `form` and `bytes`, and shows in `note` what it means.

    A subclass composes them, with `value` over the form: the line that a value is typed into.
    """

    def __init__(
        self, browser: MainScreen, editing: PacketEditing, outcome: EditingOutcome
    ) -> None:
        super().__init__(browser)
        self.editing = editing
        self.outcome = outcome
        self.form = PacketForm(id="form")
        self.bytes = HexEditor(id="edited-bytes")
        self.note = NoteLine()
        self.value = Input(id=_VALUE, compact=True, select_on_focus=False)
        self._cycle = Cycle(self._candidates)
        self._state = (False, 0, "")
        self._typed: FormRow | None = None

    # --- showing

    def title_facts(self) -> TitleFacts:
        """Return what is edited, and how far it is from what it was."""
        editing = self.editing
        changes = editing.changes()
        count = f"{len(changes)} change{'s' * (len(changes) != 1)}" if changes else "unchanged"
        manual = [
            row.layer.protocol
            for row in editing.rows()
            if row.field is None and row.layer.automatic is False
        ]
        checks = f"checksums as typed: {', '.join(manual)}" if manual else "checksums auto"
        where = self.outcome.target(self.browser.session)
        size = f"{len(editing.data)} bytes"
        return TitleFacts(f"Edit {editing.origin} → {where}", (count, size, checks))

    def show_packet(self) -> None:
        """Show the packet as it is now, in every place."""
        editing = self.editing
        self.form.show(editing.rows())
        self.bytes.replace(editing.data, editing.changed_bytes())
        self._highlight()
        self.show_title()
        self._explain()

    def _highlight(self) -> None:
        row = self.form.row
        if row is not None:
            self.bytes.set_highlight(*row.span)

    def _explain(self) -> None:
        """Say what the field under the cursor may be, or what the change means elsewhere."""
        row = self.form.row
        warning = self.outcome.warning(self.editing)
        if warning:
            self.note.show(warning, "warning")
        elif row is None or row.field is None:
            self.note.show("Space: compute its lengths and checksums, or not", "muted")
        else:
            self.note.show(_explanation(row), "muted")

    def _preview(self, text: str) -> None:
        """Show what the packet would be; say what is wrong with what is typed."""
        row = self._typed
        if row is None or row.field is None:
            return
        field, editing = row.field, self.editing
        try:
            packet = editing.packet.with_field(row.layer.index, field.name, text)
        except (UsageError, ValueError) as error:
            self.note.show(printable(str(error)), "error")
            return
        self.bytes.replace(packet.data, changed_offsets(editing.original, packet.data))
        self.note.show(_explanation(row), "muted")

    def show_title(self) -> None:
        """Bring the first line up to date."""
        facts = self.title_facts()
        held = len(self.browser.session.holds.waiting)
        self.title_line.show(replace(facts, live=self.browser.live, held=held))

    def pull(self) -> None:
        """Show in the first line what becomes of the capture meanwhile; mind where one types."""
        if self.is_typing:
            self._place_value()
        browser = self.browser
        session = browser.session
        state = (browser.live, len(session.holds.waiting), self.outcome.target(session))
        if state != self._state:
            self._state = state
            self.show_title()

    # --- changing

    def apply(self, change: Change) -> bool:
        """Change the packet, or say why not and return False."""
        try:
            self.editing.apply(change)
        except (UsageError, ValueError) as error:
            self.note.show(printable(str(error)), "error")
            return False
        self.show_packet()
        return True

    def action_automatic(self) -> None:
        """Have the layer's lengths and checksums computed, or not."""
        row = self.form.row
        if row is None or row.layer.automatic is None:
            self.note.show("this layer has neither lengths nor checksums", "muted")
            return
        index, on = row.layer.index, not row.layer.automatic
        self.apply(lambda packet: packet.with_automatic(index, on))

    # --- typing a value

    @property
    def is_typing(self) -> bool:
        """Whether a value is being typed."""
        return self._typed is not None

    def on_virtual_list_row_chosen(self) -> None:
        """Edit the field under the cursor in its place, or switch a layer's computing."""
        row = self.form.row
        if row is None:
            return
        if row.field is None:
            self.action_automatic()
        elif not row.field.editable:
            self.note.show(f"{row.field.name}: {row.field.description}", "warning")
        else:
            self._typed = row
            self._place_value()
            self.value.value = row.field.value
            self.value.cursor_position = len(row.field.value)
            self.value.add_class("-editing")
            self._cycle = Cycle(self._candidates)
            self.value.focus()
            self.value.select_all()

    def _place_value(self) -> None:
        """Put the line that is typed into over the value, wherever that is now."""
        x, y, width = self.form.value_place()
        self.value.styles.offset = (x, y)
        self.value.styles.width = max(width, self.form.extent.width - x - 1)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what is typed, and show what it would make of the packet."""
        if event.input.id == _VALUE and self.is_typing:
            event.stop()
            self._preview(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed; what does not fit stays to be mended."""
        if event.input.id != _VALUE:
            return
        event.stop()
        row = self._typed
        if row is None or row.field is None:
            return
        index, name, text = row.layer.index, row.field.name, event.value
        if text == row.field.value or self.apply(lambda p: p.with_field(index, name, text)):
            self.stop_typing()

    def stop_typing(self) -> None:
        """Go back to the form, without what was typed."""
        self._forget_typed()
        self.form.focus()

    def _forget_typed(self) -> None:
        self.value.remove_class("-editing")
        self._typed = None
        self.show_packet()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Forget what was typed when the mouse goes on elsewhere."""
        if self.is_typing and event.widget is not self.value:
            self._forget_typed()

    def _candidates(self, text: str) -> Sequence[str]:
        row = self._typed
        if row is None or row.field is None:
            return ()
        return [name for _, name in row.field.choices if name.startswith(text)]

    def complete(self) -> None:
        """Type the next of the values that begin like this one."""
        self.value.value = self._cycle.next(self.value.value)
        self.value.cursor_position = len(self.value.value)

    def submit(self) -> None:
        """Take what was typed, as Enter does."""
        self.value.post_message(Input.Submitted(self.value, self.value.value))

    # --- between form and bytes

    def on_virtual_list_cursor_moved(self, event: PacketForm.CursorMoved) -> None:
        """Mark the bytes of the field under the cursor; a wheel can take it away from a value."""
        if event.list is not self.form:
            return
        if self.is_typing and self.form.row != self._typed:
            self.stop_typing()
        if not self.is_typing:
            self._highlight()
            if not self.bytes.has_focus:
                self.bytes.go_to_highlight()
            self._explain()

    def on_hex_view_byte_selected(self, event: HexView.ByteSelected) -> None:
        """Go to the field of the byte."""
        self.form.select_byte(event.offset)
        self._highlight()

    def on_hex_editor_bytes_typed(self, event: HexEditor.BytesTyped) -> None:
        """Take bytes that were typed."""
        self.apply(lambda packet: packet.with_bytes(event.start, event.end, event.data))

    def on_hex_editor_paste_refused(self) -> None:
        """Say what can be pasted."""
        self.note.show("paste: only bytes in hex", "warning")


def _explanation(row: FormRow) -> str:
    field = row.field
    assert field is not None, "of a field"
    names = ", ".join(name for _, name in field.choices[:12])
    named = f" · {names}{', …' if len(field.choices) > 12 else ''} (Tab)" if names else ""
    return printable(f"{field.name}: {field.description}{named}")
