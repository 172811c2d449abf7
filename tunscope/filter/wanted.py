"""Which protocols must be dissected for a set of fields."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from tunscope.filter.table import Field

#: Fields by the first part of their name that others than that protocol bring.
_BROUGHT_BY: Final[dict[str, frozenset[str]]] = {
    "pppoe": frozenset({"pppoed", "pppoes"}),
    "ieee8021ah": frozenset({"ieee8021ad"}),
    "eth": frozenset({"eth", "sll", "vlan"}),
    "ppp": frozenset({"ppp", "lcp", "ipcp", "ipv6cp", "ccp"}),
    "dns": frozenset({"dns", "mdns", "llmnr"}),
    "nbns": frozenset({"nbns"}),
    "udp": frozenset({"udp", "udplite"}),
    "mptcp": frozenset({"tcp"}),
}
#: Protocols whose names have more than one part.
_COMPOUND: Final = ("ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr")


class _Everything:
    def __contains__(self, protocol: object) -> bool:
        return True


#: Every protocol.
EVERYTHING: Final[Container[str]] = _Everything()


def protocols_of(fields: Iterable[Field]) -> Container[str]:
    """Return the protocols whose dissectors bring `fields`.

    Expert informations, and the protocols that malformed packets stand for, come from anywhere.
    """
    protocols: set[str] = set()
    for field in fields:
        head = field.name.partition(".")[0]
        if head == "_ws":
            return EVERYTHING
        compound = next((name for name in _COMPOUND if field.name.startswith(name)), None)
        if compound is not None:
            protocols.add(compound)
        elif field.name.startswith("ipv6."):
            # Options and route addresses stand in extension headers.
            protocols.update(("ipv6", *_COMPOUND))
        else:
            protocols.update(_BROUGHT_BY.get(head, {head}))
    return frozenset(protocols)
