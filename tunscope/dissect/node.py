"""What a dissection hands out: a field with its text, its value and its bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldNode:
    """A protocol or a field of a packet, and what it consists of.

    `name` is Wireshark's filter name, or scapy's where Wireshark has none, or empty for a group
    of fields that nothing can be compared with. `label` is the whole line to show, in Wireshark's
    words: ``Time to Live: 64``, ``.1.. .... = Don't fragment: Set``; a label in square brackets
    was worked out and stands nowhere in the packet. `value` is what a display filter compares
    with (``64``, ``0x0800``, ``10.9.0.1``), empty where there is none. `start` and `stop` bound
    the bytes within the packet; they are equal where a field has none. Neither text holds
    anything that a terminal would obey.
    """

    name: str
    label: str
    value: str
    start: int
    stop: int
    children: tuple[FieldNode, ...] = ()
