"""What the screen may ask about the machine around the capture, and what it wants of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tunscope.tui.devices import DeviceChoice, Devices


@dataclass(frozen=True, slots=True)
class FileChoice:
    """The capture file to go on with."""

    path: Path


@dataclass(slots=True)
class Surroundings:
    """Handed in by whoever starts the screen; None where nobody can tell.

    `wanted` is the screen's answer: the device to capture on when it has ended, or the file to
    show; `opens_files` says whether files can be wanted.
    """

    devices: Devices | None = None
    wanted: DeviceChoice | FileChoice | None = None
    opens_files: bool = False
