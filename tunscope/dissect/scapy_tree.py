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
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Decoders of this package by the scapy protocols in whose place they are.
DECODED_HERE: Final[dict[str, Decoder]] = {}
#: Protocols of one payload, and packets within fields of packets.
_MAX_LAYERS: Final = 16
_MAX_NESTING: Final = 8
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
        kind = _payload_class(below, window.rest()) if size > 0 else packet_class("packet", "Raw")


def _payload_class(packet: Any, rest: bytes) -> Any:
    """Return the class of what follows a packet, that of plain bytes if it knows none."""
    following, _ = packet.extract_padding(rest)
    if not following:
        return packet_class("packet", "Raw")
    kind = packet.guess_payload_class(following)
    if kind.__name__ == "SixLoWPAN" and kind.dispatch_hook(following) is kind:
        return packet_class("layers.zigbee", "ZigbeeNWK")  # nothing in between says which it is
    return kind


def _add_layer(
    kind: Any, below: Any, window: Window, parent: Tree, dissection: Dissection
) -> tuple[Any, int, int]:
    """Add one protocol on top of `below`.

    Return its packet and how many bytes it took before and behind its payload.
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
        return _add_whole(packet, source, data, tree, window, base), 0
    rest: Any = source
    size = len(data)
    for field in packet.fields_desc:
        before = rest
        rest, value = field.getfield(packet, rest)
        if field.isconditional and value is None:
            continue
        packet.fields[field.name] = value
        if _is_behind(before, rest):
            start, stop = size - len(before) + len(rest), size
            size = start
        else:
            start, stop = _place(size, before, False), _place(size, rest, True)
        _add_value(packet, field, value, tree, window, base + start, base + stop, nesting)
        if not rest and field.ismayend:
            break
    left = rest if isinstance(rest, bytes) else rest[0]
    packet.raw_packet_cache = data[: size - len(left)]
    packet.explicit = 1
    return bytes(packet.post_dissect(left)), len(data) - size


def _is_behind(before: Any, rest: Any) -> bool:
    """Whether a field was read from the end of the bytes, as a frame check sequence is."""
    if not (isinstance(before, bytes) and isinstance(rest, bytes)) or len(rest) >= len(before):
        return False
    return before.startswith(rest) and not before.endswith(rest)


def _place(size: int, rest: Any, after: bool) -> int:
    """Return where in `size` bytes those that remain begin; within a byte, around that byte."""
    if isinstance(rest, bytes):
        return size - len(rest)
    return size - len(rest[0]) + (1 if after and rest[1] % 8 else 0)


def _add_whole(
    packet: Any, source: bytes, data: bytes, tree: Tree, window: Window, base: int
) -> bytes:
    """Let the protocol read its bytes itself; every field gets the range of all of them."""
    left: bytes = packet.do_dissect(source)
    left = packet.post_dissect(left)
    stop = base + len(data) - (len(left) if data.endswith(left) else 0)
    _add_flat(packet, tree, base, stop, nesting=0)
    return left if data.endswith(left) else b""


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
    if isinstance(value, (str, bytes)):
        text = field.i2repr(packet, value) if isinstance(value, bytes) else value
        if str(text).startswith(("b'", 'b"')):
            text = value
    else:
        text = str(field.i2repr(packet, value))
    return shown_text(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def _compared(value: Any, worded: str) -> str:
    """Return the value as a filter would compare it."""
    if isinstance(value, bytes):
        return value[:_SHOWN].hex(":")
    value = getattr(value, "val", value)
    if isinstance(value, float | str | bytes | list | tuple) or not hasattr(value, "__int__"):
        return worded
    return str(int(value))
