"""Control protocol: one JSON object a line, requests down, answers and events up.

A request is ``{"id": 1, "op": "open", ...}`` and gets exactly one answer, ``{"id": 1, "ok": true,
"result": {...}}`` or ``{"id": 1, "ok": false, "error": {...}}``. Descriptors travel beside the
line with SCM_RIGHTS; its ``"fds"`` names them in order. Events carry ``"event"`` and no id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from tunscope.engine.counters import Counters
from tunscope.errors import ExitCode, TunscopeError

Message: TypeAlias = dict[str, Any]

#: A longer line is answered with an error and thrown away.
MAXIMUM_LINE: Final = 1 << 20


class Op(StrEnum):
    """What may be asked of an engine."""

    OPEN = "open"
    START = "start"
    STOP = "stop"
    FILTER = "filter"
    STATISTICS = "statistics"
    OUTPUT = "output"
    DESCRIBE = "describe"
    INJECT = "inject"
    COPY = "copy"
    LISTEN = "listen"
    RELAY = "relay"
    STAY = "stay"


class StopReason(StrEnum):
    """Why a capture ended."""

    ASKED = "asked"
    LIMIT = "limit"
    DEVICE_GONE = "device gone"
    DISK_FULL = "disk full"
    READER_GONE = "reader gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CountersEvent:
    """Running totals, once a second and on request."""

    counters: Counters


@dataclass(frozen=True, slots=True)
class RotatedEvent:
    """An output file was finished, with so many packets and bytes, and the next one begun."""

    packets: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """Something about the device that a person should know; also kept in the capture file."""

    text: str


@dataclass(frozen=True, slots=True)
class StoppedEvent:
    """The last word of an engine: why it ended, the final totals, the error if it was one."""

    reason: StopReason
    counters: Counters
    error: TunscopeError | None


Event: TypeAlias = CountersEvent | RotatedEvent | NoticeEvent | StoppedEvent


def encode_line(message: Message) -> bytes:
    """Return `message` as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode_line(line: bytes) -> Message:
    """Return the object in `line`; raise TunscopeError if it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TunscopeError("control line", f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise TunscopeError("control line", "not a JSON object")
    return message


def encode_error(error: TunscopeError) -> Message:
    """Return what the front end needs to tell the error as its own."""
    return {
        "what": error.what,
        "why": error.why,
        "hint": error.hint,
        "exit": int(error.exit_code),
    }


def decode_error(value: Message) -> TunscopeError:
    """Read an error back."""
    return TunscopeError(value["what"], value["why"], value["hint"], ExitCode(value["exit"]))


def encode_event(event: Event) -> Message:
    """Return `event` as a JSON object."""
    match event:
        case CountersEvent(counters):
            return {"event": "counters", "counters": counters.to_json()}
        case RotatedEvent(packets, nbytes):
            return {"event": "rotated", "packets": packets, "bytes": nbytes}
        case NoticeEvent(text):
            return {"event": "notice", "text": text}
        case StoppedEvent(reason, counters, error):
            return {
                "event": "stopped",
                "reason": reason,
                "counters": counters.to_json(),
                "error": encode_error(error) if error else None,
            }


def decode_event(message: Message) -> Event | None:
    """Read an event back; None for one that this front end does not know."""
    match message:
        case {"event": "counters", "counters": counters}:
            return CountersEvent(Counters.from_json(counters))
        case {"event": "rotated", "packets": packets, "bytes": nbytes}:
            return RotatedEvent(packets, nbytes)
        case {"event": "notice", "text": text}:
            return NoticeEvent(text)
        case {"event": "stopped", "reason": reason, "counters": counters, "error": error}:
            return StoppedEvent(
                StopReason(reason),
                Counters.from_json(counters),
                decode_error(error) if error else None,
            )
    return None
