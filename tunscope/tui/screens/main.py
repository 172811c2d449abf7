"""The packet browser: header, list, fields, bytes, status, keys."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from tunscope.tui.keymap import MAIN_KEYS, footer
from tunscope.tui.pace import PanePace
from tunscope.tui.rate import Rate, RateMeter
from tunscope.tui.row_painter import RowPainter
from tunscope.tui.rows import RowReader
from tunscope.tui.screens.help import HelpScreen
from tunscope.tui.screens.messages import MessagesScreen
from tunscope.tui.screens.pulling import PullingScreen
from tunscope.tui.table_columns import chosen_columns
from tunscope.tui.time_format import TimeFormat
from tunscope.tui.widgets.command_pane import CommandPane
from tunscope.tui.widgets.detail_pane import DetailPane
from tunscope.tui.widgets.header_line import HeaderFacts, HeaderLine
from tunscope.tui.widgets.key_line import KeyLine
from tunscope.tui.widgets.packet_table import PacketTable
from tunscope.tui.widgets.prompt_line import PromptLine
from tunscope.tui.widgets.replay_pane import ReplayPane
from tunscope.tui.widgets.status_line import StatusFacts, StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.view import View
    from tunscope.tui.running_command import RunningCommand
    from tunscope.tui.session import Session
    from tunscope.tui.settings.model import Settings
    from tunscope.tui.settings.remembered import RememberedLayout
    from tunscope.tui.widgets.filter_bar import FilterBar

#: Programs that have become known are shown this often (seconds).
_CALM = 0.25
#: The fields of the first packet wait for the rest of the file, but not longer (seconds).
_PATIENCE = 1.0
#: Packets a second that leave little time for anything else.
_FLOOD = 5000


class MainScreen(PullingScreen, inherit_bindings=False):
    """Shows what has arrived from the session and the index."""

    BINDINGS: ClassVar[list[BindingType]] = [*MAIN_KEYS]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (a class variable in all but Textual's typing)
        (0, "-narrow"),
        (100, "-medium"),
        (120, "-wide"),
    ]

    def __init__(
        self,
        capture: CaptureIndex,
        view: View,
        session: Session,
        settings: Settings,
        remembered: RememberedLayout,
        filter_bar: FilterBar | None = None,
        command: RunningCommand | None = None,
    ) -> None:
        super().__init__()
        self.capture = capture
        self.view = view
        self.session = session
        title = session.title
        rows = RowReader(capture)
        self.settings = settings
        self.remembered = remembered
        self.sizes = remembered.panes(settings.layout)
        self.list_kind = "tap" if title.kind == "tap" else "ip"
        columns = chosen_columns(self.chosen, self.usual_columns)
        self.header = HeaderLine(HeaderFacts(title, self.status.state))
        painter = RowPainter(capture, view, rows, columns, settings.colouring_rules)
        painter.colouring.enabled = settings.colouring
        painter.time_format = TimeFormat[settings.time_format.upper()]
        self.table = PacketTable(view, painter, id="packets")
        self.detail = DetailPane(capture, id="detail")
        self.replay_pane = ReplayPane(session, settings.keys, id="replay")
        self.status_line = StatusLine()
        hidden = {"filter.edit"} if filter_bar is None else set()
        if session.holds.refusal:  # there is no device to hold or inject on
            hidden |= {"hold.open", "packet.inject"}
        self.key_line = KeyLine(footer(settings.keys, hidden))
        self.prompt = PromptLine(id="prompt-line")
        self.filter_bar = filter_bar
        self.output = None if command is None else CommandPane(command, id="output")
        self._meter = RateMeter()
        self._pane_pace = PanePace(0.0)
        self._waiting_for_rows = True
        self._field = ""
        self._programs_seen = 0
        self._programs_due = 0.0

    def compose(self) -> ComposeResult:
        """The parts from top to bottom."""
        yield self.header
        if self.filter_bar is not None:
            yield self.filter_bar
        yield self.table
        yield self.replay_pane
        yield self.detail
        if self.output is not None:
            yield self.output
        yield self.status_line
        yield self.key_line
        yield self.prompt

    def on_mount(self) -> None:
        """Begin to pull; the first rows come before the fields of the first packet."""
        now = time.monotonic()
        self._pane_pace = PanePace(now)
        self._pane_pace.hold(now + _PATIENCE)
        self.poll()
        self._set_live()
        self.table.set_following(self.table.live)
        self.table.focus()
        self.apply_sizes()
        if self.settings.resolve_names:
            self.show_names(True)
        self.start_pulling()

    # --- pulling

    def poll(self) -> None:
        """Take in what the session says, and what the command prints."""
        super().poll()
        if self.output is not None:
            self.output.pull()

    def pull(self) -> None:
        """Take in everything that has arrived and repaint what it changes."""
        news, generation = self.news, self.capture.generation
        self.poll()
        self.tell_warnings()
        self._set_live()
        self.note_drops()
        self.table.pull()
        self.table.prepare()
        if self._waiting_for_rows and self.table.row_count:
            self._waiting_for_rows = False
            self.call_after_refresh(self.capture.hurry)
        self.count_bytes()
        self.show_selected()
        now = time.monotonic()
        self._take_programs(now)
        self.take_names()
        self.show_replay()
        self._meter.add(now, self.capture.count, self.octets)
        self.show_facts()
        self.pulled(now, news, generation)

    def _take_programs(self, now: float) -> None:
        """Show and filter by programs that have become known, calmly."""
        revision = self.capture.flows.programs.revision
        if revision == self._programs_seen or now < self._programs_due:
            return
        self._programs_seen, self._programs_due = revision, now + _CALM
        if self.table.painter.shows_process:
            self.table.painter.measure_again()
            self.table.forget_painted()
        if self.filter_bar is not None and "process" in self.filter_bar.in_force:
            self._set_filter()

    def _set_live(self) -> None:
        live = self.live
        title = self.session.title
        self.table.live = live
        if live:
            waiting = f"nothing yet on {title.name}"
            self.table.hint = (
                f"{waiting}: try `{title.hint}` in another terminal" if title.hint else waiting
            )
        else:
            self.table.hint = "no packets" if self.capture.complete else "reading…"

    def show_selected(self) -> None:
        """Show the packet under the cursor in the panes, calmly while the list runs."""
        number = self.table.selected_number
        now = time.monotonic()
        following = self.table.following
        if self.live or self.capture.complete:
            self._pane_pace.hold(0.0)
        if number != self.detail.number and self._pane_pace.is_due(now, following=following):
            self._pane_pace.shown(now)
            self.detail.show_packet(number)

    def _prepare_selected(self) -> None:
        """Have the fields decoded that will be shown if the cursor stays."""
        self.detail.prepare_packet(self.table.selected_number)

    def show_facts(self) -> None:
        """Bring the header and the status line up to date."""
        counters = replace(self.status.counters)
        table = self.table
        live = table.live
        self.header.show(
            HeaderFacts(
                self.session.title,
                self.status.state,
                self._meter.rate if live else Rate(),
                counters.dropped,
                table.paused,
                len(self.session.holds.waiting),
            )
        )
        if self.filter_bar is not None and self.filter_bar.in_force:
            view = self.view
            self.filter_bar.show_counts(len(view), self.capture.count, view.progress)
        self.status_line.show(
            StatusFacts(
                packets=self.capture.count,
                displayed=len(self.view),
                filtered=self.marked_only,
                octets=self.octets,
                counters=counters,
                spool_bytes=self.status.spool_bytes,
                spool_limit=self.status.spool_limit,
                loading=self._loading(),
                live=live,
                following=table.following,
                paused=table.paused,
                time_format=table.painter.time_format.value,
                field=self._field,
                typed=self._typed(),
                unnumbered=self._unnumbered(),
                finding=self.finder.progress if self.finder is not None else None,
                error=self.capture.error or "",
                warnings=self.capture.warnings,
            )
        )

    def _loading(self) -> float | None:
        """Return how far a file is read, None when there is nothing to wait for."""
        if self.table.live or self.capture.complete:
            return None
        progress = self.capture.progress
        return progress if progress < 1 else None

    def _unnumbered(self) -> int:
        """Return how many captured packets are in no list: their segment went too soon."""
        captured = self.status.counters.captured
        return max(0, captured - self.capture.count) if self.capture.passed_over else 0

    def _typed(self) -> str:
        focused = self.focused
        return focused.typed_count if isinstance(focused, PacketTable) else ""

    # --- what the parts report

    def on_virtual_list_cursor_moved(self) -> None:
        """Keep the status line honest; the panes follow when the cursor rests."""
        self.show_facts()
        if not self.table.following:
            flood = self.live and self._meter.rate.packets > _FLOOD
            rest = self._pane_pace.moved(time.monotonic(), flood=flood)
            loop = asyncio.get_running_loop()
            loop.call_later(rest / 2, self._prepare_selected)
            loop.call_later(rest, self.show_selected)

    def on_virtual_list_count_typed(self) -> None:
        """Show the typed count."""
        self.show_facts()

    def on_following_list_follow_changed(self) -> None:
        """Show whether the list follows."""
        self.show_facts()

    def on_virtual_list_row_chosen(self) -> None:
        """Enter in the list goes to the fields of the packet."""
        self.detail.show_packet(self.table.selected_number)
        self.query_one("#fields").focus()

    def on_detail_pane_field_changed(self, event: DetailPane.FieldChanged) -> None:
        """Describe the selected field in the status line."""
        node = event.node
        if node is None or node.start >= node.stop:
            self._field = node.name if node else ""
        else:
            size = node.stop - node.start
            self._field = f"{node.name} · byte {node.start} · {size} byte{'s' * (size != 1)}"
        self.show_facts()

    async def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Run the clicked entry."""
        await self.tunscope.run_command(event.action)

    # --- panes

    def panes(self) -> list[Widget]:
        """The panes in the order of Tab."""
        shown: list[Widget] = [self.table, *self.detail.children]
        if self.replay_pane.progress is not None:
            shown.append(self.replay_pane)
        if self.output is not None:
            shown.append(self.output)
        return shown

    def action_next_pane(self) -> None:
        """Focus the next pane."""
        self._step_pane(1)

    def action_previous_pane(self) -> None:
        """Focus the previous pane."""
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        panes = self.panes()
        focused = self.focused
        index = panes.index(focused) if focused in panes else -step
        chosen = panes[(index + step) % len(panes)]
        if self.has_class("-zoomed"):
            self._zoom(chosen)
        chosen.focus()

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        self._zoom(None if self.has_class("-zoomed") else self.focused or self.table)

    def _zoom(self, pane: Widget | None) -> None:
        self.set_class(pane is not None, "-zoomed")
        inside = pane in self.detail.children
        self.set_class(pane is not None and not inside, "-zoomed-outside")
        for other in self.panes():
            other.set_class(other is pane, "-zoom")
        self.apply_sizes()

    # --- dialogs

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpScreen(self.tunscope.key_overrides))

    def action_messages(self) -> None:
        """Show the message log."""
        self.app.push_screen(MessagesScreen(self.tunscope.messages))

    def action_stop_capture(self) -> None:
        """Stop the capture; what was captured stays."""
        if self.table.live:
            self.session.stop()
        else:
            self.tunscope.tell("stop: nothing is being captured")

    def action_back(self) -> None:
        """Go one step back: out of the question, the zoom, the pane, the program."""
        if self.prompt.asking:
            self.prompt.cancel()
        elif self.stop_finding():
            self.tunscope.tell("find: cancelled")
        elif self.filter_bar is not None and self.filter_bar.has_focus_within:
            self.filter_bar.cancel()
        elif self.filter_bar is not None and self.filter_bar.stop():
            self.view.cancel()
            self.tunscope.tell("filter: stopped; what was found stays (/ Enter starts it anew)")
        elif self.has_class("-zoomed"):
            self._zoom(None)
        elif self.focused is not self.table:
            self.table.focus()

    async def action_back_or_quit(self) -> None:
        """Go one step back, and on the packet list quit."""
        if self.focused is self.table and not self.has_class("-zoomed"):
            await self.tunscope.run_command("app.quit")
        else:
            self.action_back()
