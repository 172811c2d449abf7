"""Packets as trees of fields with byte ranges; the only importer of scapy."""

from tunscope.dissect.dissect import field_tree, warm_up
from tunscope.dissect.node import FieldNode
from tunscope.dissect.scapy_expression import scapy_expression

__all__ = ["FieldNode", "field_tree", "scapy_expression", "warm_up"]
