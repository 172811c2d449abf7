"""Protocol and Info text in Wireshark's style, from bytes, without a dissector."""

from __future__ import annotations

from tunscope.summary.model import FlowHints, Summary
from tunscope.summary.packet_summary import summarize

__all__ = ["FlowHints", "Summary", "summarize"]
