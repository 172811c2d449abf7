"""The two themes that tunscope brings; every other Textual theme works as well."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="tunscope-dark",
    primary="#5fa8e8",
    secondary="#79c2b4",
    accent="#e3b25f",
    success="#86cb7e",
    warning="#f0b455",
    error="#ff7b7e",
    foreground="#d9e0e8",
    background="#0f1318",
    surface="#171c23",
    panel="#212832",
    dark=True,
)

LIGHT: Final = Theme(
    name="tunscope-light",
    primary="#0a5ca8",
    secondary="#1f6f60",
    accent="#8a5200",
    success="#1a6b34",
    warning="#8a5800",
    error="#b3202a",
    foreground="#1f252c",
    background="#fcfbf8",
    surface="#f2f0ea",
    panel="#e4e1d8",
    dark=False,
)

THEMES: Final = (DARK, LIGHT)
