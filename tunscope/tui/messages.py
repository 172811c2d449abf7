"""Sentences for the person at the screen: how loud they are, and when they were said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.tui.session import Severity


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """A message with the time it was shown, in seconds since 1970; `text` is printable."""

    at: float
    severity: Severity
    text: str


_SIGNS: Final = {Severity.INFORMATION: "", Severity.WARNING: "▲ ", Severity.ERROR: "✖ "}


def sign_of(severity: Severity) -> str:
    """Return what stands before a message, so that no colour alone tells how bad it is."""
    return _SIGNS[severity]
