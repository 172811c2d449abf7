"""Application units in TCP segments, where each unit gives its own length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.summary.failures import failure_text
from tunscope.summary.window import CaptureCut, Malformed, Unfinished, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.summary.draft import Draft
    from tunscope.summary.registry import Reader


def read_units(
    window: Window,
    draft: Draft,
    header: int,
    length_of: Callable[[Window], int],
    read: Reader,
) -> None:
    """Read the units of a segment one after the other, each with `read`.

    `length_of` gets a window of at least `header` bytes and returns the whole unit's length. A
    unit that cannot be read is marked and those after it are still read; one that ends in a
    later segment is noted in the draft.
    """
    offset = 0
    while offset < window.length:
        window.check(offset, header)
        length = length_of(window.sub(offset))
        if length < header:
            raise Unfinished if window.partial else Malformed
        if offset + length > window.length:
            draft.beyond = offset + length - window.length
        try:
            read(window.unit(offset, length), draft)
        except (CaptureCut, Malformed) as failure:
            draft.append(failure_text(failure))
        offset += length
