"""What can be copied of a packet and its selected field, as text. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tunscope.packet.hexdump import hexdump_lines
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.dissect import FieldNode

_BYTES_A_LINE = 12


def c_array(data: bytes, name: str) -> str:
    """Return `data` as the definition of a C array."""
    lines = [
        "    " + " ".join(f"0x{octet:02x}," for octet in data[at : at + _BYTES_A_LINE])
        for at in range(0, len(data), _BYTES_A_LINE)
    ]
    return "\n".join((f"static const unsigned char {name}[{len(data)}] = {{", *lines, "};"))


def python_bytes(data: bytes) -> str:
    """Return `data` as a Python expression."""
    return f'bytes.fromhex("{data.hex()}")'


def plain_text(data: bytes) -> str:
    """Return the text in `data`: its lines stay lines, what a terminal would obey is escaped."""
    lines = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n")
    return "\n".join(printable(line) for line in lines)


def fields_json(root: FieldNode) -> str:
    """Return a packet's fields as JSON: name, label, value, byte range, children."""
    return json.dumps([_field(node) for node in root.children], indent=2, ensure_ascii=False)


def _field(node: FieldNode) -> dict[str, Any]:
    field: dict[str, Any] = {"name": node.name, "label": node.label}
    if node.value:
        field["value"] = node.value
    field["bytes"] = [node.start, node.stop]
    if node.children:
        field["children"] = [_field(child) for child in node.children]
    return field


def copies_of_packet(number: int, data: bytes) -> list[tuple[str, str]]:
    """Return the ways to copy a packet's bytes, each with what to call it."""
    return [
        ("packet as hex dump", "\n".join(hexdump_lines(data))),
        ("packet as hex digits", data.hex()),
        ("packet as text", plain_text(data)),
        ("packet as C array", c_array(data, f"packet_{number}")),
        ("packet as Python bytes", python_bytes(data)),
    ]


def copies_of_field(node: FieldNode, expression: str, data: bytes) -> list[tuple[str, str]]:
    """Return the ways to copy a field; those that give nothing are left out."""
    octets = data[node.start : node.stop]
    choices = [
        ("field", node.label),
        ("value", node.value),
        ("filter", expression),
        ("field's bytes", octets.hex() if len(octets) < len(data) else ""),
    ]
    return [(name, text) for name, text in choices if text]
