"""Dropbox's LAN synchronisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.summary.registry import UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window


@entered(UDP_PORTS, 17500)
def read_discovery(window: Window, draft: Draft) -> bool:
    """Name a discovery broadcast."""
    if window.rest(0, 1) != b"{":
        return False
    draft.name("DB-LSP-DISC/JSON")
    draft.write("Dropbox LAN sync Discovery Protocol, JavaScript Object Notation")
    return True
