"""Which dissector takes what: link types, EtherTypes, IP protocols, UDP ports, PPP protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.assignments import assignments
from tunscope.filter.layers.dissection import PAST_THE_END, Dissection, Octets

#: Dissects a header and all it carries. Raises one of PAST_THE_END where bytes are missing.
Dissector: TypeAlias = Callable[[Dissection, Octets], None]

_TABLES: Final[dict[str, dict[int, Dissector]]] = {}


def takes(table: str, *numbers: int) -> Callable[[Dissector], Dissector]:
    """Register a dissector for `numbers` of `table`."""

    def register(dissector: Dissector) -> Dissector:
        for number in numbers:
            _TABLES.setdefault(table, {})[number] = dissector
        return dissector

    return register


def dissector_of(table: str, number: int) -> Dissector | None:
    """Return who takes `number` of `table`, None if nobody does."""
    return _TABLES.get(table, {}).get(number)


def dissect_named(dissection: Dissection, name: str, octets: Octets) -> None:
    """Note a protocol that is not read any further: its name is all there is to say."""
    dissection.begin(name, octets)


def dissect_data(dissection: Dissection, octets: Octets) -> None:
    """Note bytes that nobody else took, as Wireshark's `data` does."""
    if not octets.reported:
        return
    wanted = dissection.begin("data", octets)
    if octets.data and wanted:
        dissection.add("data.data", octets.data)
        dissection.add("data.len", len(octets.data))


def dissect_next(dissection: Dissection, table: str, number: int, octets: Octets) -> None:
    """Hand `octets` to whoever takes `number` of `table`, else note them as data."""
    dissector_or_data(table, number)(dissection, octets)


def dissector_or_data(table: str, number: int) -> Dissector:
    """Return who takes `number` of `table`: a dissector, else whoever it is assigned to by name,
    else nobody, which makes it data."""
    dissector = dissector_of(table, number)
    if dissector is not None:
        return dissector
    name = assignments(table).get(number)
    if name is None:
        return dissect_data
    return lambda dissection, octets: dissect_named(dissection, name, octets)


def dissect_guarded(dissection: Dissection, dissector: Dissector, octets: Octets) -> None:
    """Run `dissector`; where it runs out of bytes, note that and go on."""
    network = dissection.network
    try:
        dissector(dissection, octets)
    except PAST_THE_END:
        dissection.cut_short()
    finally:
        dissection.network = network
