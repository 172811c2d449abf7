"""RADIUS (RFC 2865, 2866, 5176)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CODES: Final = {
    1: "Access-Request", 2: "Access-Accept", 3: "Access-Reject", 4: "Accounting-Request",
    5: "Accounting-Response", 6: "Accounting-Status", 7: "Password-Request", 8: "Password-Ack",
    9: "Password-Reject", 10: "Accounting-Message", 11: "Access-Challenge",
    12: "Status-Server", 13: "Status-Client", 40: "Disconnect-Request", 41: "Disconnect-ACK",
    42: "Disconnect-NAK", 43: "CoA-Request", 44: "CoA-ACK", 45: "CoA-NAK",
}  # fmt: skip


@entered(UDP_PORTS, 1645, 1646, 1700, 1812, 1813, 3799)
def read_radius(window: Window, draft: Draft) -> bool:
    """Read code and identifier; decline a length that cannot be."""
    if window.captured < 20 or not 20 <= window.u16(2) <= 4096:
        return False
    code = window.u8(0)
    draft.name("RADIUS")
    draft.write(f"{_CODES.get(code, f'Unknown code {code}')} id={window.u8(1)}")
    return True
