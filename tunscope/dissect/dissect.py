"""From a packet to the tree of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.dissect.fieldtable import all_fields
from tunscope.dissect.packet import NOTHING_LEARNED, Dissection
from tunscope.dissect.protocols import decode_frame
from tunscope.dissect.scapy_import import packet_class
from tunscope.dissect.tree import Tree
from tunscope.dissect.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunscope.dissect.node import FieldNode
    from tunscope.packet.record import PacketRecord


def field_tree(record: PacketRecord, learned: Mapping[str, int] = NOTHING_LEARNED) -> FieldNode:
    """Return the root of the packet's fields; its children are the protocols, outermost first.

    Any bytes of any link type give a tree. A protocol that breaks off is followed by a node
    named ``_ws.malformed`` (or ``_ws.short`` where the capture is cut) that says so. `learned`
    is what other packets told of the outermost TCP or UDP header: fields by name, times in
    nanoseconds.
    """
    dissection = Dissection(record, learned)
    window = Window(record.data, 0, record.caplen, max(record.origlen, record.caplen))
    root = Tree(window, dissection.budget)
    root.stop = window.stop
    dissection.run(decode_frame, window, root)
    return root.frozen()


def warm_up() -> None:
    """Load what the first packet would wait for; for a thread that has nothing else to do."""
    all_fields()
    packet_class("layers.inet", "IP")
