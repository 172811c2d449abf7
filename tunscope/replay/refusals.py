"""Why a packet of the capture is not sent: words to be counted and told. Pure."""

from __future__ import annotations

from typing import Final


class Unsendable(Exception):
    """A packet that cannot be sent as what it is; `reason` is one of a few fixed sentences."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason


CUT: Final = "cut short when captured"
NOT_IP: Final = "no IP packet"
NO_LINK_HEADER: Final = "nothing that Ethernet carries"
TOO_LONG: Final = "longer than the device's MTU"
DONT_FRAGMENT: Final = "longer than the device's MTU, not to be fragmented"
NO_DIRECTION: Final = "direction not recorded"
NEITHER_END: Final = "sent by neither end"
NO_PACKET: Final = "not a packet (custom block)"
EMPTY: Final = "no bytes"
BY_HAND: Final = "passed over by hand"


def unknown_linktype(name: str) -> str:
    """Return the reason for a packet whose link type is not converted."""
    return f"{name} is not converted"
