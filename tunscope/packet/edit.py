"""Changes of header fields as values: parsed once, applied to packet after packet. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from tunscope.errors import UsageError
from tunscope.packet.header_fields import (
    FIELDS,
    HeaderField,
    Kind,
    format_value,
    get_number,
    header_field,
    parse_value,
    place_of,
    read_field,
    with_number,
)
from tunscope.packet.layers import layers_of
from tunscope.packet.printable import printable
from tunscope.packet.repair import repaired, sound_layers, trailer_length


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME=VALUE`` for one field."""

    field: HeaderField
    value: int | bytes

    def __str__(self) -> str:
        if isinstance(self.value, bytes):
            return f"{self.field.name}={self.value.hex()}"
        return f"{self.field.name}={format_value(self.field, self.value)}"


@dataclass(frozen=True, slots=True)
class Edited:
    """A packet after its change, and what was changed: ``ip.ttl 64 -> 3``."""

    data: bytes
    changes: tuple[str, ...]


def parse_assignment(text: str) -> Assignment:
    """Read ``ip.ttl=3``; UsageError if the field or the value is not known."""
    name, equals, value = text.partition("=")
    if not (equals and name.strip()):
        raise UsageError(printable(text), "is not FIELD=VALUE", "as in ip.ttl=3")
    field = header_field(name.strip())
    return Assignment(field, parse_value(field, value))


def apply(data: bytes, linktype: int, assignments: Sequence[Assignment]) -> Edited:
    """Return the packet with its fields set, its lengths and checksums right where they were.

    A layer whose length or checksum is itself set is left as written. UsageError if the packet
    does not have one of the fields.
    """
    automatic = set(sound_layers(data, linktype))
    trailer = trailer_length(data, linktype)
    changes: list[str] = []
    result = data
    for assignment in assignments:
        field = assignment.field
        layers = layers_of(result, linktype, len(result) - trailer)
        index = place_of(field, layers)
        layer = layers[index]
        if field.derived:
            automatic.discard(index)
        if isinstance(assignment.value, bytes):
            if layer.fragment:
                raise UsageError(field.name, "the packet is a fragment")
            before = len(result[layer.payload : layer.end])
            result = result[: layer.payload] + assignment.value + result[layer.end :]
            changes.append(f"{field.name} {before} -> {len(assignment.value)} bytes")
        else:
            old = format_value(field, get_number(result, layer, field))
            result = with_number(result, layer, field, assignment.value)
            changes.append(f"{field.name} {old} -> {format_value(field, assignment.value)}")
    return Edited(refreshed(result, linktype, automatic, trailer), tuple(changes))


def increment(data: bytes, linktype: int, field: HeaderField, by: int) -> bytes:
    """Return the packet with `by` added to a field, modulo what fits; UsageError if it has none."""
    if field.kind is Kind.PAYLOAD:
        raise UsageError(field.name, "cannot be counted up")
    automatic = sound_layers(data, linktype)
    layers = layers_of(data, linktype)
    layer = layers[place_of(field, layers)]
    changed = with_number(data, layer, field, get_number(data, layer, field) + by)
    return refreshed(changed, linktype, automatic, trailer_length(data, linktype))


def differences(before: bytes, after: bytes, linktype: int) -> tuple[str, ...]:
    """Return what an edit changed: fields with their values, payloads with their lengths."""
    changes: list[str] = []
    for field in FIELDS.values():
        old, new = read_field(before, linktype, field), read_field(after, linktype, field)
        if old == new or old is None or new is None or field.derived:
            continue
        if field.kind is not Kind.PAYLOAD:
            changes.append(f"{field.name} {old} -> {new}")
        elif len(old) != len(new):
            changes.append(f"{field.name} {len(old) // 2} -> {len(new) // 2} bytes")
        else:
            changes.append(f"{field.name} changed")
    return tuple(changes) or (f"{len(before)} -> {len(after)} bytes",)


def refreshed(data: bytes, linktype: int, automatic: Container[int], trailer: int) -> bytes:
    """Return `data` with the automatic layers repaired; UsageError if it has grown too large."""
    if len(data) - trailer > 0xFFFF + 18:
        raise UsageError("packet", f"{len(data)} bytes are more than an IP packet can have")
    return repaired(data, linktype, automatic, trailer)
