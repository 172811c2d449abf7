"""Display filters over packets in flight; loaded only once a rule or a hold wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.relay.rules import Predicate

#: Packets after which the conversations before are forgotten: memory grows with their number.
_PACKETS_REMEMBERED: Final = 1_000_000


def packet_predicate(text: str) -> Predicate:
    """Return whether a packet passes the filter `text`; a blank one passes all.

    The predicate is to be shown the packets in order: what a filter asks of a conversation
    (tcp.seq, a protocol on a port of its own) is told by the packets that it was shown before.
    FilterError for a mistake.
    """
    from tunscope.filter.compiled import compile_filter

    compiled = compile_filter(text)
    return _InOrder(text) if compiled.needs_conversations else compiled.matches


class _InOrder:
    """A filter together with the conversations of the packets that it has seen."""

    def __init__(self, text: str) -> None:
        from tunscope.filter.compiled import compile_filter

        self._filter = compile_filter(text)
        self._begin_anew()

    def __call__(self, record: PacketRecord) -> bool:
        self._seen += 1
        if self._seen > _PACKETS_REMEMBERED:
            self._begin_anew()
        return self._filter.matches(record, None, self._tracker)

    def _begin_anew(self) -> None:
        from tunscope.filter.conversations.tracker import ConversationTracker

        self._tracker = ConversationTracker()
        self._seen = 0
