"""What the screen may ask about the machine around the capture, and what it wants of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tunscope.tui.devices import DeviceChoice, Devices
    from tunscope.tui.replaying import ReplayWish
    from tunscope.tui.running_command import RunningCommand


@dataclass(frozen=True, slots=True)
class FileChoice:
    """The capture file to go on with."""

    path: Path


@dataclass(frozen=True, slots=True)
class ReplayChoice:
    """`total` packets, in a file of their own, to send on another device; `label` names them."""

    wish: ReplayWish
    label: str
    total: int
    path: Path

    @property
    def name(self) -> str:
        """The device."""
        return self.wish.device

    def discard(self) -> None:
        """Remove the file and its folder."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            self.path.parent.rmdir()


#: What to go on with when this capture has been left.
Wish: TypeAlias = "DeviceChoice | FileChoice | ReplayChoice"


def _nothing_wrong(wish: ReplayWish) -> str:
    del wish
    return ""


@dataclass(slots=True)
class Surroundings:
    """Handed in by whoever starts the screen; None where nobody can tell.

    `devices_remark` is what a person has to know of the listed devices.
    `wanted` is the screen's answer: the device to capture on when it has ended, or the file to
    show; `opens_files` says whether files can be wanted. `replay_mistake` says what is wrong with
    a replay, "" if nothing is to be seen. `command` is the one whose packets are shown, with its
    output. `told_to_end` says that a signal came when no screen was there to heed it: the screen
    ends at once, and keeps the capture.
    """

    devices: Devices | None = None
    devices_remark: str = ""
    wanted: Wish | None = None
    opens_files: bool = False
    replay_mistake: Callable[[ReplayWish], str] = _nothing_wrong
    command: RunningCommand | None = None
    told_to_end: bool = False

    def tell_to_end(self) -> None:
        """Note that a signal came."""
        self.told_to_end = True
