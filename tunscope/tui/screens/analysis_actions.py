"""From the packet browser to the screens that look at the whole capture."""

from __future__ import annotations

from importlib import import_module

from tunscope.tui.screens.capture_actions import CaptureActions


def load_analysis_screens() -> None:
    """Import what the actions below would wait for at their first call; on any thread."""
    for name in ("conversations", "graph", "hierarchy", "stream"):
        import_module(f"tunscope.tui.screens.{name}")


class AnalysisActions(CaptureActions, inherit_bindings=False):
    """A packet browser that opens analysis screens over itself, and steps in conversations."""

    def action_conversations(self) -> None:
        """Show who spoke with whom."""
        from tunscope.tui.screens.conversations import ConversationsScreen

        self.app.push_screen(ConversationsScreen(self.tunscope.browser))

    def action_hierarchy(self) -> None:
        """Show how much there is of which protocol."""
        from tunscope.tui.screens.hierarchy import HierarchyScreen

        self.app.push_screen(HierarchyScreen(self.tunscope.browser))

    def action_io_graph(self) -> None:
        """Show packets or bits over time."""
        from tunscope.tui.screens.graph import GraphScreen

        self.app.push_screen(GraphScreen(self.tunscope.browser))

    def action_follow_stream(self) -> None:
        """Show what the two sides of the selected packet's conversation said."""
        from tunscope.index.flow_rows import flow_of_row

        number = self.table.selected_number
        flow = 0 if number is None else flow_of_row(self.capture, number - 1)
        if flow:
            self.follow_flow(flow, number)
        else:
            self.tunscope.tell("stream: the packet is neither TCP nor UDP")

    def follow_flow(self, flow: int, number: int | None = None) -> None:
        """Show what was said in a conversation, at packet `number` if that is given."""
        from tunscope.tui.screens.stream import StreamScreen

        self.app.push_screen(StreamScreen(self.tunscope.browser, flow, number))

    def action_step_conversation(self, step: int) -> None:
        """Go to another displayed packet of the selected packet's conversation."""
        from tunscope.index.flow_rows import flow_of_row, neighbour_in_flow

        number = self.table.selected_number
        if number is None:
            return
        flow = flow_of_row(self.capture, number - 1)
        if not flow:
            self.tunscope.tell("conversation: the packet is neither TCP nor UDP")
            return
        row = neighbour_in_flow(self.view.selection, flow, number - 1, step)
        if row is None:
            end = "last" if step > 0 else "first"
            self.tunscope.tell(f"conversation: this is its {end} displayed packet")
            return
        self.table.set_following(False)
        self.table.move_to(self.table.row_of_number(row + 1))
