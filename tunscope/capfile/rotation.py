"""When a capture stops (`-a`) and when it goes on in the next file (`-b`), as dumpcap has it. Pure.

Sizes given by a person count kilobytes of 1000 bytes, as dumpcap's do; the values here are bytes
and seconds.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tunscope.errors import UsageError

_KILOBYTE: Final = 1000
_MAX_COUNT: Final = 0xFFFFFFFF
#: The number in a file name has five digits and starts again after this many files.
_NAME_NUMBERS: Final = 100_000
_DECIMAL: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class StopConditions:
    """The capture ends at the first of these that is reached; None never is.

    `packets` written in all, `duration` in seconds, `files` written to the end. `filesize` in
    bytes ends the capture where there is one file, and only that file where `-b` rotates.
    """

    packets: int | None = None
    duration: float | None = None
    filesize: int | None = None
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """The capture goes on in a new file at the first of these that is reached; None never is.

    `filesize` in bytes, `duration` in seconds since the file began, `interval` in whole seconds:
    at every wall clock time that it divides, `packets` in the file. `files` keeps only that many
    files, the newest; None keeps all. `printname` is where the name of each finished file goes:
    "stdout", "stderr" or a path. `time_first` puts the time before the number in file names.
    """

    filesize: int | None = None
    duration: float | None = None
    interval: int | None = None
    packets: int | None = None
    files: int | None = None
    printname: str | None = None
    time_first: bool = False

    @property
    def rotates(self) -> bool:
        """Whether anything at all starts a new file."""
        limits = (self.filesize, self.duration, self.interval, self.packets)
        return any(limit is not None for limit in limits)

    def switch_time(self, opened: float) -> float | None:
        """Return when a file opened at `opened` gives way to the next one by the clock alone.

        Both are seconds since 1970; None if only packets or bytes can end the file.
        """
        times = []
        if self.duration is not None:
            times.append(opened + self.duration)
        if self.interval is not None:
            times.append((math.floor(opened / self.interval) + 1) * float(self.interval))
        return min(times, default=None)


class RingOfFiles:
    """The names of a rotated capture, in their order, and which of them have to go.

    `x.pcapng` becomes `x_00001_20260131142500.pcapng` and so on, with local time, as dumpcap
    names them. Nothing is created or removed here.
    """

    def __init__(self, path: Path, rotation: Rotation) -> None:
        self._path = path
        self._rotation = rotation
        self._number = 0
        self._kept: deque[Path] = deque()

    def next_name(self, now: datetime) -> Path:
        """Return the name of the next file, which opens at local time `now`."""
        self._number += 1
        number = f"{self._number % _NAME_NUMBERS:05d}"
        time = now.strftime("%Y%m%d%H%M%S")
        first, second = (time, number) if self._rotation.time_first else (number, time)
        stem, dot, suffix = self._path.name.rpartition(".")
        if not dot:
            stem, suffix = suffix, ""
        name = self._path.with_name(f"{stem}_{first}_{second}{dot}{suffix}")
        self._kept.append(name)
        return name

    def surplus(self) -> list[Path]:
        """Return the oldest files beyond those to keep, each once: they are to be removed."""
        if self._rotation.files is None:
            return []
        removed = []
        while len(self._kept) > self._rotation.files:
            removed.append(self._kept.popleft())
        return removed

    @property
    def opened(self) -> int:
        """How many files have been named so far."""
        return self._number

    @property
    def kept(self) -> tuple[Path, ...]:
        """The files that remain, oldest first; the last one is being written."""
        return tuple(self._kept)


def parse_stop_condition(text: str) -> StopConditions:
    """Return what one `-a` option says: duration:S, filesize:KB, packets:N or files:N.

    A condition that is unknown, or a value that is no positive number, raises UsageError.
    """
    key, value = _split("-a", text)
    match key:
        case "duration":
            return StopConditions(duration=_seconds("-a", text, value))
        case "filesize":
            return StopConditions(filesize=_count("-a", text, value) * _KILOBYTE)
        case "packets":
            return StopConditions(packets=_count("-a", text, value))
        case "files":
            return StopConditions(files=_count("-a", text, value))
    raise UsageError(f"-a {text}", "no such condition", "duration:, filesize:, packets: or files:")


def parse_stop_conditions(texts: Sequence[str]) -> StopConditions:
    """Return all `-a` options as one; of a condition given twice the last one counts."""
    merged: dict[str, Any] = {}
    for text in texts:
        condition = parse_stop_condition(text)
        for field in fields(condition):
            value = getattr(condition, field.name)
            if value is not None:
                merged[field.name] = value
    return StopConditions(**merged)


def parse_rotation(texts: Sequence[str]) -> Rotation:
    """Return all `-b` options as one; of an option given twice the last one counts.

    Raises UsageError for an option that is unknown, for a value that is no positive number, and
    if options are given but none of them ever starts a new file.
    """
    filesize = interval = packets = files = None
    duration: float | None = None
    printname: str | None = None
    time_first = False
    for text in texts:
        key, value = _split("-b", text)
        match key:
            case "filesize":
                filesize = _count("-b", text, value) * _KILOBYTE
            case "duration":
                duration = _seconds("-b", text, value)
            case "interval":
                interval = _count("-b", text, value)
            case "packets":
                packets = _count("-b", text, value)
            case "files":
                files = _count("-b", text, value)
            case "printname":
                printname = "stdout" if value == "-" else value
            case "nametimenum":
                if value not in ("1", "2"):
                    raise UsageError(f"-b {text}", "1 is number and time, 2 time and number")
                time_first = value == "2"
            case _:
                raise UsageError(
                    f"-b {text}",
                    "no such option",
                    "duration:, filesize:, interval:, packets:, files:, printname:, nametimenum:",
                )
    rotation = Rotation(filesize, duration, interval, packets, files, printname, time_first)
    if texts and not rotation.rotates:
        raise UsageError(
            f"-b {texts[-1]}",
            "nothing says when the next file starts",
            "add -b duration:, filesize:, interval: or packets:",
        )
    return rotation


def _split(option: str, text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not colon or not value.strip():
        raise UsageError(f"{option} {text}", "a condition has a name, a colon and a value")
    return key, value.strip()


def _count(option: str, text: str, value: str) -> int:
    if not _DECIMAL.fullmatch(value):
        raise UsageError(f"{option} {text}", f"{value} is not a whole number")
    # Twenty digits are beyond any limit; more of them need not be converted to know it.
    number = int(value[:20])
    if not 0 < number <= _MAX_COUNT:
        raise UsageError(f"{option} {text}", f"{value} is not between 1 and {_MAX_COUNT}")
    return number


def _seconds(option: str, text: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        raise UsageError(f"{option} {text}", f"{value} is not a number of seconds") from None
    if not 0 < seconds < math.inf:
        raise UsageError(f"{option} {text}", f"{value} is not a positive number of seconds")
    return seconds
