"""Requests about held packets: list them, give verdicts, edit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tunscope.engine.protocol import HeldPacket, Message
from tunscope.errors import UsageError

if TYPE_CHECKING:
    from tunscope.engine.inline import InlineRelay
    from tunscope.relay.hold import Held

_MAX_SIZE: Final = 0xFFFF + 18
#: Packets whose bytes one answer carries at most: a line has 1 MiB.
_MOST_BYTES: Final = 400_000


def held_packet(held: Held, now: float) -> HeldPacket:
    """Return what a person wants to know of a packet that waits."""
    return HeldPacket(
        identity=held.identity,
        number=held.number,
        direction=held.passing.direction,
        ts_ns=held.passing.ts_ns,
        age=now - held.since,
        repeats=held.repeats,
        copies=held.passing.copies,
        data=held.data,
        edited=held.edited,
        decided=held.decided,
    )


def list_held(inline: InlineRelay, message: Message, now: float) -> dict[str, Any]:
    """Answer ``{"after": IDENTITY}`` with the packets that wait behind that one, oldest first.

    ``more`` says that the answer has no room for all of them.
    """
    after, size = int(message.get("after", 0)), 0
    packets: list[Message] = []
    for held in inline.pipeline.hold.waiting():
        if held.identity > after:
            size += len(held.data)
            if size > _MOST_BYTES and packets:
                return {"packets": packets, "more": True}
            packets.append(held_packet(held, now).to_json())
    return {"packets": packets, "more": False}


def give_verdict(inline: InlineRelay, message: Message) -> dict[str, Any]:
    """Carry out ``{"ids": [...]|null, "verdict": ...}``, null meaning all; tell how many it met.

    Verdicts: release, drop; revert (forget the edit) and duplicate let it go on waiting.
    """
    verdict, hold = str(message["verdict"]), inline.pipeline.hold
    wanted = message["ids"]
    ids = [held.identity for held in hold.waiting()] if wanted is None else list(map(int, wanted))
    met = 0
    for identity in ids:
        held = hold.get(identity)
        if held is None:
            continue
        met += 1
        match verdict:
            case "release" | "drop":
                inline.pipeline.decide(identity, verdict)
            case "revert":
                held.data = held.passing.data
            case "duplicate":
                held.passing.copies = min(held.passing.copies + 1, 16)
            case _:
                raise UsageError("verdict", f"{verdict!r} is none")
    if wanted is not None and not met:
        raise UsageError("hold", "no such packet waits (any more)")
    return {"count": met}


def edit_held(inline: InlineRelay, message: Message) -> dict[str, Any]:
    """Replace the bytes of a held packet: ``{"held": IDENTITY, "data": HEX, "release": BOOL}``."""
    held = inline.pipeline.hold.get(int(message["held"]))
    if held is None:
        raise UsageError("hold", "no such packet waits (any more)")
    data = bytes.fromhex(message["data"])
    if not 0 < len(data) <= _MAX_SIZE:
        raise UsageError("hold", f"a packet has 1 to {_MAX_SIZE} bytes")
    held.data = data
    if message.get("release", False):
        inline.pipeline.decide(held.identity, "release")
    return {}
