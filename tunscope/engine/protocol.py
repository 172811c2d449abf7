"""Control protocol: one JSON object a line, requests down, answers and events up.

A request is ``{"id": 1, "op": "open", ...}`` and gets exactly one answer, ``{"id": 1, "ok": true,
"result": {...}}`` or ``{"id": 1, "ok": false, "error": {...}}``. Descriptors travel beside the
line with SCM_RIGHTS; its ``"fds"`` names them in order. Events carry ``"event"`` and no id.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self, TypeAlias

from tunscope.engine.counters import Counters
from tunscope.errors import ExitCode, TunscopeError
from tunscope.packet.direction import Direction

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
    HELD = "held"
    VERDICT = "verdict"
    EDIT = "edit"
    WATCH = "watch"
    EDITED = "edited"
    RESOLVE = "resolve"
    REPLAY = "replay"
    REPLAY_STATUS = "replay status"
    REPLAY_STOP = "replay stop"
    REPLAY_CONTROL = "replay control"
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
class HeldPacket:
    """A packet that waits in the hold queue, as it would leave.

    `identity` names it in requests, `number` is that of its record, `age` seconds at the time of
    telling, `repeats` retransmissions of it came, `copies` more leave with it. `decided` is
    "release" or "drop" while it only waits for earlier packets of its flow.
    """

    identity: int
    number: int
    direction: Direction
    ts_ns: int
    age: float
    repeats: int
    copies: int
    data: bytes
    edited: bool
    decided: str

    def to_json(self) -> Message:
        """Return it as a JSON object, bytes as hex digits."""
        return asdict(self) | {"data": self.data.hex()}

    @classmethod
    def from_json(cls, value: Message) -> Self:
        """Read it back; raises TypeError, ValueError or KeyError on anything else."""
        changed = {
            "data": bytes.fromhex(value["data"]),
            "direction": Direction(value["direction"]),
        }
        return cls(**value | changed)


@dataclass(frozen=True, slots=True)
class HoldEvent:
    """Something happened in the hold queue: a packet was held, repeated, released or dropped."""

    change: str
    packet: HeldPacket


@dataclass(frozen=True, slots=True)
class RelayEvent:
    """Somebody changed what the relay is to do: the options, as `RelayOptions.to_json` has them."""

    relay: Message


@dataclass(frozen=True, slots=True)
class AskEvent:
    """A rule wants application fields of a packet set: answer with EDITED, and soon.

    `settings` are ``NAME=VALUE`` texts; `number` goes back with the answer.
    """

    number: int
    data: bytes
    linktype: int
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoppedEvent:
    """The last word of an engine: why it ended, the final totals, the error if it was one."""

    reason: StopReason
    counters: Counters
    error: TunscopeError | None


Event: TypeAlias = (
    CountersEvent | RotatedEvent | NoticeEvent | HoldEvent | RelayEvent | AskEvent | StoppedEvent
)


def all_held(ask: Callable[[int], Message]) -> list[HeldPacket]:
    """Collect the answers of `ask`, a HELD request for what waits behind an identity."""
    found: list[HeldPacket] = []
    more = True
    while more:
        answer = ask(found[-1].identity if found else 0)
        found += map(HeldPacket.from_json, answer["packets"])
        more = answer["more"]
    return found


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
        case HoldEvent(change, packet):
            return {"event": "hold", "change": change, "packet": packet.to_json()}
        case RelayEvent(relay):
            return {"event": "relay", "relay": relay}
        case AskEvent(number, data, linktype, settings):
            return {
                "event": "ask",
                "number": number,
                "data": data.hex(),
                "linktype": linktype,
                "settings": settings,
            }
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
        case {"event": "hold", "change": change, "packet": packet}:
            return HoldEvent(change, HeldPacket.from_json(packet))
        case {"event": "relay", "relay": relay}:
            return RelayEvent(relay)
        case {"event": "ask", "number": number, "data": data, "linktype": linktype}:
            settings = tuple(map(str, message["settings"]))
            return AskEvent(int(number), bytes.fromhex(data), int(linktype), settings)
        case {"event": "stopped", "reason": reason, "counters": counters, "error": error}:
            return StoppedEvent(
                StopReason(reason),
                Counters.from_json(counters),
                decode_error(error) if error else None,
            )
    return None
