"""From the packet list to a replay, and its pane."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tunscope.errors import TunscopeError
from tunscope.tui.answer_count import AnswerCount
from tunscope.tui.screens.hold_actions import HoldActions
from tunscope.tui.session import Severity
from tunscope.tui.surroundings import ReplayChoice
from tunscope.tui.widgets.replay_pane import ReplayPane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.tui.replaying import ReplayWish
    from tunscope.tui.saving import SaveResult
    from tunscope.tui.screens.replay import ReplayAnswer


class ReplayActions(HoldActions, inherit_bindings=False):
    """A packet browser whose packets can be sent again."""

    replay_pane: ReplayPane

    def __init__(self) -> None:
        super().__init__()
        self._last_answer: ReplayAnswer | None = None
        self._answers: AnswerCount | None = None
        self._wants_controls = False

    def action_replay(self) -> None:
        """Go to the controls of the replay that runs; otherwise ask for one."""
        pane = self.replay_pane
        if pane.runs:
            pane.focus()
        else:
            self.ask_for_replay()

    def ask_for_replay(self) -> None:
        """Ask which packets are sent where and how."""
        from tunscope.tui.replay_choice import usual_choice
        from tunscope.tui.replaying import ReplayWish
        from tunscope.tui.screens.replay import ReplayAnswer, ReplayScreen

        if not self.capture.count:
            self.tunscope.tell("replay: there are no packets yet")
            return
        here = "" if self.session.replays.refusal else self.session.title.name
        last = self._last_answer
        initial = last or ReplayAnswer(usual_choice(self.tunscope.browser), ReplayWish(here))
        devices = self.tunscope.surroundings.devices
        if devices is not None:
            devices.watch()

        def chosen(answer: ReplayAnswer | None) -> None:
            if devices is not None:
                devices.rest()
            if answer is not None:
                self._last_answer = answer
                self._replay(answer)

        screen = ReplayScreen(initial, lambda: self._devices(here), self._replay_mistake)
        self.app.push_screen(screen, chosen)

    def _devices(self, here: str) -> Sequence[str]:
        devices = self.tunscope.surroundings.devices
        rows = () if devices is None else devices.rows()
        names = [row.name for row in rows if row.capturable and row.name != here]
        return [here, *names] if here else names

    def _replay_mistake(self, answer: ReplayAnswer) -> str:
        from tunscope.tui.devices import DeviceChoice
        from tunscope.tui.replay_choice import check_choice

        surroundings, wish = self.tunscope.surroundings, answer.wish
        try:
            check_choice(self.tunscope.browser, answer.packets)
            wish.words()
        except TunscopeError as error:
            return str(error)
        if not wish.device:
            return "device: say where (Tab offers those there are)"
        if wish.device != self.session.title.name:
            if surroundings.devices is None:
                return f"{wish.device}: other devices cannot be reached from here"
            if mistake := surroundings.devices.mistake(DeviceChoice(wish.device)):
                return mistake
        elif self.session.replays.refusal:
            return f"replay: {self.session.replays.refusal}"
        return surroundings.replay_mistake(wish)

    def _replay(self, answer: ReplayAnswer) -> None:
        from tunscope.tui.replay_choice import chosen_numbers, replay_packets

        browser, wish = self.tunscope.browser, answer.wish
        try:
            numbers = chosen_numbers(browser, answer.packets)
        except TunscopeError as error:
            self.tunscope.tell(str(error), Severity.WARNING)
            return
        packets = replay_packets(browser, numbers)
        if wish.device == self.session.title.name:
            first = self.capture.count + 1
            self._wants_controls = True
            self.session.replays.start(wish, packets)
            self._count_answers(first)
        else:
            self._replay_elsewhere(wish, packets.name, numbers)

    def _replay_elsewhere(self, wish: ReplayWish, name: str, numbers: Sequence[int]) -> None:
        """Take the packets along to a capture on another device."""
        from tunscope.tui.screens.save import SaveScreen

        folder = Path(tempfile.mkdtemp(prefix="tunscope-replay-"))
        choice = ReplayChoice(wish, name, len(numbers), folder / "packets.pcapng")

        def saved(result: SaveResult | None) -> None:
            if result is not None and result.complete:
                self.tunscope.capture_next(choice)
                return
            choice.discard()
            if result is not None:
                self.tunscope.tell(f"replay: {result.text}", result.severity)

        self.app.push_screen(SaveScreen(self.capture, numbers, choice.path), saved)

    # --- the pane

    def _count_answers(self, first: int) -> None:
        """Count the answers from packet number `first` on."""
        if self._answers is not None:
            self._answers.stop()
        replays = self.session.replays
        self._answers = AnswerCount(
            self.capture, lambda: replays.flows, first, owned=self.session.owned
        )
        self._answers.start()

    def show_replay(self) -> None:
        """Bring the pane up to date; one that begins paused has the keys at once."""
        progress, pane = self.session.replays.progress, self.replay_pane
        if progress is None and pane.progress is None:
            return
        if self._answers is None:  # it was asked for elsewhere
            self._count_answers(1)
        begins = pane.progress is None
        known = self._answers is not None and bool(self.session.replays.flows)
        pane.show(progress, self._answers.number if known and self._answers else None)
        paused = progress is not None and progress.state == "paused"
        if begins and (self._wants_controls or paused):
            self._wants_controls = False
            self.call_after_refresh(pane.focus)

    def on_replay_pane_seek_asked(self) -> None:
        """Ask where to go."""
        self.prompt.ask("replay seek", "Go on with packet (1 is the first; or as in 50%)")

    def on_replay_pane_closed(self) -> None:
        """Nothing is shown any more."""
        self.table.focus()
        self.show_replay()

    async def _answered(self, topic: str, text: str) -> None:
        if topic == "replay seek":
            self._seek(text)
        else:
            await super()._answered(topic, text)

    def _seek(self, text: str) -> None:
        progress, number = self.replay_pane.progress, text.removesuffix("%").strip()
        if progress is None or not (number.isascii() and number.isdecimal()):
            self.tunscope.tell(f"replay: {text} is neither a packet nor a share", Severity.WARNING)
            return
        place = int(number[:15]) - 1
        if text.endswith("%"):
            place = progress.a_pass * min(100, place + 1) // 100
        self.session.replays.control("seek", max(0, place))
        self.replay_pane.focus()

    def on_unmount(self) -> None:
        """Count answers no more."""
        super().on_unmount()
        if self._answers is not None:
            self._answers.stop()
