"""Which DNS query a response answers, and what is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tunscope.filter.layers.dissection import NOTE, PROTOCOL_GROUP, WARN, Dissection, Payload


@dataclass(slots=True)
class _Query:
    """A query's packet number and time, and the number of its response, 0 while it is open."""

    number: int
    ts_ns: int
    answered: int = 0


class Role(Enum):
    """What a message is in its conversation."""

    ASKS = "asks"
    ASKS_AGAIN = "asks again"
    ANSWERS = "answers"
    ANSWERS_AGAIN = "answers again"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A message's role, the packet it refers to, and the nanoseconds since then."""

    role: Role
    packet: int = 0
    elapsed_ns: int = 0


class DnsTransactions:
    """The queries of one conversation, by their identities: there are 65536 of those."""

    def __init__(self) -> None:
        self.queries: Final[dict[int, _Query]] = {}


def follow_transaction(
    dissection: Dissection, payload: Payload, identity: int, *, response: bool
) -> Transaction | None:
    """Take in a message as soon as its header is read; return what the conversation makes of it,
    None where conversations are not followed."""
    if dissection.conversations is None or payload.stream < 0:
        return None
    queries = dissection.recall(DnsTransactions, payload).queries
    query = queries.get(identity)
    number, now = dissection.number, dissection.record.ts_ns
    if not response:
        if query is None or query.answered:
            queries[identity] = _Query(number, now)
            return Transaction(Role.ASKS)
        return Transaction(Role.ASKS_AGAIN, query.number)
    if query is None:
        return Transaction(Role.UNASKED)
    if query.answered:
        return Transaction(Role.ANSWERS_AGAIN, query.answered)
    query.answered = number
    return Transaction(Role.ANSWERS, query.number, now - query.ts_ns)


def add_transaction(dissection: Dissection, transaction: Transaction) -> None:
    """Note the query that a message answers and how long that took, or that it is a repetition, or
    a response that nobody asked for."""
    add = dissection.add
    packet = transaction.packet
    match transaction.role:
        case Role.ASKS_AGAIN:
            message = f"DNS query retransmission. Original request in frame {packet}"
            dissection.expert("dns.retransmit_request", NOTE, PROTOCOL_GROUP, message)
            add("dns.retransmit_request_in", packet)
            add("dns.retransmission", 1)
        case Role.UNASKED:
            dissection.expert("", WARN, PROTOCOL_GROUP, "Unsolicited response")
            add("dns.unsolicited", 1)
        case Role.ANSWERS_AGAIN:
            message = f"DNS response retransmission. Original response in frame {packet}"
            dissection.expert("dns.retransmit_response", NOTE, PROTOCOL_GROUP, message)
            add("dns.retransmit_response_in", packet)
            add("dns.retransmission", 1)
        case Role.ANSWERS:
            add("dns.response_to", packet)
            add("dns.time", transaction.elapsed_ns)
        case _:
            pass
