"""ARCnet packets, as BSD (LINKTYPE 7) and Linux (LINKTYPE 129) capture them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.ethernet import read_ethertype
from tunscope.summary.registry import LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

#: System codes (RFC 1051, RFC 1201) and the EtherType of what they carry.
_ETHERTYPES: Final = {
    212: 0x0800, 213: 0x0806, 214: 0x8035, 240: 0x0800, 241: 0x0806, 196: 0x86DD,
}  # fmt: skip
#: Codes from this one on, in RFC 1201, have a split flag and a sequence number.
_SPLIT: Final = frozenset({196, 212, 213, 214})


@entered(LINK_TYPES, 7)
def read_arcnet(window: Window, draft: Draft) -> None:
    """Read a packet whose system code follows the addresses."""
    _read(window, 2, draft)


@entered(LINK_TYPES, 129)
def read_arcnet_linux(window: Window, draft: Draft) -> None:
    """Read a packet with Linux's two bytes of offset before the system code."""
    _read(window, 4, draft)


def _read(window: Window, offset: int, draft: Draft) -> None:
    draft.name("ARCNET")
    draft.addresses(f"0x{window.u8(0):02x}", f"0x{window.u8(1):02x}")
    draft.write("")
    code = window.u8(offset)
    offset += 1
    if code in _SPLIT:
        offset += 3
    if code in _ETHERTYPES:
        read_ethertype(_ETHERTYPES[code], window.sub(offset), draft)
    else:
        draft.write(f"Unknown (0x{code:02x})")
