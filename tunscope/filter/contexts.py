"""What the capture around a packet says about it: its place, the times before, its interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tunscope.filter.layers.frame import FrameContext

if TYPE_CHECKING:
    from tunscope.capfile.blocks import InterfaceDescription


class FrameContexts:
    """Makes FrameContexts; `interfaces` are the capture's, across its sections, and may grow."""

    def __init__(self, interfaces: Sequence[InterfaceDescription]) -> None:
        self._interfaces: Final = interfaces

    def of(
        self,
        number: int,
        first_ns: int,
        previous_ns: int,
        interface: int,
        shown_ns: int | None = None,
    ) -> FrameContext:
        """Return the context of packet `number` from interface `interface` of the capture."""
        if interface >= len(self._interfaces):
            return FrameContext(number, first_ns, previous_ns, shown_ns=shown_ns)
        description = self._interfaces[interface]
        if description.number is None:
            return FrameContext(number, first_ns, previous_ns, shown_ns=shown_ns)
        return FrameContext(
            number,
            first_ns,
            previous_ns,
            description.name,
            description.description,
            interface_known=True,
            interface_id=description.number,
            section=description.section,
            shown_ns=shown_ns,
        )
