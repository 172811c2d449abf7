"""One colouring rule. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Tones of a rule: colours of the theme, so that every theme stays readable.
TONES: Final = ("primary", "secondary", "accent", "success", "warning", "error", "muted", "text")


@dataclass(frozen=True, slots=True)
class ColouringRule:
    """Packets that pass the display filter `filter` have their row in these colours.

    `tone` is one of `TONES`; `tint` how much of it (per cent) is mixed into the background.
    `foreground` and `background` are colours of their own ("#rrggbb" or a name) instead, moved
    until the text can be read. `sign`, one character, stands in front of the row, so that the
    meaning does not hang on the colour.
    """

    name: str
    filter: str
    tone: str = "text"
    tint: int = 10
    bold: bool = False
    sign: str = ""
    foreground: str = ""
    background: str = ""
