"""The peer that answers: everybody at the far end, as far as its services go."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from tunscope.relay.peer import PeerCounters
from tunscope.relay.responders import dns, echo, neighbours, tcp
from tunscope.relay.responders.question import Question

Responder = Callable[[Question], bytes | None]

#: All of `services.SERVICES` but dns, which wants a table.
_RESPONDERS: Final[dict[str, Responder]] = {
    "arp": neighbours.answer_arp,
    "ndp": neighbours.answer_solicitation,
    "icmp": echo.answer_ping,
    "icmpv6": echo.answer_ping6,
    "tcp-rst": tcp.answer_with_reset,
    "tcp-syn-ack": tcp.answer_with_acceptance,
    "udp-echo": echo.answer_udp_echo,
}
#: Answers that wait for the kernel to take them; more are refused.
_MOST_WAITING: Final = 4096


class RespondPeer:
    """Answers packets of `linktype` with the first service that has an answer.

    `name_service` answers questions for names, where `services` have dns.
    """

    def __init__(
        self,
        linktype: int,
        services: Collection[str],
        hosts: dns.Hosts,
        name_service: Callable[[Question, dns.Hosts], bytes | None] = dns.answer_name,
    ) -> None:
        self.counters = PeerCounters()
        self._linktype = linktype
        self._responders = [_RESPONDERS[name] for name in services if name in _RESPONDERS]
        if "dns" in services:
            self._responders.append(lambda question: name_service(question, hosts))
        self._waiting: deque[bytes] = deque()
        self._event: int | None = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int | None:
        """An eventfd, readable while answers wait."""
        return self._event

    def send(self, packet: memoryview) -> bool:
        """Take a packet; what answers it waits for `receive_into`."""
        if self._event is None or len(self._waiting) >= _MOST_WAITING:
            return False
        self.answers(packet)
        return True

    def answers(self, packet: memoryview) -> bool:
        """Whether there is an answer to the packet; it waits for `receive_into` then."""
        if self._event is None or len(self._waiting) >= _MOST_WAITING:
            return False
        question = Question.of(bytes(packet), self._linktype)
        for responder in self._responders:
            answer = responder(question)
            if answer is not None:
                if not self._waiting:
                    os.eventfd_write(self._event, 1)
                self._waiting.append(answer)
                return True
        return False

    def receive_into(self, buffer: memoryview) -> int:
        """Give the oldest answer."""
        if self._event is None or not self._waiting:
            return 0
        answer = self._waiting.popleft()
        if not self._waiting:
            os.eventfd_read(self._event)
        buffer[: len(answer)] = answer
        self.counters.responded += 1
        return len(answer)

    def news(self) -> list[str]:
        """Nothing ever happens."""
        return []

    def close(self) -> None:
        """Forget the answers that wait."""
        self._waiting.clear()
        if self._event is not None:
            os.close(self._event)
            self._event = None
