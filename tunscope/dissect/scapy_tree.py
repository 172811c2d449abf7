"""Fields of a scapy protocol as tree nodes, with the bytes each of them was read from.

Scapy does not keep where a field stood. Its fields are therefore read here one after another, as
scapy's own `Packet.do_dissect` does, and what each leaves of the bytes tells its range. Where a
protocol reads its bytes in another way, its fields have the range of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tunscope.dissect.formats import shown_text
from tunscope.dissect.packet import Decoder, decode_data
from tunscope.dissect.scapy_import import packet_class
from tunscope.dissect.scapy_names import FIELDS, PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Decoders of this package by the scapy protocols in whose place they are.
DECODED_HERE: Final[dict[str, Decoder]] = {}
#: Protocols of one payload, and packets within fields of packets.
_MAX_LAYERS: Final = 16
_MAX_NESTING: Final = 8
#: First bytes of 6LoWPAN: uncompressed IPv6, HC1, broadcast; IPHC, mesh, the two of fragments.
_DISPATCHES: Final = frozenset({0x41, 0x42, 0x50})
_DISPATCH_RANGES: Final = ((0x60, 0x7F), (0x80, 0xBF), (0xC0, 0xC7), (0xE0, 0xE7))
#: What scapy has left within bits of a little-endian word, which are read with the last of them:
#: bytes, number of bits, fields.
_GATHERING: Final = 3
#: Bytes that a protocol which reads its bytes itself may have behind its payload.
_MOST_BEHIND: Final = 8
#: Characters of a value that a label shows.
_SHOWN: Final = 300


def add_scapy(module: str, name: str, window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the window's bytes with scapy's protocol, and those it hands its payload to."""
    kind, below = packet_class(module, name), None
    for _ in range(_MAX_LAYERS):
        if not window.captured:
            return
        if kind.__name__ in {"Raw", "Padding", "NoPayload"}:
            decode_data(window, parent, dissection)
            return
        if kind.__name__ in DECODED_HERE:
            dissection.run(DECODED_HERE[kind.__name__], window, parent)
            return
        below, size, behind = _add_layer(kind, below, window, parent, dissection)
        window = window.sub(size, window.length - size - behind)
        kind = packet_class("packet", "Raw")
        if below is not None and size > 0:
            kind = _payload_class(below, window.rest())


def _payload_class(packet: Any, rest: bytes) -> Any:
    """Return the class of what follows a packet, that of plain bytes if it knows none."""
    following, _ = packet.extract_padding(rest)
    if not following:
        return packet_class("packet", "Raw")
    kind = packet.guess_payload_class(following)
    if kind.__name__ == "SixLoWPAN" and not _is_lowpan(following[0]):
        return packet_class("layers.zigbee", "ZigbeeNWK")  # nothing in between says which it is
    return kind


def _is_lowpan(dispatch: int) -> bool:
    """Whether RFC 4944 or 6282 gives a meaning to the first byte of what may be 6LoWPAN."""
    return dispatch in _DISPATCHES or any(low <= dispatch <= high for low, high in _DISPATCH_RANGES)


def _add_layer(
    kind: Any, below: Any, window: Window, parent: Tree, dissection: Dissection
) -> tuple[Any, int, int]:
    """Add one protocol on top of `below`.

    Return its packet and how many bytes it took before and behind its payload. The packet is None
    where its payload is compressed or enciphered: what scapy goes on with is not what stands there.
    """
    data = window.rest()
    if hasattr(kind, "dispatch_hook"):
        kind = kind.dispatch_hook(data)
    packet = kind()
    if below is not None:
        packet.add_underlayer(below)
    name, title = PROTOCOLS.get(kind.__name__, ("", ""))
    name, title = name or _name(packet), title or shown_text(str(packet.name))
    dissection.enter(title, name)
    tree = parent.protocol(name, title, window)
    rest, behind = _add_fields(packet, data, tree, window, 0, nesting=0)
    size = len(data) - len(rest) - behind
    if size < 0 or data[size : len(data) - behind] != rest:
        size = len(packet.raw_packet_cache or data)
        packet = None
    tree.end(size)
    return packet, size, behind


def _add_fields(
    packet: Any, data: bytes, tree: Tree, window: Window, base: int, *, nesting: int
) -> tuple[bytes, int]:
    """Read the packet's fields from `data`, which stands at `base` of the window.

    Return what is left, and how many bytes the fields behind it have. Fields are added as they are
    read, so that those before a fault stay.
    """
    plain = packet_class("packet", "Packet")
    kind = type(packet)
    packet.original = data  # some fields are aligned by it
    source = packet.pre_dissect(data)
    packet.fields = {}
    if kind.do_dissect is not plain.do_dissect or source != data:
        return _add_whole(packet, source, data, tree, base)
    rest: Any = source
    size = len(data)
    for field, value, before, rest in _read_fields(packet, source):
        if _is_behind(before, rest):
            start, stop = size - len(before) + len(rest), size
            size = start
        else:
            start, stop = _place(size, before), _place(size, rest) + _is_within_byte(rest)
        _add_value(packet, field, value, tree, window, base + start, base + stop, nesting)
    left = rest if isinstance(rest, bytes) else rest[0]
    packet.raw_packet_cache = data[: size - len(left)]
    packet.explicit = 1
    return bytes(packet.post_dissect(left) or b""), len(data) - size


