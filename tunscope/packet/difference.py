"""What was changed in a packet, as a person and a rule would say it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tunscope.packet.header_fields import FIELDS, HeaderField, Kind, format_value, get_number
from tunscope.packet.layers import Layer, find_layer, layers_of


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field with its values before and after; `assignment` makes the change, "" if none can."""

    name: str
    before: str
    after: str
    assignment: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.before} -> {self.after}"


def field_changes(before: bytes, after: bytes, linktype: int) -> tuple[FieldChange, ...]:
    """Return the fields that differ, by their display filter names, outermost first.

    Lengths and checksums that follow from the rest are left out unless nothing else differs.
    Where the packets have other layers, or no known field differs, their bytes are what is told.
    """
    if before == after:
        return ()
    old, new = layers_of(before, linktype), layers_of(after, linktype)
    if [layer.protocol for layer in old] != [layer.protocol for layer in new]:
        return (_of_bytes(before, after),)
    found: list[tuple[HeaderField, FieldChange]] = []
    for field in FIELDS.values():
        index = find_layer(old, field.protocol)
        if index is not None:
            change = _changed(before, old[index], after, new[index], field)
            if change is not None and not _within(field, found):
                found = [one for one in found if not _contains(one[0], field)]
                found.append((field, change))
    told = [change for field, change in found if not field.derived]
    return tuple(told or [change for _, change in found] or [_of_bytes(before, after)])


def _changed(
    before: bytes, old: Layer, after: bytes, new: Layer, field: HeaderField
) -> FieldChange | None:
    if field.kind is Kind.PAYLOAD:
        payloads = before[old.payload : old.end], after[new.payload : new.end]
        if payloads[0] == payloads[1]:
            return None
        was, now = (f"{len(payload)} bytes" for payload in payloads)
        now = "others" if was == now else now
        return FieldChange(field.name, was, now, f"{field.name}={payloads[1].hex()}")
    was = format_value(field, get_number(before, old, field))
    now = format_value(field, get_number(after, new, field))
    return None if was == now else FieldChange(field.name, was, now, f"{field.name}={now}")


def _within(field: HeaderField, found: list[tuple[HeaderField, FieldChange]]) -> bool:
    """Whether one of the fields found is a part of `field`."""
    return any(_contains(field, other) for other, _ in found)


def _contains(whole: HeaderField, part: HeaderField) -> bool:
    return (
        whole.protocol == part.protocol
        and whole.width > part.width
        and whole.bit <= part.bit
        and part.bit + part.width <= whole.bit + whole.width
    )


def _of_bytes(before: bytes, after: bytes) -> FieldChange:
    if len(before) != len(after):
        return FieldChange("frame", f"{len(before)} bytes", f"{len(after)} bytes")
    places = [at for at in range(len(before)) if before[at] != after[at]]
    first, last = places[0], places[-1] + 1
    name = f"frame[{first}:{last - first}]"
    return FieldChange(name, before[first:last][:8].hex(), after[first:last][:8].hex())
