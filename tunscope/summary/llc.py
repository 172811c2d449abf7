"""IEEE 802.2 logical link control and SNAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, Reader

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

#: Readers by destination SAP.
SAPS: Final[dict[int, Reader]] = {}
#: Readers by SNAP organisation code and protocol number.
SNAP_PROTOCOLS: Final[dict[tuple[int, int], Reader]] = {}


def read_llc(window: Window, draft: Draft) -> None:
    """Read an LLC header and what it carries."""
    draft.name("LLC")
    destination, control = window.u8(0), window.u8(2)
    header = 3 if control & 3 == 3 else 4
    if destination == 0xAA and window.u8(1) == 0xAA:
        organisation, protocol = window.u24(header), window.u16(header + 3)
        body = window.sub(header + 5)
        draft.write(f"U, func=UI; SNAP, OUI 0x{organisation:06X} , PID 0x{protocol:04X}")
        reader = (
            ETHERTYPES.get(protocol)
            if organisation in {0x000000, 0x0000F8}
            else SNAP_PROTOCOLS.get((organisation, protocol))
        )
    else:
        body = window.sub(header)
        reader = SAPS.get(destination) if control & 3 == 3 else None
    if reader is not None:
        reader(body, draft)
