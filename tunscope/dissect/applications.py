"""Which application protocol a TCP or UDP payload is given to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.dissect.packet import decode_data

if TYPE_CHECKING:
    from tunscope.dissect.packet import Decoder, Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window


def decode_application(
    ports: dict[int, Decoder], payload: Window, parent: Tree, dissection: Dissection
) -> None:
    """Decode by the lower port, then by the higher one, as Wireshark does."""
    for port in sorted(dissection.ports):
        decoder = ports.get(port)
        if decoder is not None:
            dissection.run(decoder, payload, parent)
            return
    dissection.run(decode_data, payload, parent)
