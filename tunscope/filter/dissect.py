"""A packet to its fields: the exact way, header by header."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from tunscope.filter.layers import everything
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.layers.frame import FrameContext, dissect_frame
from tunscope.filter.wanted import EVERYTHING

if TYPE_CHECKING:
    from tunscope.filter.conversations.facts import Conversations
    from tunscope.packet.record import PacketRecord


def dissect(
    record: PacketRecord,
    wanted: Container[str] = EVERYTHING,
    context: FrameContext | None = None,
    conversations: Conversations | None = None,
) -> Dissection:
    """Return the fields of `record`, as far as `wanted` names their protocols.

    Without `context` there is no packet number and no time since other packets, without
    `conversations` nothing that only other packets tell. Never raises for what the bytes are: a
    header that ends too early has the fields that are there.
    """
    dissection = Dissection(record, wanted, conversations=conversations)
    dissect_frame(dissection, context)
    return dissection


__all__ = ["FrameContext", "dissect", "everything"]
