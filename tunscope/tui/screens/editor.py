"""The packet editor: a form and the bytes, always in step, and what becomes of the packet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container
from textual.widgets import Input

from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable
from tunscope.tui.completion import Cycle
from tunscope.tui.editor_keys import EDITOR_KEYS
from tunscope.tui.packet_editing import changed_offsets
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.confirm import ConfirmScreen
from tunscope.tui.session import Severity
from tunscope.tui.widgets.hex_editor import HexEditor
from tunscope.tui.widgets.note_line import NoteLine
from tunscope.tui.widgets.packet_form import PacketForm
from tunscope.tui.widgets.prompt_line import PromptLine
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.editing_outcome import EditingOutcome
    from tunscope.tui.packet_editing import Change, FormRow, PacketEditing
    from tunscope.tui.screens.main import MainScreen
    from tunscope.tui.widgets.hex_view import HexView

_VALUE = "value"


class EditorScreen(AnalysisScreen, inherit_bindings=False):
    """Edits one packet; `outcome` does with it what the person asks for."""

    NAMESPACE = "editor"
    FOOTER: ClassVar[tuple[str, ...]] = (
        "editor.inject",
        "editor.undo",
        "editor.insert",
        "editor.diff",
        "editor.automatic",
        "editor.remove",
        "editor.save",
        "editor.redo",
        "editor.revert",
        "editor.rule",
    )
    BINDINGS: ClassVar[list[BindingType]] = [*AnalysisScreen.BINDINGS, *EDITOR_KEYS]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (150, "-wider")]  # noqa: RUF012
    DEFAULT_CSS = """
    EditorScreen #panes { height: 1fr; layout: horizontal; }
    EditorScreen.-narrow #panes { layout: vertical; }
    EditorScreen #form-pane { width: 1fr; height: 1fr; layers: form value; }
    EditorScreen PacketForm { width: 1fr; height: 1fr; }
    EditorScreen HexEditor { width: 42; height: 1fr; }
    EditorScreen.-wider HexEditor { width: 75; }
    EditorScreen.-narrow #form-pane { height: 2fr; }
    EditorScreen.-narrow HexEditor { width: 1fr; height: 1fr; }
    EditorScreen #value {
        position: absolute; layer: value; display: none; height: 1; border: none; padding: 0;
        background: $surface; color: $foreground;
    }
    EditorScreen #value.-editing { display: block; }
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
        self.prompt = PromptLine()
        self._value = Input(id=_VALUE, compact=True, select_on_focus=False)
        self._cycle = Cycle(self._candidates)

    def compose(self) -> ComposeResult:
        """The title, form and bytes, what there is to say, the keys."""
        yield self.title_line
        with Container(id="panes"):
            with Container(id="form-pane"):
                yield self.form
                yield self._value
            yield self.bytes
        yield self.note
        yield self.key_line
        yield self.prompt

    def begin(self) -> None:
        """Show the packet, the cursor on its first field."""
        self._show()
        self.form.focus()
        self.call_after_refresh(self.form.move_to, 1)

    @property
    def is_settled(self) -> bool:
        """There is nothing to count."""
        return True

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

    def _show(self) -> None:
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
        row = self.form.row
        if row is None or row.field is None:
            return
        field, editing = row.field, self.editing
        try:
            packet = editing.packet.with_field(row.layer.index, field.name, text)
        except (UsageError, ValueError) as error:
            self.note.show(_sentence(error), "error")
            return
        self.bytes.replace(packet.data, changed_offsets(editing.original, packet.data))
        self.note.show(_explanation(row), "muted")

    # --- changing

    def _apply(self, change: Change) -> bool:
        try:
            self.editing.apply(change)
        except (UsageError, ValueError) as error:
            self.note.show(_sentence(error), "error")
            return False
        self._show()
        return True

    @property
    def is_typing(self) -> bool:
        """Whether a value is being typed."""
        return self._value.has_class("-editing")

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
            x, y, width = self.form.value_place()
            self._value.styles.offset = (x, y)
            self._value.styles.width = max(width, self.form.extent.width - x - 1)
            self._value.value = row.field.value
            self._value.cursor_position = len(row.field.value)
            self._value.add_class("-editing")
            self._cycle = Cycle(self._candidates)
            self._value.focus()
            self._value.select_all()

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
        row = self.form.row
        if row is None or row.field is None:
            return
        index, name, text = row.layer.index, row.field.name, event.value
        if text == row.field.value or self._apply(lambda p: p.with_field(index, name, text)):
            self._stop_typing()

    def _stop_typing(self) -> None:
        self._value.remove_class("-editing")
        self.form.focus()
        self._show()

    def _candidates(self, text: str) -> Sequence[str]:
        row = self.form.row
        if row is None or row.field is None:
            return ()
        return [name for _, name in row.field.choices if name.startswith(text)]

    def on_virtual_list_cursor_moved(self, event: PacketForm.CursorMoved) -> None:
        """Mark the bytes of the field under the cursor."""
        if event.list is self.form and not self.is_typing:
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
        self._apply(lambda packet: packet.with_bytes(event.start, event.end, event.data))

    def on_hex_editor_paste_refused(self) -> None:
        """Say what can be pasted."""
        self.note.show("paste: only bytes in hex", "warning")

    # --- keys

    def action_close(self) -> None:
        """Go one step back; ask before changes are lost."""
        if self.is_typing:
            self._stop_typing()
        elif self.prompt.asking:
            self.prompt.cancel()
        elif self.editing.edited and not self.outcome.done(self.editing):
            changes = len(self.editing.changes())
            question = f"Leave the editor and lose {changes} change{'s' * (changes != 1)}?"
            self.app.push_screen(ConfirmScreen(question, "Leave"), self._leave)
        else:
            self.dismiss(None)

    def _leave(self, confirmed: bool | None) -> None:
        if confirmed:
            self.dismiss(None)

    def action_undo(self) -> None:
        """Take the last change back."""
        if not self.editing.undo():
            self.note.show("undo: this is the packet as it was", "muted")
            return
        self._show()

    def action_redo(self) -> None:
        """Make the change again that was taken back."""
        if not self.editing.redo():
            self.note.show("redo: no change was taken back", "muted")
            return
        self._show()

    def action_revert(self) -> None:
        """Show the packet as it was."""
        self.editing.revert()
        self._show()

    def action_automatic(self) -> None:
        """Have the layer's lengths and checksums computed, or not."""
        row = self.form.row
        if row is None or row.layer.automatic is None:
            self.note.show("this layer has neither lengths nor checksums", "muted")
            return
        index, on = row.layer.index, not row.layer.automatic
        self._apply(lambda packet: packet.with_automatic(index, on))

    def action_insert(self) -> None:
        """Insert a byte before the cursor, or a layer behind the one under the cursor."""
        if self.bytes.has_focus:
            at = self.bytes.byte_offset
            self._apply(lambda packet: packet.with_bytes(at, at, b"\0"))
            return
        from tunscope.dissect.layer_editing import insert_layer, insertable

        row, packet = self.form.row, self.editing.packet
        if row is None:
            return
        place = row.layer.index + 1
        names = [(name, place) for name in insertable(packet, place)]
        if row.layer.index == 0:
            names += [(name, 0) for name in insertable(packet, 0)]
        below = row.layer.protocol
        choices = [
            (name, f"behind {below}" if at else f"before {below}, around the packet")
            for name, at in names
        ]

        def chosen(index: int | None) -> None:
            if index is not None:
                name, at = names[index]
                if self._apply(lambda packet: insert_layer(packet, at, name)):
                    self.form.select_layer(at)

        self.app.push_screen(ChoiceScreen("Insert which layer?", choices), chosen)

    def action_remove(self) -> None:
        """Remove the byte under the cursor, or the layer."""
        if self.bytes.has_focus:
            at = self.bytes.byte_offset
            if len(self.editing.data) > 1:
                self._apply(lambda packet: packet.with_bytes(at, at + 1, b""))
            return
        from tunscope.dissect.layer_editing import remove_layer

        row = self.form.row
        if row is not None:
            self._apply(lambda packet: remove_layer(packet, row.layer.index))

    def action_next_pane(self) -> None:
        """Go to the bytes, or to the form; while a value is typed, complete it."""
        if self.is_typing:
            self._value.value = self._cycle.next(self._value.value)
            self._value.cursor_position = len(self._value.value)
        elif self.bytes.has_focus:
            self.form.focus()
        else:
            self.bytes.go_to_highlight()
            self.bytes.focus()

    def action_diff(self) -> None:
        """Show what was changed."""
        from tunscope.tui.packet_diff import diff_lines
        from tunscope.tui.screens.pager import Pager

        self.app.push_screen(Pager("What was changed", diff_lines(self.editing)))

    def action_inject(self) -> None:
        """Send the packet; where there is no device, say so and offer to save it."""
        if self.is_typing:
            self._value.post_message(Input.Submitted(self._value, self._value.value))
            return
        reason = self.browser.session.injection_refusal
        if reason:
            self.note.show(f"inject: {reason}", "warning")
            self._ask_path("it can be saved instead, to")
        else:
            self.outcome.inject(self.editing)

    def action_release(self) -> None:
        """Only a held packet can be released."""
        self.note.show("release: this packet is not held", "muted")

    def action_rule(self) -> None:
        """Propose the edit as a rule for packets like this one."""
        from tunscope.tui.edit_rule import rule_of

        refusal = self.browser.session.holds.refusal
        try:
            rule = rule_of(self.editing)
        except UsageError as error:
            self.note.show(_sentence(error), "warning")
            return
        if refusal:
            self.note.show(f"rule: {refusal}", "warning")
        else:
            self.prompt.ask("rule", "Rule", rule)

    def _add_rule(self, text: str) -> None:
        def answered(problem: str) -> None:
            if problem and self.is_attached:
                self.note.show(problem, "error")
                self.prompt.ask("rule", "Rule", text)

        self.browser.session.holds.add_rule(text, answered)

    def action_save(self) -> None:
        """Ask for a file to save the packet to."""
        self._ask_path("Save the packet to")

    def _ask_path(self, label: str) -> None:
        name = "".join(c if c.isalnum() else "-" for c in self.editing.origin).strip("-")
        self.prompt.ask("save", label, f"packet-{name}.pcapng")

    def on_prompt_line_answered(self, event: PromptLine.Answered) -> None:
        """Save, or add the rule."""
        event.stop()
        self.form.focus()
        if event.topic == "rule":
            self._add_rule(event.text.strip())
            return
        try:
            told = self.outcome.save(self.editing, event.text.strip())
        except (TunscopeError, OSError) as error:
            self.tunscope.tell(str(error), Severity.ERROR)
            self.prompt.ask("save", "Save the packet to", event.text)
            return
        self.tunscope.tell(told)

    def on_prompt_line_cancelled(self) -> None:
        """Go back to the form."""
        self.form.focus()

    def show_title(self) -> None:
        """Bring the first line up to date."""
        facts = self.title_facts()
        held = len(self.browser.session.holds.waiting)
        self.title_line.show(replace(facts, live=self.browser.live, held=held))


def _explanation(row: FormRow) -> str:
    field = row.field
    assert field is not None, "of a field"
    names = ", ".join(name for _, name in field.choices[:12])
    named = f" · {names}{', …' if len(field.choices) > 12 else ''} (Tab)" if names else ""
    return printable(f"{field.name}: {field.description}{named}")


def _sentence(error: Exception) -> str:
    return printable(str(error))
