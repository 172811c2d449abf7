"""How a character looks, as a program asked for it with SGR (ECMA-48, 8.3.117). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

#: A colour: its number among the 256 of xterm, or red, green and blue.
Colour = int | tuple[int, int, int]
_COLOURS: Final = range(256)
_SWITCHES: Final[dict[int, dict[str, bool]]] = {
    1: {"bold": True}, 2: {"dim": True}, 3: {"italic": True}, 4: {"underline": True},
    7: {"reverse": True}, 22: {"bold": False, "dim": False}, 23: {"italic": False},
    24: {"underline": False}, 27: {"reverse": False},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """Colours (None: the terminal's own) and attributes."""

    foreground: Colour | None = None
    background: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False


PLAIN: Final = Look()


def changed(look: Look, parameters: Sequence[int]) -> Look:
    """Return `look` after ``CSI parameters m``; what is not understood changes nothing."""
    left = list(parameters) or [0]
    while left:
        code = left.pop(0)
        if code == 0:
            look = PLAIN
        elif code in _SWITCHES:
            look = replace(look, **_SWITCHES[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            look = replace(look, foreground=code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            look = replace(look, background=code - 40 if code < 100 else code - 92)
        elif code in {38, 48}:
            colour = _extended(left)
            if colour is not None and code == 38:
                look = replace(look, foreground=colour)
            elif colour is not None:
                look = replace(look, background=colour)
        elif code == 39:
            look = replace(look, foreground=None)
        elif code == 49:
            look = replace(look, background=None)
    return look


def _extended(left: list[int]) -> Colour | None:
    """Take ``5;N`` or ``2;R;G;B`` off `left`."""
    size = {5: 1, 2: 3}.get(left[0] if left else 0, 0)
    parts = left[1 : 1 + size]
    del left[: 1 + size]
    if len(parts) < size or not all(part in _COLOURS for part in parts):
        return None
    match parts:
        case [number]:
            return number
        case [red, green, blue]:
            return red, green, blue
    return None
