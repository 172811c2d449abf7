"""One packet on its way through an editor: layers with fields, bytes, and what is automatic.

Every change gives a new `EditablePacket`, so undo is keeping the old one. A layer's lengths and
checksums are computed while its index is in `automatic`, which starts as those layers where they
were right: a wrong checksum is somebody's, and stays until the person switches it on.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from tunscope.dissect.deep_fields import deep_setter
from tunscope.dissect.deep_values import deep_values
from tunscope.dissect.form_fields import COMPUTED, EditableField, encoded, form_fields
from tunscope.dissect.scapy_layers import scapy_layers
from tunscope.errors import UsageError
from tunscope.packet.edit import Assignment, Edited, apply, parse_assignment, refreshed
from tunscope.packet.header_fields import FIELDS
from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.printable import printable
from tunscope.packet.repair import sound_layers, trailer_length


@dataclass(frozen=True, slots=True)
class EditableLayer:
    """Bytes `start` to `stop` of the packet, which `protocol` (scapy's name) reads.

    `automatic` says whether its lengths and checksums are computed; None if it has none.
    """

    index: int
    protocol: str
    start: int
    stop: int
    fields: tuple[EditableField, ...]
    automatic: bool | None


@dataclass(frozen=True, slots=True)
class EditablePacket:
    """Packet bytes of `linktype`; `trailer` bytes at their end belong to no protocol."""

    data: bytes
    linktype: int
    automatic: frozenset[int]
    trailer: int = 0

    @classmethod
    def of(cls, data: bytes, linktype: int, *, checksums_pending: bool = False) -> Self:
        """Begin to edit; `checksums_pending` says that a network card was to compute them."""
        automatic = sound_layers(data, linktype)
        if checksums_pending:
            automatic = frozenset(range(len(layers_of(data, linktype))))
        return cls(data, linktype, automatic, trailer_length(data, linktype))

    def layers(self) -> tuple[EditableLayer, ...]:
        """Return what scapy makes of the bytes, outermost first; never raises."""
        known = {layer.start: index for index, layer in enumerate(self._headers())}
        found: list[EditableLayer] = []
        for number, (layer, start, stop) in enumerate(scapy_layers(self.data, self.linktype)):
            index = known.get(start)
            found.append(
                EditableLayer(
                    number,
                    type(layer).__name__,
                    start,
                    stop,
                    self._fields(layer, start, stop),
                    None if index is None else index in self.automatic,
                )
            )
        return tuple(found)

    def _fields(self, layer: Any, start: int, stop: int) -> tuple[EditableField, ...]:
        found = list(form_fields(layer, start, stop))
        # A message that scapy cannot read has no names for its parts; its bytes are there.
        with suppress(Exception):
            for deep in deep_values(layer, self.data[start:stop]):
                first, last = start + deep.start, start + deep.stop
                value = printable(deep.value)
                found.append(EditableField(deep.name, value, "text", start=first, stop=last))
        return tuple(found)

    def with_automatic(self, layer: int, on: bool) -> Self:
        """Return the packet with lengths and checksums of scapy's layer `layer` computed or not."""
        start = self.layers()[layer].start
        headers = [i for i, header in enumerate(self._headers()) if header.start == start]
        automatic = self.automatic | set(headers) if on else self.automatic - set(headers)
        return self._repaired(replace(self, automatic=automatic))

    def with_bytes(self, start: int, stop: int, data: bytes) -> Self:
        """Return the packet with bytes `start` to `stop` replaced; lengths may differ.

        What is written into a header is kept: that layer computes nothing any more.
        """
        if not 0 <= start <= stop <= len(self.data):
            raise UsageError("edit", f"there are no bytes {start} to {stop}")
        automatic = self.automatic
        if len(data) == stop - start:
            touched = {
                index
                for index, layer in enumerate(self._headers())
                if _covers_computed(layer, start, stop)
            }
            automatic -= touched
        trailer = min(self.trailer, len(self.data) - stop)
        changed = self.data[:start] + data + self.data[stop:]
        return self._repaired(replace(self, data=changed, automatic=automatic, trailer=trailer))

    def with_field(self, layer: int, name: str, text: str) -> Self:
        """Return the packet with field `name` of scapy's layer `layer` set to what `text` means.

        Names with a dot are a display filter's. UsageError: not such a field, or does not fit.
        """
        if "." in name:
            return self.assigned(f"{name}={text}")
        layers = list(scapy_layers(self.data, self.linktype))
        if not 0 <= layer < len(layers):
            raise UsageError("edit", f"there is no layer {layer}")
        packet, start, stop = layers[layer]
        own = encoded(packet, name, text)
        automatic = self.automatic
        if name in COMPUTED:
            automatic -= {i for i, header in enumerate(self._headers()) if header.start == start}
        changed = self.data[:start] + own + self.data[stop:]
        return self._repaired(replace(self, data=changed, automatic=automatic))

    def with_payload(self, data: bytes) -> Self:
        """Return the packet with all behind the innermost header replaced."""
        headers = self._headers()
        start = headers[-1].payload if headers else 0
        changed = self.data[:start] + data + self.data[len(self.data) - self.trailer :]
        return self._repaired(replace(self, data=changed))

    def assigned(self, text: str) -> Self:
        """Return the packet after ``NAME=VALUE`` with a display filter's field name."""
        return replace(self, data=assign(self.data, self.linktype, [text]).data)

    def changes_from(self, original: bytes) -> tuple[tuple[int, int], ...]:
        """Return the runs of bytes (start, stop) that differ from `original`'s."""
        runs: list[tuple[int, int]] = []
        for at in range(max(len(self.data), len(original))):
            if self.data[at : at + 1] != original[at : at + 1]:
                if runs and runs[-1][1] == at:
                    runs[-1] = (runs[-1][0], at + 1)
                else:
                    runs.append((at, at + 1))
        return tuple(runs)

    def _headers(self) -> tuple[Layer, ...]:
        return layers_of(self.data, self.linktype, len(self.data) - self.trailer)

    def _repaired(self, packet: Self) -> Self:
        data = refreshed(packet.data, packet.linktype, packet.automatic, packet.trailer)
        return replace(packet, data=data)


def assign(data: bytes, linktype: int, texts: Iterable[str]) -> Edited:
    """Set fields by their display filter names, header fields and application fields alike.

    UsageError if one is not known, does not fit, or is not in the packet.
    """
    changes: list[str] = []
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip()
        if name in FIELDS or "." not in name or name.split(".")[0] not in {"dns", "http"}:
            edited = apply(data, linktype, [parse_assignment(text)])
        else:
            edited = _assign_deep(data, linktype, name, value.strip())
        data = edited.data
        changes += edited.changes
    return Edited(data, tuple(changes))


def _assign_deep(data: bytes, linktype: int, name: str, value: str) -> Edited:
    setter = deep_setter(name)
    layers = layers_of(data, linktype)
    if not layers or layers[-1].protocol not in {"tcp", "udp"}:
        raise UsageError(name, "the packet has neither a TCP nor a UDP payload")
    layer = layers[-1]
    payload = data[layer.payload : layer.end]
    prefix = b""
    if layer.protocol == "tcp" and name.startswith("dns."):
        prefix, payload = payload[:2], payload[2:]
    changed = setter(payload, value)
    if prefix:
        prefix = len(changed).to_bytes(2, "big")
    field = FIELDS[f"{layer.protocol}.payload"]
    edited = apply(data, linktype, [Assignment(field, prefix + changed)])
    return Edited(edited.data, (f"{name} -> {printable(value)}",))


def _covers_computed(layer: Layer, start: int, stop: int) -> bool:
    for field in FIELDS.values():
        if field.derived and field.protocol == layer.protocol:
            first = layer.start + field.bit // 8
            if start < first + 2 and stop > first:
                return True
    return False
