"""Display filters as the filter bar needs them: Wireshark's language over the index's columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tunscope.tui.filter_language import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.filter.compiled import DisplayFilter
    from tunscope.index.filtering import Predicate

#: The word before the cursor, if it can be a field.
_LAST_WORD: Final = re.compile(r"(?<![\w.])[a-z_][\w.]*$")
#: A field compared with a word: what is being typed is one of its value names.
_VALUE: Final = re.compile(r"([a-z_][\w.]*)\s*(?:==|!=|eq|ne)\s*(\"?[A-Za-z][\w .-]*)$")

#: What is proposed before all others, the more usual first.
_USUAL: Final = (
    "tcp", "udp", "ip", "ipv6", "arp", "icmp", "icmpv6", "dns", "http", "tls", "dhcp", "eth",
    "ip.addr", "ip.src", "ip.dst", "ip.ttl", "ip.proto", "ipv6.addr", "ipv6.src", "ipv6.dst",
    "tcp.port", "tcp.srcport", "tcp.dstport", "tcp.flags.syn", "tcp.flags.reset",
    "tcp.flags.fin", "tcp.flags.ack", "tcp.len", "tcp.stream", "tcp.seq", "udp.port",
    "udp.srcport", "udp.dstport", "udp.length", "eth.addr", "eth.src", "eth.dst", "eth.type",
    "arp.opcode", "icmp.type", "icmp.code", "icmpv6.type", "dns.qry.name", "dns.qry.type",
    "dns.flags.rcode", "dns.a", "http.request.method", "http.request.uri", "http.host",
    "http.response.code", "tls.handshake.extensions_server_name", "tls.handshake.type",
    "vlan.id", "frame.len", "frame.number", "frame.time_relative",
)  # fmt: skip


class DisplayFilters:
    """Implements `FilterLanguage`; the language is loaded when it is first asked something."""

    def warm_up(self) -> None:
        """Load the language and its field table."""
        _compiled("frame")

    def mistake(self, text: str) -> Mistake | None:
        """Return what is wrong with `text`; see `FilterLanguage`."""
        if not text.strip():
            return None
        from tunscope.filter.errors import FilterError

        try:
            _compiled(text)
        except FilterError as error:
            hint = f" ({error.hint})" if error.hint else ""
            return Mistake(error.column, f"{error.message}{hint}")
        return None

    def predicate(self, text: str) -> Predicate | None:
        """Return the packets that pass; see `FilterLanguage`."""
        return _compiled(text).columns_predicate if text.strip() else None

    def completion(self, text: str) -> str | None:
        """Complete a field's name, or the name of a value behind ``==``."""
        if value := _VALUE.search(text):
            return _with_value(text, *value.groups())
        word = _LAST_WORD.search(text)
        if word is None or text.count('"') % 2:
            return None
        name = next(_names_from(word[0]), None)
        return None if name is None else text[: word.start()] + name


@lru_cache(maxsize=64)
def _compiled(text: str) -> DisplayFilter:
    from tunscope.filter.compiled import compile_filter

    return compile_filter(text)


@lru_cache(maxsize=1)
def _names() -> list[str]:
    from tunscope.filter.table import all_fields

    return sorted(all_fields())


def _names_from(start: str) -> Iterator[str]:
    """Yield longer names that begin with `start`, usual ones first."""
    yield from (name for name in _USUAL if name.startswith(start) and name != start)
    names = _names()
    for name in names[bisect_left(names, start) :]:
        if not name.startswith(start):
            return
        if name != start:
            yield name


def _with_value(text: str, field_name: str, typed: str) -> str | None:
    from tunscope.filter.table import lookup, value_names

    field = lookup(field_name)
    if field is None:
        return None
    quote, word = ('"', typed[1:]) if typed.startswith('"') else ("", typed)
    for name in value_names(field).values():
        if name.startswith(word) and name != word:
            closing = quote or ("" if name.isalnum() else '"')
            return f"{text[: len(text) - len(typed)]}{closing}{name}{closing}"
    return None
