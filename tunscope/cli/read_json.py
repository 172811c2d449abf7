"""`-T json`: one array for the capture, one object a packet, in the shape of tshark's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from tunscope.cli.read_columns import Columns
from tunscope.cli.read_fields import ChosenField
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.formats import format_value
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.table import all_fields

#: One value, or all of a field that occurs more than once in a header.
_Text: TypeAlias = str | list[str]
_Layer: TypeAlias = dict[str, _Text]
_OWN_LAYERS: Final = ("_ws.malformed", "_ws.short", "_ws.unreassembled", "_ws.expert")


class JsonObjects:
    """The pieces of the array: `opening`, then `object` for each packet, then `closing`."""

    def __init__(self) -> None:
        self._some = False

    @property
    def closing(self) -> str:
        """What ends the array."""
        return "\n]\n" if self._some else "[]\n"

    def object(self, packet: ReadPacket, layers: dict[str, object]) -> str:
        """Return one packet's object, with what stands between it and the one before."""
        text = json.dumps(
            {
                "_index": f"packets-{_day(packet.record.ts_ns)}",
                "_type": "doc",
                "_score": None,
                "_source": {"layers": layers},
            },
        )
        before = ",\n" if self._some else "[\n"
        self._some = True
        # Pure ASCII: no sign of a packet turns the terminal's text around; DEL is left to us.
        return before + text.replace("\x7f", "\\u007f")


def chosen_values(
    fields: Sequence[ChosenField], columns: Columns | None, dissection: Dissection | None
) -> dict[str, object]:
    """Return the occurrences of chosen fields by name, without those that do not occur."""
    found = {field.name: field.values(columns, dissection) for field in fields}
    return {name: values for name, values in found.items() if values}


def layers_of(dissection: Dissection) -> dict[str, object]:
    """Return the packet's headers by protocol, outermost first, with their fields as texts.

    A field that occurs more than once in a header has a list of texts, a protocol that occurs
    more than once a list of headers (as tshark's `--no-duplicate-keys` has).
    """
    table = all_fields()
    protocols = ["frame", *(name for name in dissection.protocols if name != "frame")]
    headers: dict[str, dict[int, _Layer]] = {name: {} for name in protocols}
    owners = {*headers, *_OWN_LAYERS}
    current = "frame"
    for name, values in dissection.values.items():
        if name in headers:
            current = name
            for place in dissection.layers[name]:
                headers[name].setdefault(place, {})
            continue
        owner = _owner(name, owners) or current
        layers = headers.setdefault(owner, {})
        field = table.get(name)
        for place, value in zip(dissection.layers[name], values, strict=True):
            if field is None or name in owners:
                layers.setdefault(place, {})
                continue
            _add(layers.setdefault(place, {}), name, format_value(field, value))
    return {
        name: next(iter(found.values())) if len(found) == 1 else list(found.values())
        for name, found in headers.items()
        if found
    }


def _add(layer: _Layer, name: str, text: str) -> None:
    before = layer.get(name)
    if before is None:
        layer[name] = text
    elif isinstance(before, list):
        before.append(text)
    else:
        layer[name] = [before, text]


def _owner(name: str, owners: set[str]) -> str:
    """Return the protocol that a field's name begins with, "" if the packet has none such."""
    while name and name not in owners:
        name = name.rpartition(".")[0]
    return name


def _day(ts_ns: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ts_ns // 1_000_000_000):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "1970-01-01"
