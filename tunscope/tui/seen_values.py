"""Which values a field has in the capture, for the completion of filters."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from tunscope.filter.table import lookup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.index.capture import CaptureIndex

#: So many of the newest and of the oldest packets are looked at.
_SAMPLE: Final = 100_000
#: What was seen is looked for again after this many seconds.
_FRESH: Final = 5.0


class SeenValues:
    """Values of fields in `capture`, the most frequent first. Belongs to one thread."""

    def __init__(self, capture: CaptureIndex) -> None:
        self._capture = capture
        self._known: dict[str, tuple[float, list[str]]] = {}

    def texts(self, name: str) -> Sequence[str]:
        """Return the values of the field `name` as a filter would write them.

        Nothing for fields that the index has no column for.
        """
        now = time.monotonic()
        found = self._known.get(name)
        if found is None or now - found[0] > _FRESH:
            found = self._known[name] = (now, self._look(name))
        return found[1]

    def _look(self, name: str) -> list[str]:
        from tunscope.tui.column_values import count_values

        field = lookup(name)
        capture = self._capture
        counted: Counter[str] = Counter()
        if field is not None:
            first, count = capture.first_number - 1, capture.count
            newest = max(first, count - _SAMPLE)
            count_values(capture, field, newest, count, counted)
            count_values(capture, field, first, min(newest, first + _SAMPLE), counted)
        return [text for text, _ in counted.most_common()]
