"""Display filters over packets in flight; loaded only once a rule or a hold wants one."""

from __future__ import annotations

from collections.abc import Callable

from tunscope.errors import UsageError
from tunscope.packet.record import PacketRecord


def packet_predicate(text: str) -> Callable[[PacketRecord], bool]:
    """Return whether a single packet passes the filter `text`; a blank one passes all.

    FilterError for a mistake, UsageError for what only whole conversations tell.
    """
    from tunscope.filter.compiled import compile_filter

    compiled = compile_filter(text)
    if compiled.needs_conversations:
        raise UsageError(text, "asks for what only the packets before tell", "tcp.seq_raw does not")
    return compiled.matches
