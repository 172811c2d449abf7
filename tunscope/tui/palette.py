"""Styles of the self-drawn widgets, derived from the theme's colours and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style
from textual.color import Color

#: WCAG 2.1 contrast for text (level AA).
_MINIMUM_CONTRAST = 4.5

_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)

_VARIABLES = (
    "background",
    "foreground",
    "surface",
    "panel",
    "primary",
    "secondary",
    "accent",
    "success",
    "warning",
    "error",
)


@dataclass(frozen=True, slots=True)
class Palette:
    """Every style the screen draws with.

    `text`, `muted` and the named tones lie on the background; `bar*` on the header and status
    lines; `head*` on column headings; `cursor*` on the selected row, which is told by its
    marker and bold text too, never by colour alone.
    """

    text: Style
    muted: Style
    faint: Style
    strong: Style
    primary: Style
    secondary: Style
    accent: Style
    success: Style
    warning: Style
    error: Style
    bar: Style
    bar_muted: Style
    bar_strong: Style
    bar_accent: Style
    bar_success: Style
    bar_warning: Style
    bar_error: Style
    alarm: Style
    head: Style
    head_active: Style
    field: Style
    field_muted: Style
    field_success: Style
    field_error: Style
    cursor: Style
    cursor_blurred: Style
    match: Style
    badge: Style
    rule: Style
    thumb: Style
    track: Style


def readable(color: Color, background: Color) -> Color:
    """Return `color`, moved towards the far end until it can be read on `background`."""
    target = max((_BLACK, _WHITE), key=lambda end: contrast(end, background))
    for step in range(11):
        mixed = color.blend(target, step / 10, alpha=1.0)
        if contrast(mixed, background) >= _MINIMUM_CONTRAST:
            return mixed
    return target


def contrast(one: Color, other: Color) -> float:
    """Return the WCAG contrast ratio of two opaque colours, 1 to 21."""

    def luminance(color: Color) -> float:
        channels = (
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
            for value in color.normalized
        )
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette(variables: Mapping[str, str]) -> Palette:
    """Return the styles for a theme's variables (`App.theme_variables`)."""
    return _palette(tuple(variables[name] for name in _VARIABLES))


@lru_cache(maxsize=32)
def _palette(values: tuple[str, ...]) -> Palette:
    written = dict(zip(_VARIABLES, values, strict=True))
    base = _opaque(written["background"], Color(0, 0, 0))
    tone = {name: _opaque(value, base) for name, value in written.items()}
    plain, field, bar = tone["foreground"], tone["surface"], tone["panel"]

    def on(back: Color, color: Color, *, bold: bool = False) -> Style:
        front = readable(color, back)
        return Style(color=front.rich_color, bgcolor=back.rich_color, bold=bold or None)

    cursor = base.blend(tone["primary"], 0.38, alpha=1.0)
    blurred = base.blend(tone["primary"], 0.16, alpha=1.0)
    match = base.blend(tone["accent"], 0.35, alpha=1.0)

    def quiet(back: Color) -> Color:
        return plain.blend(back, 0.4, alpha=1.0)

    return Palette(
        text=on(base, plain),
        muted=on(base, quiet(base)),
        faint=Style(color=plain.blend(base, 0.62, alpha=1.0).rich_color, bgcolor=base.rich_color),
        strong=on(base, plain, bold=True),
        primary=on(base, tone["primary"]),
        secondary=on(base, tone["secondary"]),
        accent=on(base, tone["accent"]),
        success=on(base, tone["success"]),
        warning=on(base, tone["warning"]),
        error=on(base, tone["error"]),
        bar=on(bar, plain),
        bar_muted=on(bar, quiet(bar)),
        bar_strong=on(bar, plain, bold=True),
        bar_accent=on(bar, tone["accent"], bold=True),
        bar_success=on(bar, tone["success"], bold=True),
        bar_warning=on(bar, tone["warning"], bold=True),
        bar_error=on(bar, tone["error"], bold=True),
        alarm=on(tone["error"], tone["error"].get_contrast_text(1.0), bold=True),
        head=on(field, quiet(field)),
        head_active=on(field, plain, bold=True),
        field=on(field, plain),
        field_muted=on(field, quiet(field)),
        field_success=on(field, tone["success"], bold=True),
        field_error=on(field, tone["error"], bold=True),
        cursor=on(cursor, plain, bold=True),
        cursor_blurred=on(blurred, plain),
        match=on(match, plain, bold=True),
        badge=on(tone["accent"], tone["accent"].get_contrast_text(1.0), bold=True),
        rule=Style(color=plain.blend(base, 0.75, alpha=1.0).rich_color, bgcolor=base.rich_color),
        thumb=Style(
            color=tone["primary"].blend(base, 0.35, alpha=1.0).rich_color,
            bgcolor=base.rich_color,
        ),
        track=Style(color=plain.blend(base, 0.85, alpha=1.0).rich_color, bgcolor=base.rich_color),
    )


def _opaque(value: str, backdrop: Color) -> Color:
    """Return the colour of a theme variable; the terminal's own colours count as the backdrop."""
    color = Color.parse(value)
    if color.ansi is not None:
        return backdrop
    return (backdrop + color).with_alpha(1.0)
