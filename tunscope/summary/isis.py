"""OSI network layer: IS-IS (ISO 10589), ES-IS, CLNP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.llc import SAPS
from tunscope.summary.registry import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CLNP: Final = 0x81
_ES_IS: Final = 0x82
_IS_IS: Final = 0x83
_HELLO: Final = {15: "L1 HELLO", 16: "L2 HELLO", 17: "P2P HELLO"}
_LSP: Final = {18: "L1", 20: "L2"}
_COMPLETE: Final = {24: "L1", 25: "L2"}
_PARTIAL: Final = {26: "L1", 27: "L2"}


@entered(SAPS, 0xFE)
@entered(ETHERTYPES, 0xFEFE)
def read_osi(window: Window, draft: Draft) -> None:
    """Read the protocol that the first byte names (ISO 9577)."""
    kind = window.u8(0)
    if kind == _IS_IS:
        read_isis(window, draft)
    elif kind == _ES_IS:
        draft.name("ESIS")
        draft.write("")
    elif kind in {0, _CLNP}:
        draft.name("CLNP")
        draft.write("Length indicator is zero" if kind == 0 else "")
    else:
        draft.name("ISO")
        draft.write(f"Unknown ISO protocol ({kind:02x})")


@entered(ETHERTYPES, 0x22F4)
def read_isis(window: Window, draft: Draft) -> None:
    """Read the type of a PDU and whom it is from."""
    draft.name("ISIS")
    draft.write("")
    kind = window.u8(4) & 31
    if kind in _HELLO:
        draft.name("ISIS HELLO")
        draft.write(f"{_HELLO[kind]}, System-ID: {_system(window, 9)}")
    elif kind in _LSP:
        draft.name("ISIS LSP")
        lifetime, sequence = window.u16(10), window.u32(20)
        draft.write(
            f"{_LSP[kind]} LSP, LSP-ID: {_lsp(window, 12)}, "
            f"Sequence: 0x{sequence:08x}, Lifetime: {lifetime:5d}s"
        )
    elif kind in _COMPLETE:
        draft.name("ISIS CSNP")
        draft.write(
            f"{_COMPLETE[kind]} CSNP, Source-ID: {_source(window)}, "
            f"Start LSP-ID: {_lsp(window, 17)}, End LSP-ID: {_lsp(window, 25)}"
        )
    elif kind in _PARTIAL:
        draft.name("ISIS PSNP")
        draft.write(f"{_PARTIAL[kind]} PSNP, Source-ID: {_source(window)}")
    else:
        draft.write(f"Unknown ISIS packet type ({kind})")


def _system(window: Window, offset: int) -> str:
    text = window.take(offset, 6).hex()
    return f"{text[:4]}.{text[4:8]}.{text[8:]}"


def _source(window: Window) -> str:
    return f"{_system(window, 10)}.{window.u8(16):02x}"


def _lsp(window: Window, offset: int) -> str:
    return f"{_system(window, offset)}.{window.u8(offset + 6):02x}-{window.u8(offset + 7):02x}"
