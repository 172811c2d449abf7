"""What an HTTP connection remembers: which response answers which request."""

from __future__ import annotations

from dataclasses import dataclass, field

from tunscope.filter.layers.dissection import Dissection


@dataclass(slots=True)
class _Exchange:
    """A request and its response: packet numbers, 0 for none, and the request's time."""

    number: int = 0
    request: int = 0
    request_ns: int = 0
    response: int = 0


@dataclass(slots=True)
class HttpConversation:
    """One connection: its last two exchanges, and what the last request asked for."""

    exchange: _Exchange = field(default_factory=_Exchange)
    previous: _Exchange = field(default_factory=_Exchange)
    asked: bool = False
    method: str = ""
    uri: str = ""
    #: The last whole address asked for: requests without a host do not change it.
    full_uri: str = ""
    #: Where a proxy's connection leads, `host:port`, once the proxy agreed.
    tunnel: str = ""
    #: The protocol that took over, in lower case.
    upgraded: str = ""

    def add_request(self, dissection: Dissection) -> None:
        """Take in a request and note its number and the request before."""
        self.asked = True
        self._next()
        self.exchange.request = dissection.number
        self.exchange.request_ns = dissection.record.ts_ns
        dissection.add("http.request_number", self.exchange.number)
        self._add_previous(dissection)

    def add_response(self, dissection: Dissection) -> None:
        """Take in a response and note what it answers, and how long that took."""
        if self.exchange.response or not self.exchange.number:
            self._next()
        exchange = self.exchange
        exchange.response = dissection.number
        add = dissection.add
        add("http.response_number", exchange.number)
        if exchange.request:
            add("http.time", dissection.record.ts_ns - exchange.request_ns)
        self._add_previous(dissection)
        if self.previous.response:
            add("http.prev_response_in", self.previous.response)
        if exchange.request:
            add("http.request_in", exchange.request)
        if self.full_uri or self.uri:
            add("http.response_for.uri", self.full_uri or self.uri)

    def _next(self) -> None:
        self.previous, self.exchange = self.exchange, _Exchange(self.exchange.number + 1)

    def _add_previous(self, dissection: Dissection) -> None:
        if self.previous.request:
            dissection.add("http.prev_request_in", self.previous.request)
