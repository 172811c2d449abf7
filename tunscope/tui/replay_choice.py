"""Which packets of the capture are to be replayed, as a person says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError, UsageError
from tunscope.tui import units
from tunscope.tui.packet_ranges import parse_ranges
from tunscope.tui.replaying import ReplayPackets
from tunscope.tui.saving import displayed, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tunscope.index.capture import CaptureIndex
    from tunscope.packet.record import PacketRecord
    from tunscope.tui.screens.main import MainScreen

#: What can be said besides numbers as in 1-100, 205.
CHOICES: Final = ("displayed", "selected", "conversation", "marked", "all")


def usual_choice(browser: MainScreen) -> str:
    """Return what is probably meant: the marked packets, if there are any."""
    return "marked" if browser.table.painter.marks else "displayed"


def check_choice(browser: MainScreen, text: str) -> None:
    """Raise UsageError where `chosen_numbers` would; looks at no more than it must."""
    choice = text.strip().lower()
    if choice == "displayed" and len(browser.view):
        _check_filter(browser)
    elif choice != "all":
        chosen_numbers(browser, text)


def chosen_numbers(browser: MainScreen, text: str) -> Sequence[int]:
    """Return the packets that `text` means now, ascending; UsageError if there are none."""
    found = _numbers(browser, text.strip().lower())
    if not found:
        raise UsageError(f"packets {text}", "there are none")
    return found


def replay_packets(browser: MainScreen, numbers: Sequence[int]) -> ReplayPackets:
    """Return these packets of the capture, ready to be read."""
    capture, title = browser.capture, browser.session.title.name
    name = title if len(numbers) == capture.count else f"{units.packets(len(numbers))} of {title}"
    return ReplayPackets(name, len(numbers), lambda: _records(capture, numbers))


def _numbers(browser: MainScreen, text: str) -> Sequence[int]:
    capture, view, selected = browser.capture, browser.view, browser.table.selected_number
    match text:
        case "displayed":
            _check_filter(browser)
            return sorted(displayed(view))
        case "selected":
            return () if selected is None else (selected,)
        case "marked":
            return sorted(n for n in browser.table.painter.marks if n >= capture.first_number)
        case "all":
            return whole(capture)
        case "conversation":
            return _conversation(capture, selected)
    return parse_ranges(text, capture.first_number, capture.count)


def _check_filter(browser: MainScreen) -> None:
    if browser.view.progress < 1:
        raise UsageError("packets", "the display filter is still at work", "wait for it")


def _conversation(capture: CaptureIndex, selected: int | None) -> Sequence[int]:
    from tunscope.index.flow_rows import flow_of_row, rows_of_flow

    flow = 0 if selected is None else flow_of_row(capture, selected - 1)
    if not flow:
        raise UsageError("conversation", "the selected packet is neither TCP nor UDP")
    return [row + 1 for row in rows_of_flow(capture, flow)]


def _records(capture: CaptureIndex, numbers: Sequence[int]) -> Iterator[tuple[int, PacketRecord]]:
    for number in numbers:
        try:
            yield number, capture.record(number)
        except KeyError:
            raise TunscopeError("replay", f"packet {number} is no longer kept") from None