def _read_fields(packet: Any, source: bytes) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Read the packet's fields one after another.

    Yield each with its value, and with what was left before and after it.
    """
    rest: Any = source
    gathered: list[Any] = []
    for field in packet.fields_desc:
        before = rest
        rest, value = field.getfield(packet, rest)
        if isinstance(rest, tuple) and len(rest) == _GATHERING:
            gathered.append(field)
            continue
        if isinstance(rest, bytearray):
            rest = bytes(rest)
        if field.isconditional and value is None:
            continue
        packet.fields[field.name] = value
        for earlier in gathered:
            yield earlier, packet.fields[earlier.name], before, rest
        gathered.clear()
        yield field, value, before, rest
        if not rest and field.ismayend:
            return


def _is_behind(before: Any, rest: Any) -> bool:
    """Whether a field was read from the end of the bytes, as a frame check sequence is."""
    if not (isinstance(before, bytes) and isinstance(rest, bytes)) or len(rest) >= len(before):
        return False
    return before.startswith(rest) and not before.endswith(rest)


def _place(size: int, rest: Any) -> int:
    """Return the byte in `size` bytes in which those that remain begin."""
    return size - len(rest if isinstance(rest, bytes) else rest[0])


def _is_within_byte(rest: Any) -> bool:
    """Whether those that remain begin within a byte."""
    return not isinstance(rest, bytes) and bool(rest[1] % 8)


def _add_whole(packet: Any, source: bytes, data: bytes, tree: Tree, base: int) -> tuple[bytes, int]:
    """Let the protocol read its bytes itself; every field gets the range of all of them.

    Return what is left, and how many bytes the protocol has behind it, as a checksum.
    """
    left: bytes = packet.do_dissect(source)
    left = packet.post_dissect(left) or b""
    ends = range(min(_MOST_BEHIND, len(data) - len(left)) + 1)
    behind = next((end for end in ends if data[: len(data) - end].endswith(left)), None)
    if behind is None:
        left, behind = b"", 0
    stop = base + len(data) - (0 if behind else len(left))
    _add_flat(packet, tree, base, stop, nesting=0)
    return left, behind


def _add_flat(packet: Any, tree: Tree, start: int, stop: int, *, nesting: int) -> None:
    """Add the fields of a packet that was read as a whole, packets within it below them."""
    for field in packet.fields_desc:
        value = packet.getfieldval(field.name)
        if value is None:
            continue
        node = _add_line(packet, field, value, tree, start, stop)
        for inner in _packets_in(value):
            if nesting < _MAX_NESTING:
                branch = node.marked(_name(inner), shown_text(str(inner.name)), start, stop - start)
                _add_flat(inner, branch, start, stop, nesting=nesting + 1)


def _add_value(
    packet: Any,
    field: Any,
    value: Any,
    tree: Tree,
    window: Window,
    start: int,
    stop: int,
    nesting: int,
) -> None:
    """Add a field; packets within it are read again for the places of their fields."""
    node = _add_line(packet, field, value, tree, start, stop)
    inner = _packets_in(value)
    if not inner or nesting >= _MAX_NESTING:
        return
    at = start
    for child in inner:
        size = len(bytes(child.raw_packet_cache or b"") + bytes(child.payload))
        data = window.take(start, stop - start)[at - start : at - start + size]
        exact = size and data.startswith(child.raw_packet_cache or b"")
        branch = node.marked(_name(child), shown_text(str(child.name)), at, size)
        if exact:
            again = type(child)()
            again.parent = packet
            try:
                left, _ = _add_fields(again, data, branch, window, at, nesting=nesting + 1)
            finally:
                # A list's packets follow each other without a gap.
                at += size
            if left and child.payload:
                branch.end(at)
        else:
            branch.start, branch.stop = node.start, node.stop
            _add_flat(child, branch, start, stop, nesting=nesting + 1)


def _packets_in(value: Any) -> list[Any]:
    """Return the packets a field holds, those of its payload too."""
    plain = packet_class("packet", "Packet")
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, plain)]


def _name(packet: Any) -> str:
    return type(packet).__name__.lower()


def _add_line(packet: Any, field: Any, value: Any, tree: Tree, start: int, stop: int) -> Tree:
    """Add the line of one field, with its value unless that is packets."""
    held = _packets_in(value)
    worded = "" if held else _worded(packet, field, value)
    title = shown_text(str(field.name))
    name = FIELDS.get(f"{type(packet).__name__}.{field.name}", f"{_name(packet)}.{title}")
    node = tree.marked(name, title if held else f"{title}: {worded}", start, stop - start)
    if not held:
        node.value = _compared(value, worded)
    return node


def _worded(packet: Any, field: Any, value: Any) -> str:
    """Return the value as scapy words it, cut and made safe to show."""
    value = getattr(value, "val", value)
    try:
        text = value if isinstance(value, str) else field.i2repr(packet, value)
    except Exception:  # noqa: BLE001  an address that was left out, say: no reason to stop
        text = value if isinstance(value, bytes) else repr(value)
    if isinstance(value, bytes) and str(text).startswith(("b'", 'b"')):
        text = value
    if not isinstance(text, bytes):
        text = str(text)
    return shown_text(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def _compared(value: Any, worded: str) -> str:
    """Return the value as a filter would compare it."""
    if isinstance(value, bytes):
        return value[:_SHOWN].hex(":")
    value = getattr(value, "val", value)
    if isinstance(value, float | str | bytes | list | tuple) or not hasattr(value, "__int__"):
        return worded
    return str(int(value))
