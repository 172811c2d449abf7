"""Where dividers between panes may stand. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tunscope.tui.settings.model import LARGEST_PANE, SMALLEST_PANE, PaneSizes

#: Lines that fields and bytes always have, and that they have where there is room.
LEAST_DETAILS: Final = 3
_ROOMY_DETAILS: Final = 10
#: Lines above and below the panes.
_AROUND: Final = 4


def least_details(height: int) -> int:
    """Return the lines that fields and bytes have in a terminal of `height`: half at most."""
    return max(LEAST_DETAILS, min((height - _AROUND) // 2, _ROOMY_DETAILS))


def per_cent(part: int, whole: int) -> int:
    """Return how much `part` is of `whole`, within what a pane may take."""
    return _bounded(round(100 * part / max(1, whole)))


def _bounded(share: int) -> int:
    return max(SMALLEST_PANE, min(LARGEST_PANE, share))


def with_details(sizes: PaneSizes, share: int) -> PaneSizes:
    """Return the sizes with fields and bytes taking `share` per cent of the height."""
    return replace(sizes, details=_bounded(share))


def with_bytes(sizes: PaneSizes, share: int) -> PaneSizes:
    """Return the sizes with the bytes taking `share` per cent of fields and bytes."""
    return replace(sizes, bytes=_bounded(share))
