"""Which DNS query a response answers, and what is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.filter.layers.dissection import NOTE, PROTOCOL_GROUP, WARN, Dissection, Payload


@dataclass(slots=True)
class _Query:
    """A query's packet number and time, and the number of its response, 0 while it is open."""

    number: int
    ts_ns: int
    answered: int = 0


class DnsTransactions:
    """The queries of one conversation, by their identities: there are 65536 of those."""

    def __init__(self) -> None:
        self.queries: Final[dict[int, _Query]] = {}


def add_transaction(
    dissection: Dissection, payload: Payload, identity: int, *, response: bool
) -> None:
    """Note what the conversation says of a message: the query it answers and how long that took,
    or that it is a repetition, or a response that nobody asked for."""
    if dissection.conversations is None or payload.stream < 0:
        return
    queries = dissection.recall(DnsTransactions, payload).queries
    query = queries.get(identity)
    number, now = dissection.number, dissection.record.ts_ns
    add = dissection.add
    if not response:
        if query is None or query.answered:
            queries[identity] = _Query(number, now)
            return
        message = f"DNS query retransmission. Original request in frame {query.number}"
        dissection.expert("dns.retransmit_request", NOTE, PROTOCOL_GROUP, message)
        add("dns.retransmit_request_in", query.number)
        add("dns.retransmission", 1)
    elif query is None:
        dissection.expert("", WARN, PROTOCOL_GROUP, "Unsolicited response")
        add("dns.unsolicited", 1)
    elif query.answered:
        message = f"DNS response retransmission. Original response in frame {query.answered}"
        dissection.expert("dns.retransmit_response", NOTE, PROTOCOL_GROUP, message)
        add("dns.retransmit_response_in", query.answered)
        add("dns.retransmission", 1)
    else:
        query.answered = number
        add("dns.response_to", query.number)
        add("dns.time", now - query.ts_ns)
