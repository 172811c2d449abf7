"""One packet on its way through an editor: layers with fields, bytes, and what is automatic.

Every change gives a new `EditablePacket`, so undo is keeping the old one. A layer's lengths and
checksums are computed while its index is in `automatic`, which starts as those layers where they
were right: a wrong checksum is somebody's, and stays until the person switches it on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from tunscope.dissect.deep_fields import deep_setter
from tunscope.dissect.expression import check_address, first_line
from tunscope.dissect.scapy_import import packet_class
from tunscope.errors import UsageError
from tunscope.packet.edit import Assignment, Edited, apply, parse_assignment, refreshed
from tunscope.packet.header_fields import FIELDS, parse_bytes
from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable
from tunscope.packet.repair import sound_layers, trailer_length

_MAX_LAYERS: Final = 64
_FIRST: Final = {
    LinkType.ETHERNET: ("layers.l2", "Ether"),
    LinkType.LINUX_SLL: ("layers.l2", "CookedLinux"),
    LinkType.LINUX_SLL2: ("layers.l2", "CookedLinuxV2"),
    LinkType.NULL: ("layers.l2", "Loopback"),
}


@dataclass(frozen=True, slots=True)
class EditableField:
    """A field of a form: its value as text, what may be written, the names its values have."""

    name: str
    value: str
    description: str
    choices: tuple[tuple[int, str], ...] = ()
    computed: bool = False


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
        for number, (layer, start, stop) in enumerate(_scapy_layers(self.data, self.linktype)):
            index = known.get(start)
            found.append(
                EditableLayer(
                    number,
                    type(layer).__name__,
                    start,
                    stop,
                    tuple(_form_fields(layer)),
                    None if index is None else index in self.automatic,
                )
            )
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
        """Return the packet with field `name` of scapy's layer `layer` set to what `text` means."""
        layers = list(_scapy_layers(self.data, self.linktype))
        if not 0 <= layer < len(layers):
            raise UsageError("edit", f"there is no layer {layer}")
        packet, start, stop = layers[layer]
        encoded = _encoded(packet, name, text)
        automatic = self.automatic
        if name in _COMPUTED:
            automatic -= {i for i, header in enumerate(self._headers()) if header.start == start}
        changed = self.data[:start] + encoded + self.data[stop:]
        return self._repaired(replace(self, data=changed, automatic=automatic))

    def without_layer(self, layer: int) -> Self:
        """Return the packet without the bytes of one layer; what it carried stays."""
        found = self.layers()[layer]
        return self._repaired(
            replace(self, data=self.data[: found.start] + self.data[found.stop :])
        )

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


_COMPUTED: Final = frozenset({"len", "plen", "chksum", "cksum", "ihl", "dataofs"})


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


def _scapy_layers(data: bytes, linktype: int) -> Iterable[tuple[Any, int, int]]:
    """Yield scapy's layers with the place of each one's own bytes."""
    if linktype in _FIRST:
        module, name = _FIRST[LinkType(linktype)]
    else:
        module, name = (
            ("layers.inet6", "IPv6") if data[:1] and data[0] >> 4 == 6 else ("layers.inet", "IP")
        )
    first = packet_class(module, name)
    packet_class("layers.inet", "TCP")
    packet_class("layers.inet6", "ICMPv6EchoRequest")
    packet_class("layers.dns", "DNS")
    try:
        layer = first(data)
    # Scapy raises all kinds of things over hostile bytes; they are shown as bytes then.
    except Exception:  # noqa: BLE001
        layer = packet_class("packet", "Raw")(data)
    position = 0
    for _ in range(_MAX_LAYERS):
        if layer.name == "NoPayload":
            return
        own = layer.raw_packet_cache
        size = len(own) if own is not None else len(layer) - len(layer.payload)
        yield layer, position, min(position + size, len(data))
        position += size
        layer = layer.payload


def _form_fields(layer: Any) -> Iterable[EditableField]:
    for field in layer.fields_desc:
        if field.name not in layer.fields and field.name not in layer.default_fields:
            continue
        value = layer.getfieldval(field.name)
        yield EditableField(
            field.name,
            printable(_text(value)),
            type(field).__name__.removesuffix("Field"),
            tuple(_choices(field)),
            field.name in _COMPUTED,
        )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _choices(field: Any) -> Iterable[tuple[int, str]]:
    names = getattr(field, "i2s", None)
    if isinstance(names, dict):
        for number, name in list(names.items())[:256]:
            if isinstance(number, int):
                yield number, printable(str(name))


def _encoded(packet: Any, name: str, text: str) -> bytes:
    """Return the own bytes of one layer after a field of it was set."""
    layer = packet.copy()
    layer.remove_payload()
    field = next((one for one in layer.fields_desc if one.name == name), None)
    if field is None:
        raise UsageError(printable(name), f"{type(packet).__name__} has no such field")
    try:
        layer.setfieldval(name, _field_value(field, layer.getfieldval(name), text))
        layer.clear_cache()
        if name == "options":
            for length in ("ihl", "dataofs"):
                if length in layer.fields:
                    delattr(layer, length)
        return bytes(layer.post_build(layer.self_build(), b""))
    except UsageError:
        raise
    # Each of scapy's fields encodes values in a way of its own and raises what it likes.
    except Exception as error:  # noqa: BLE001
        raise UsageError(
            f"{printable(name)}={printable(text)}", f"does not fit: {printable(first_line(error))}"
        ) from None


def _field_value(field: Any, old: Any, text: str) -> Any:
    """Read `text` as the kind of value that the field has now; a host's name is never looked up."""
    check_address(field, text)
    if isinstance(old, bytes):
        return parse_bytes(text)
    if isinstance(old, int) and not isinstance(old, bool):
        try:
            return int(text, 0)
        except ValueError:
            return text  # the name of a value, or flags by letters
    if isinstance(old, list):
        raise UsageError("edit", "a list is edited by its bytes")
    return text


def _covers_computed(layer: Layer, start: int, stop: int) -> bool:
    for field in FIELDS.values():
        if field.derived and field.protocol == layer.protocol:
            first = layer.start + field.bit // 8
            if start < first + 2 and stop > first:
                return True
    return False
