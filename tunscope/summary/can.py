"""Controller area network frames as SocketCAN captures them (linux/can.h)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_EXTENDED: Final = 0x8000_0000
_REMOTE: Final = 0x4000_0000
_ERROR: Final = 0x2000_0000
_EXTENDED_MASK: Final = 0x1FFF_FFFF
_STANDARD_MASK: Final = 0x7FF
#: The network management messages of AUTOSAR have identifier 0 unless configured otherwise.
_NETWORK_MANAGEMENT: Final = 0
_ERRORS: Final = (
    "Transmit timeout", "Lost arbitration", "Controller problems", "Protocol violation",
    "Transceiver status", "No acknowledgement", "Bus off", "Bus error", "Controller restarted",
)  # fmt: skip
_RESERVED_ERRORS: Final = 0x1FFF_FE00


@entered(LINK_TYPES, 227)
def read_can(window: Window, draft: Draft) -> None:
    """Read identifier, length and kind of a frame."""
    _read_frame(window, window.u32(0), "CAN", draft)


def read_cooked_can(window: Window, draft: Draft) -> None:
    """Read a frame of a Linux cooked capture, where the identifier is little-endian."""
    _read_frame(window, window.le32(0), "CAN", draft)


def read_cooked_can_fd(window: Window, draft: Draft) -> None:
    """Read a frame with flexible data rate of a Linux cooked capture."""
    _read_frame(window, window.le32(0), "CANFD", draft)


def _read_frame(window: Window, word: int, protocol: str, draft: Draft) -> None:
    draft.name(protocol)
    draft.write("")
    length = window.u8(4)
    if word & _ERROR:
        causes = [name for bit, name in enumerate(_ERRORS) if word >> bit & 1]
        if word & _RESERVED_ERRORS:
            causes.append("Reserved")
        draft.write(f"ERR: {', '.join(causes)}")
        window.check(8, 8)
        return
    extended = word & _EXTENDED
    identifier = word & (_EXTENDED_MASK if extended else _STANDARD_MASK)
    kind = "Ext. ID" if extended else "ID"
    draft.write(f"{kind}: {identifier} (0x{identifier:x}), Length: {length}")
    if word & _REMOTE:
        draft.append("(Remote Transmission Request)")
        return
    window.check(8, length)
    if identifier == _NETWORK_MANAGEMENT and not extended and length >= 2:
        draft.name("AUTOSAR NM")
        draft.write(f"NM (CBV: 0x{window.u8(8):02x}, SNI: 0x{window.u8(9):02x})")
