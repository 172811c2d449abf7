"""pcapng Custom Blocks, which are no packets but stand between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.summary.registry import LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window


@entered(LINK_TYPES, CUSTOM_BLOCK)
def read_custom_block(window: Window, draft: Draft) -> None:
    """Say whose block it is; its bytes mean something to its owner alone."""
    draft.name("PCAPNG")
    custom = draft.record.custom
    if custom is None:
        return
    # Wireshark 4.0 shows the number signed.
    number = custom.pen - (custom.pen >> 31 << 32)
    permission = "will be copied" if custom.copied else "will not be copied"
    draft.write(f"Custom Block: PEN = {custom.enterprise} ({number}), {permission}")
