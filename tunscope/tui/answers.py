"""Which later packet of a capture answers one of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError
from tunscope.packet.flow import Echo, answered_flows, echo_of, flow_of

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex

#: Packets that are looked at for one answer.
REACH: Final = 20_000


def next_answer(capture: CaptureIndex, question: int, after: int) -> int | None:
    """Return the first packet behind `after` that goes the way back, or is an error about it.

    An echo request is answered by its own reply, and nothing answers a reply.
    None if none of the `REACH` packets behind `after` does. KeyError: `question` is not kept.
    """
    asked = capture.record(question)
    flow = flow_of(asked.data, asked.linktype)
    echo = echo_of(asked.data, asked.linktype)
    if flow is None or (echo is not None and not echo.request):
        return None
    for number in range(after + 1, min(after + REACH, capture.count) + 1):
        try:
            record = capture.record(number)
        except (KeyError, OSError, TunscopeError):
            continue
        if flow in answered_flows(record.data, record.linktype) and (
            echo is None
            or echo_of(record.data, record.linktype) in {None, Echo(False, echo.sequence)}
        ):
            return number
    return None
