"""Conversations: undirected TCP and UDP 5-tuples, numbered as Wireshark numbers its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunscope.columns.decode import Decoded


class FlowTable:
    """All conversations of a capture."""


def assign_flows(decoded: Decoded, flows: FlowTable, first: int) -> None:
    """Number the conversations of all levels of `decoded`; `first` is its first packet's row."""
