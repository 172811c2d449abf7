"""Edits of application fields that a rule wants: the engine asks, since it dissects nothing."""

from __future__ import annotations

from tunscope.engine.client import EngineClient
from tunscope.engine.protocol import AskEvent
from tunscope.errors import TunscopeError


def answer_ask(client: EngineClient, event: AskEvent) -> None:
    """Set the fields and send the packet back, or say why it cannot be."""
    from tunscope.dissect.editing import assign

    try:
        edited = assign(event.data, event.linktype, event.settings)
    except TunscopeError as error:
        client.answer_edit(event.number, None, (), f"{error.what}: {error.why}")
        return
    client.answer_edit(event.number, edited.data, edited.changes, "")
