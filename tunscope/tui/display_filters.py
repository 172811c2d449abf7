"""Display filters as the filter bar needs them: Wireshark's language over the index's columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from tunscope.tui.filter_language import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tunscope.filter.compiled import DisplayFilter
    from tunscope.index.filtering import Predicate
    from tunscope.tui.seen_values import SeenValues

#: The word before the cursor, if it can be a field.
_LAST_WORD: Final = re.compile(r"(?<![\w.])[a-z_][\w.]*$")
#: A field compared with a word: what is being typed is one of its value names.
_VALUE: Final = re.compile(
    r"([a-z_][\w.]*)\s*(?:===|!==|==|!=|~=|<=|>=|<|>|\beq\b|\bne\b|\bgt\b|\blt\b|\bge\b|\ble\b)"
    r"\s*(\"?[A-Za-z][\w .-]*|[\w.:/-]*)$"
)
#: Candidates that are proposed at most.
_MOST: Final = 40

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

    def completions(self, text: str, seen: SeenValues | None = None) -> Sequence[str]:
        """Complete a field's name, or behind a comparison a value; see `FilterLanguage`."""
        if value := _VALUE.search(text):
            return _with_values(text, value[1], value[2], seen)
        word = _LAST_WORD.search(text)
        if word is None or text.count('"') % 2:
            return ()
        return [text[: word.start()] + name for name in islice(_names_from(word[0]), _MOST)]


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


def _with_values(text: str, field_name: str, typed: str, seen: SeenValues | None) -> Sequence[str]:
    """Return `text` with each name of a value, and each value seen, that goes on from `typed`."""
    from tunscope.filter.table import lookup, value_names

    field = lookup(field_name)
    if field is None:
        return ()
    before = text[: len(text) - len(typed)]
    quote, word = ('"', typed[1:]) if typed.startswith('"') else ("", typed)
    found = [] if quote or seen is None else [v for v in seen.texts(field.name) if v != word]
    candidates = [before + value for value in found if value.startswith(word)]
    if word:
        for name in value_names(field).values():
            if name.startswith(word) and name != word:
                closing = quote or ("" if name.isalnum() else '"')
                candidates.append(f"{before}{closing}{name}{closing}")
    return list(dict.fromkeys(candidates))[:_MOST]
