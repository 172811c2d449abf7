"""The editor on a packet that waits: it can be released from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tunscope.tui.screens.editor import EditorScreen

if TYPE_CHECKING:
    from tunscope.tui.held_outcome import HeldOutcome
    from tunscope.tui.packet_editing import PacketEditing
    from tunscope.tui.screens.main import MainScreen


class HeldEditorScreen(EditorScreen, inherit_bindings=False):
    """Edits a held packet."""

    FOOTER: ClassVar[tuple[str, ...]] = ("editor.release", *EditorScreen.FOOTER)
    BINDINGS = EditorScreen.BINDINGS
    DEFAULT_CSS = EditorScreen.DEFAULT_CSS.replace("EditorScreen", "HeldEditorScreen")

    def __init__(self, browser: MainScreen, editing: PacketEditing, outcome: HeldOutcome) -> None:
        super().__init__(browser, editing, outcome)
        self._held = outcome

    def action_release(self) -> None:
        """Let the packet go as it is now, or take a value that is typed.

        The editor stays if that is refused.
        """

        def answered(problem: str) -> None:
            if not self.is_attached:
                return
            if problem:
                self.note.show(problem, "error")
            else:
                self.tunscope.tell(f"released {self.editing.origin}")
                self.dismiss(None)

        if self.is_typing:
            self.submit()
        else:
            self._held.release(self.editing, answered)
