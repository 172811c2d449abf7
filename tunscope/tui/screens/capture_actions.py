"""What is said of packets and saved of the capture: comments, and which packets go where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.errors import TunscopeError
from tunscope.tui import units
from tunscope.tui.names import Names
from tunscope.tui.saving import displayed, whole
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.find_actions import FindActions
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The longest comment that fits a pcapng option, in bytes of UTF-8.
_LONGEST_COMMENT = 65535


class CaptureActions(FindActions, inherit_bindings=False):
    """A screen whose packets can be commented on and saved in part."""

    def __init__(self) -> None:
        super().__init__()
        #: The packet and which of its comments the open question is about.
        self._commenting = (0, 0)
        self._names: Names | None = None
        self._names_seen = 0

    # --- comments

    def action_comment(self) -> None:
        """Write a comment on the selected packet; where there are some, choose what to do."""
        number = self.table.selected_number
        if number is None:
            self.tunscope.tell("comment: there is no packet yet")
            return
        comments = self._comments(number)
        if comments is None:
            self.tunscope.tell(f"comment: packet {number} is no longer kept", Severity.WARNING)
            return
        if not comments:
            self._ask_comment(number, 0, "")
            return
        choices = [(f"edit comment {place + 1}", text) for place, text in enumerate(comments)]
        choices.append(("add a comment", ""))
        choices += [(f"remove comment {place + 1}", text) for place, text in enumerate(comments)]
        count = len(comments)

        def chosen(index: int | None) -> None:
            if index is None:
                return
            if index <= count:
                self._ask_comment(number, index, comments[index] if index < count else "")
            else:
                self._set_comment(number, index - count - 1, "")

        self.app.push_screen(ChoiceScreen(f"Comments on packet {number}", choices), chosen)

    def _comments(self, number: int) -> tuple[str, ...] | None:
        try:
            return self.capture.record(number).comments
        except (KeyError, OSError, TunscopeError):
            return None

    def _ask_comment(self, number: int, place: int, text: str) -> None:
        self._commenting = (number, place)
        self.prompt.ask("comment", f"Comment on packet {number} (\\n: new line)", _one_line(text))

    def _set_comment(self, number: int, place: int, text: str) -> None:
        """Put `text` in the place of a comment, or behind the last; "" removes it."""
        before = self._comments(number)
        if before is None:
            self.tunscope.tell(f"comment: packet {number} is no longer kept", Severity.WARNING)
            return
        if len(text.encode("utf-8", "replace")) > _LONGEST_COMMENT:
            self.tunscope.tell("comment: longer than 65,535 bytes, not taken", Severity.WARNING)
            return
        after = list(before)
        after[place : place + 1] = [text] if text else []
        if tuple(after) == before:
            return
        self.capture.annotations.set_comments(number, tuple(after))
        self.table.packet_changed(number)
        self.detail.packet_changed(number)
        if self.filter_bar is not None and "frame.comment" in self.filter_bar.in_force:
            self._set_filter()
        self.show_facts()

    # --- names

    def action_names(self) -> None:
        """Show names in the place of addresses and ports, or those again."""
        self.show_names(self.table.painter.names is None)
        self.tunscope.tell("names on" if self.table.painter.names else "names off")

    def show_names(self, wanted: bool) -> None:
        """Show names, or addresses and ports as they are."""
        if wanted and self._names is None:
            self._names = Names(self.capture)
            self._names.start()
        self.table.painter.names = self._names if wanted else None
        self.detail.set_names(self.table.painter.names)
        self._rename()

    def take_names(self) -> None:
        """Show names that have become known."""
        names = self.table.painter.names
        if names is not None and names.revision != self._names_seen:
            self._names_seen = names.revision
            self.detail.set_names(names)
            self._rename()

    def on_unmount(self) -> None:
        """Look for names no more."""
        if self._names is not None:
            self._names.stop()

    def _rename(self) -> None:
        self.table.painter.measure_again()
        self.table.forget_painted()

    # --- the capture as a whole

    def action_properties(self) -> None:
        """Show what there is to say of the capture."""
        from tunscope.tui.screens.properties import PropertiesScreen

        self.app.push_screen(PropertiesScreen(self.tunscope.browser))

    # --- other devices

    def action_devices(self) -> None:
        """Show the devices; the one that is chosen is captured on next."""
        devices = self.tunscope.surroundings.devices
        if devices is None:
            self.tunscope.tell("devices: there is nobody to ask about them here")
            return

        from tunscope.tui.screens.devices import DevicesScreen
        from tunscope.tui.widgets.title_line import TitleFacts

        browser = self.tunscope.browser

        def capture() -> TitleFacts:
            held = len(browser.session.holds.waiting)
            dropped = browser.status.counters.dropped
            return TitleFacts(live=browser.live, dropped=dropped, held=held)

        remark = self.tunscope.surroundings.devices_remark
        screen = DevicesScreen(devices, remark=remark, capture=capture)
        self.app.push_screen(screen, self.tunscope.capture_next)

    # --- saving

    def action_save_as(self) -> None:
        """Choose which packets to save, then ask where to."""
        marks = sorted(n for n in self.table.painter.marks if n >= self.capture.first_number)
        shown, everything = displayed(self.view), whole(self.capture)
        if not everything:
            self.tunscope.tell("save: there are no packets yet", Severity.WARNING)
            return
        choices = [
            ("displayed", units.packets(len(shown))),
            ("marked", units.packets(len(marks))),
            ("all", units.packets(len(everything))),
            ("a range", "by packet numbers, as in 1-100, 205, 300-"),
        ]

        def chosen(index: int | None) -> None:
            if index is None:
                return
            if index == len(choices) - 1:
                last = everything[-1]
                self.prompt.ask("range", "Save packets", f"{everything[0]}-{last}")
            else:
                self._ask_where((shown, marks, everything)[index], choices[index][0])

        self.app.push_screen(ChoiceScreen("Save which packets?", choices), chosen)

    def _ask_where(self, numbers: Sequence[int], which: str) -> None:
        if not numbers:
            self.tunscope.tell(f"save: no packet is {which}", Severity.WARNING)
            return
        self.tunscope.saving.chosen = numbers
        label = f"Save {units.packets(len(numbers))} to"
        self.prompt.ask("save chosen", label, self.tunscope.suggested_path())

    def _range_chosen(self, text: str) -> None:
        from tunscope.tui.packet_ranges import parse_ranges

        try:
            numbers = parse_ranges(text, self.capture.first_number, self.capture.count)
        except TunscopeError as error:
            self.tunscope.tell(str(error), Severity.WARNING)
            return
        self._ask_where(numbers, "in the range")

    async def _answered(self, topic: str, text: str) -> None:
        match topic:
            case "comment":
                self._set_comment(*self._commenting, _with_lines(text))
            case "range":
                self._range_chosen(text)
            case "save and switch":
                self.tunscope.saving.save_all_then(text, self.tunscope.switch)
            case "save chosen":
                self.tunscope.saving.save_chosen(text)
            case _:
                await super()._answered(topic, text)


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\n", "\\n")


def _with_lines(text: str) -> str:
    """Undo `_one_line`."""
    return "\\".join(piece.replace("\\n", "\n") for piece in text.split("\\\\"))
