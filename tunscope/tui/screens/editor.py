"""The packet editor: a form beside the bytes, and what becomes of the packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container

from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable
from tunscope.tui.editor_keys import EDITOR_KEYS
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.confirm import ConfirmScreen
from tunscope.tui.screens.edited_packet import EditedPacketScreen
from tunscope.tui.session import Severity
from tunscope.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.editing_outcome import EditingOutcome
    from tunscope.tui.packet_editing import PacketEditing
    from tunscope.tui.screens.main import MainScreen


class EditorScreen(EditedPacketScreen, inherit_bindings=False):
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
        super().__init__(browser, editing, outcome)
        self.prompt = PromptLine()

    def compose(self) -> ComposeResult:
        """The title, form and bytes, what there is to say, the keys."""
        yield self.title_line
        with Container(id="panes"):
            with Container(id="form-pane"):
                yield self.form
                yield self.value
            yield self.bytes
        yield self.note
        yield self.key_line
        yield self.prompt

    def begin(self) -> None:
        """Show the packet, the cursor on its first field."""
        self.show_packet()
        self.form.focus()
        self.call_after_refresh(self.form.move_to, 1)

    @property
    def is_settled(self) -> bool:
        """There is nothing to count."""
        return True

    # --- keys

    def action_close(self) -> None:
        """Go one step back; ask before changes are lost."""
        if self.is_typing:
            self.stop_typing()
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
        """Take the last change back; while a value is typed, that."""
        if self.is_typing:
            self.stop_typing()
            return
        if not self.editing.undo():
            self.note.show("undo: this is the packet as it was", "muted")
            return
        self.show_packet()

    def action_redo(self) -> None:
        """Make the change again that was taken back."""
        if self.is_typing:
            return
        if not self.editing.redo():
            self.note.show("redo: no change was taken back", "muted")
            return
        self.show_packet()

    def action_revert(self) -> None:
        """Show the packet as it was."""
        self.editing.revert()
        self.show_packet()

    def action_insert(self) -> None:
        """Insert a byte before the cursor, or a layer behind the one under the cursor."""
        if self.bytes.has_focus:
            at = self.bytes.byte_offset
            self.apply(lambda packet: packet.with_bytes(at, at, b"\0"))
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
                if self.apply(lambda packet: insert_layer(packet, at, name)):
                    self.form.select_layer(at)

        self.app.push_screen(ChoiceScreen("Insert which layer?", choices), chosen)

    def action_remove(self) -> None:
        """Remove the byte under the cursor, or the layer."""
        if self.bytes.has_focus:
            at = self.bytes.byte_offset
            if len(self.editing.data) > 1:
                self.apply(lambda packet: packet.with_bytes(at, at + 1, b""))
            return
        from tunscope.dissect.layer_editing import remove_layer

        row = self.form.row
        if row is not None:
            self.apply(lambda packet: remove_layer(packet, row.layer.index))

    def action_next_pane(self) -> None:
        """Go to the bytes, or to the form; while a value is typed, complete it."""
        if self.is_typing:
            self.complete()
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
            self.submit()
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
            self.note.show(printable(str(error)), "warning")
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
            elif problem:
                self.tunscope.tell(problem, Severity.ERROR)
            else:
                self._explain()

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
