"""The inject request: packets to send now, and what became of each."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import Any, Final

from tunscope.engine.capture import Capture
from tunscope.engine.protocol import Message, encode_error
from tunscope.engine.source import Side
from tunscope.engine.tun_port import TunPort
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction

_MAX_PACKETS: Final = 512
_MAX_SIZE: Final = 0xFFFF + 18


def inject(capture: Capture, message: Message) -> dict[str, Any]:
    """Send the request's packets in order; a refused one does not stop the others.

    ``{"packets": [HEX, ...], "side": "kernel"|"wire", "comments": [TEXT, ...],
    "packet_id": N}``, the last two if wanted (one "comment" will do as well), and beside it
    perhaps the descriptor "through" of whoever owns the device, with ``packet_info`` and
    ``vnet_header_size`` for what that device wants in front of a packet. The result
    has for each packet its ``number`` in the capture (None where the device itself will show it),
    or its ``error``.
    """
    packets = [bytes.fromhex(text) for text in message["packets"]]
    side = Side(message["side"])
    comment = message.get("comment", f"tunscope: injected ({side} side)")
    said = _Said(tuple(map(str, message.get("comments", [comment]))), _packet_id(message))
    if not 0 < len(packets) <= _MAX_PACKETS:
        raise UsageError("inject", f"takes 1 to {_MAX_PACKETS} packets at a time")
    if any(not 0 < len(packet) <= _MAX_SIZE for packet in packets):
        raise UsageError("inject", f"a packet has 1 to {_MAX_SIZE} bytes")
    with contextlib.ExitStack() as held:
        through = None
        if "through" in message["fds"]:
            fd = message["fds"].pop("through")
            held.callback(os.close, fd)
            through = TunPort(
                fd,
                packet_info=bool(message["packet_info"]),
                vnet_header_size=int(message["vnet_header_size"]),
            )
        return {"results": [_one(capture, packet, side, through, said) for packet in packets]}


def _one(
    capture: Capture, packet: bytes, side: Side, through: TunPort | None, said: _Said
) -> dict[str, Any]:
    try:
        unseen = capture.source.inject(packet, side, through)
    except TunscopeError as error:
        return {"error": encode_error(error)}
    capture.counters.injected += 1
    if not unseen:
        return {"number": None}
    direction = Direction.IN if side is Side.KERNEL else Direction.OUT
    now = time.time_ns()
    return {"number": capture.record(packet, now, direction, said.comments, said.packet_id)}


@dataclass(frozen=True, slots=True)
class _Said:
    """What the capture says about the packets of a request."""

    comments: tuple[str, ...]
    packet_id: int | None


def _packet_id(message: Message) -> int | None:
    value = message.get("packet_id")
    if value is not None and not 0 <= int(value) < 1 << 64:
        raise UsageError("packet_id", "has 64 bits")
    return None if value is None else int(value)
