"""The hold queue: what waits for a verdict, how long, and the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tunscope.packet.printable import printable
from tunscope.tui.editor_keys import HOLD_KEYS
from tunscope.tui.holding import HoldWish
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.session import Severity
from tunscope.tui.widgets.hold_list import HoldList
from tunscope.tui.widgets.note_line import NoteLine
from tunscope.tui.widgets.prompt_line import PromptLine
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.holding import Holds
    from tunscope.tui.screens.main import MainScreen

_LABEL = "Hold (display filter; in: or out: before it for one direction)"


class HoldScreen(AnalysisScreen, inherit_bindings=False):
    """Shows the queue of the capture; asks for a filter at once if nothing is held yet."""

    NAMESPACE = "hold"
    FOOTER = (
        "hold.release",
        "hold.release_all",
        "hold.edit",
        "hold.drop",
        "hold.revert",
        "hold.toggle",
        "hold.filter",
        "hold.rules",
    )
    BINDINGS: ClassVar[list[BindingType]] = [*AnalysisScreen.BINDINGS, *HOLD_KEYS]
    DEFAULT_CSS = "HoldScreen HoldList { height: 1fr; }"

    def __init__(self, browser: MainScreen) -> None:
        super().__init__(browser)
        interfaces = self.capture.interfaces
        self.list = HoldList(interfaces[0].linktype if interfaces else 101)
        self.note = NoteLine()
        self.prompt = PromptLine()

    @property
    def holds(self) -> Holds:
        """The queue."""
        return self.browser.session.holds

    def compose(self) -> ComposeResult:
        """The title, the queue, what there is to say, the keys."""
        yield self.title_line
        yield self.list
        yield self.note
        yield self.key_line
        yield self.prompt

    def begin(self) -> None:
        """Ask what to hold, if nothing is."""
        self.list.focus()
        if self.holds.wish is None and not self.holds.waiting:
            self.action_filter()

    def pull(self) -> None:
        """Show what waits now."""
        super().pull()
        wish, refusal = self.holds.wish, self.holds.refusal
        self.list.hint = refusal or "nothing is held: i chooses what to hold"
        if wish is not None and not refusal:
            self.list.hint = f"nothing waits: packets that pass {wish.filter or 'at all'} will"
        self.list.show(self.holds.waiting)
        self.show_title()

    def title_facts(self) -> TitleFacts:
        """Return what is held, how many wait, and what becomes of them by themselves."""
        wish, waiting = self.holds.wish, self.holds.waiting
        title = "Hold off" if wish is None else f"Hold {wish}"
        details = [f"{len(waiting)} held"]
        if waiting:
            details.append(f"oldest {max(one.age for one in waiting):.1f} s")
        if wish is not None and wish.seconds is not None:
            deed = "released" if wish.then == "release" else "dropped"
            details.append(f"each {deed} after {wish.seconds:g} s")
        return TitleFacts(title, tuple(details))

    @property
    def is_settled(self) -> bool:
        """There is nothing to count."""
        return True

    # --- verdicts

    def action_verdict(self, verdict: str) -> None:
        """Give a verdict on the packet under the cursor."""
        selected = self.list.selected
        if selected is None:
            self.note.show(f"{verdict}: nothing waits", "muted")
        else:
            self.holds.give_verdict((selected.packet.identity,), verdict)

    def action_release_all(self) -> None:
        """Let everything go."""
        if self.holds.waiting:
            self.holds.give_verdict(None, "release")
        else:
            self.note.show("release: nothing waits", "muted")

    def action_edit(self) -> None:
        """Edit the packet under the cursor; the editor releases it."""
        selected = self.list.selected
        if selected is not None:
            self.browser.edit_held(selected)

    def on_virtual_list_row_chosen(self) -> None:
        """Edit it."""
        self.action_edit()

    def action_toggle_hold(self) -> None:
        """Hold nothing new, or again what was held."""
        self.browser.action_toggle_hold()

    def action_filter(self) -> None:
        """Ask what to hold."""
        if self.holds.refusal:
            self.note.show(f"hold: {self.holds.refusal}", "muted")
            return
        wish = self.holds.wish or self.browser.last_wish
        self.prompt.ask("hold", _LABEL, "" if wish is None else str(wish))

    def action_rules(self) -> None:
        """Show the rules that packets follow; the chosen one is taken away."""
        from tunscope.tui.screens.choice import ChoiceScreen

        rules = list(self.holds.rules)
        if not rules:
            self.note.show("there are no rules (R in the editor makes one of an edit)", "muted")
            return

        def chosen(place: int | None) -> None:
            if place is not None and list(self.holds.rules) == rules:
                self.holds.remove_rule(place)

        choices = [(f"{place}  {printable(rule)}", "") for place, rule in enumerate(rules, 1)]
        self.app.push_screen(ChoiceScreen("Rules: Enter takes one away", choices), chosen)

    def on_prompt_line_answered(self, event: PromptLine.Answered) -> None:
        """Hold what passes the filter; what is wrong with it stays to be mended."""
        event.stop()
        self.list.focus()
        text = event.text.strip()
        if not text:
            return
        wish = (self.holds.wish or HoldWish("")).worded(text)

        def answered(problem: str) -> None:
            if problem and self.is_attached:
                self.note.show(problem, "error")
                self.prompt.ask("hold", _LABEL, text)
            elif problem:
                self.tunscope.tell(problem, Severity.ERROR)
            else:
                self.note.show("", "muted")
                self.browser.last_wish = wish

        self.holds.set_wish(wish, answered)

    def on_prompt_line_cancelled(self) -> None:
        """Go back to the queue."""
        self.list.focus()

    def action_close(self) -> None:
        """Go one step back."""
        if self.prompt.asking:
            self.prompt.cancel()
        else:
            self.dismiss(None)
