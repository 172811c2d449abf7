"""What a row looks like under a colouring rule, readable in every theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color

from tunscope.tui.palette import readable

if TYPE_CHECKING:
    from tunscope.tui.palette import Palette
    from tunscope.tui.settings.rule import ColouringRule


@dataclass(frozen=True, slots=True)
class RuleStyles:
    """Styles of a row: of its words, of its quieter columns, and of its protocol and sign."""

    text: Style
    muted: Style
    tone: Style


def rule_styles(palette: Palette, rule: ColouringRule) -> RuleStyles:
    """Return the styles of `rule` in the theme of `palette`, of a contrast of 4.5 or more."""
    base, plain = _background(palette.text), _foreground(palette.text)
    tone = _foreground(getattr(palette, rule.tone))
    if rule.background:
        back = (base + Color.parse(rule.background)).with_alpha(1.0)
    else:
        back = base.blend(tone, rule.tint / 100, alpha=1.0)
    front = (back + Color.parse(rule.foreground)).with_alpha(1.0) if rule.foreground else plain
    quiet = front.blend(back, 0.35, alpha=1.0)
    accent = front if rule.foreground else tone

    def on(color: Color, *, bold: bool = rule.bold) -> Style:
        shown = readable(color, back)
        return Style(color=shown.rich_color, bgcolor=back.rich_color, bold=bold or None)

    return RuleStyles(on(front), on(quiet), on(accent, bold=rule.bold or bool(rule.sign)))


def _foreground(style: Style) -> Color:
    assert style.color is not None
    return Color.from_rich_color(style.color)


def _background(style: Style) -> Color:
    assert style.bgcolor is not None
    return Color.from_rich_color(style.bgcolor)
