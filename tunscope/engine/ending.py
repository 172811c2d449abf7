"""How a front end ends captures, and what became of them."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

from tunscope.engine.protocol import StoppedEvent, StopReason
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient

_END_SECONDS: Final = 10.0


def end_capture(client: EngineClient, heed: Callable[[], object]) -> StoppedEvent:
    """Have a running capture end with what has arrived, and return the engine's last word.

    `heed` polls the client, and does with the events what it likes. An output whose reader takes
    nothing is given up after a while; TunscopeError if the engine does not end even then.
    """
    if client.stopped is None:
        client.stop()
    for give_up in (client.abort, lambda: None):
        until = time.monotonic() + _END_SECONDS
        while client.stopped is None and (left := until - time.monotonic()) > 0:
            select.select([client], [], [], left)
            heed()
        if client.stopped is not None:
            return client.stopped
        give_up()
    raise TunscopeError("engine", "did not end", "the file is whole as far as it was written")


def together(first: StoppedEvent, *others: StoppedEvent) -> StoppedEvent:
    """Return the ends of captures into one output as one: the totals added up, the worst reason.

    An error is worse than a reader that went away, which is worse than the rest.
    """
    ends = (first, *others)
    worst = min(ends, key=_rank)
    return replace(worst, counters=reduce(add, (end.counters for end in ends)))


def _rank(end: StoppedEvent) -> int:
    if end.error is not None:
        return 0
    return 1 if end.reason is StopReason.READER_GONE else 2
