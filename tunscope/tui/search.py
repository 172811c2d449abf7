"""What is looked for in packets: text, a regular expression, bytes, or a display filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError, UsageError
from tunscope.summary import summarize

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.filtering import Predicate

#: Says whether the packet with this number is one that is looked for.
Matcher = Callable[[int], bool]

#: What the question says about the ways to ask.
WAYS: Final = "Find text, /regex/, x:hex, =filter"
#: Packets a display filter is asked for at once.
_BLOCK: Final = 4096


def matcher(text: str, capture: CaptureIndex) -> Matcher:
    """Return the matcher for `text`, which `WAYS` explains. UsageError if it is wrong.

    Text is found in Info and in the bytes, whatever the case of its ASCII letters; a regular
    expression is matched against both as it is written. The matcher belongs to one thread.
    """
    if text.startswith("="):
        return _passing(_filter(text[1:]), capture)
    if text.startswith("x:"):
        wanted = _octets(text[2:])
        return lambda number: wanted in _data(capture, number)
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return _pattern(_compiled(text[1:-1], 0), capture)
    return _pattern(_compiled(re.escape(text), re.IGNORECASE), capture)


def _pattern(patterns: tuple[re.Pattern[str], re.Pattern[bytes]], capture: CaptureIndex) -> Matcher:
    of_text, of_bytes = patterns

    def matches(number: int) -> bool:
        try:
            record = capture.record(number)
        except (KeyError, OSError, TunscopeError):  # gone with its segment: not to be found
            return False
        if of_bytes.search(record.data) is not None:
            return True
        return of_text.search(summarize(record).info) is not None

    return matches


def _passing(predicate: Predicate, capture: CaptureIndex) -> Matcher:
    blocks: dict[int, npt.NDArray[np.bool_]] = {}

    def passes(number: int) -> bool:
        block, place = divmod(number - 1, _BLOCK)
        if block not in blocks or place >= len(blocks[block]):
            start = block * _BLOCK
            blocks[block] = predicate(capture, start, min(start + _BLOCK, capture.count))
        return bool(blocks[block][place])

    return passes


def _data(capture: CaptureIndex, number: int) -> bytes:
    try:
        return capture.record(number).data
    except (KeyError, OSError, TunscopeError):  # gone with its segment: not to be found
        return b""


def _filter(text: str) -> Predicate:
    from tunscope.filter.compiled import compile_filter

    if not text.strip():
        raise UsageError("find", "no filter stands behind the =")
    return compile_filter(text).columns_predicate


def _octets(text: str) -> bytes:
    try:
        octets = bytes.fromhex(text.replace(":", " "))
    except ValueError:
        raise UsageError(f"find x:{text}", "not pairs of hex digits", "as in x:45 00") from None
    if not octets:
        raise UsageError("find", "no bytes stand behind the x:", "as in x:45 00")
    return octets


def _compiled(expression: str, flags: int) -> tuple[re.Pattern[str], re.Pattern[bytes]]:
    try:
        return re.compile(expression, flags), re.compile(expression.encode(), flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"find /{expression}/", f"no regular expression: {error}") from None
