"""What is looked for in packets: text, a regular expression, bytes, or a display filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError, UsageError
from tunscope.tui.flow_summaries import FlowSummaries

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.filtering import Predicate
    from tunscope.packet.record import PacketRecord

#: Says whether the packet with this number is one that is looked for.
Matcher = Callable[[int], bool]

#: What the question says about the ways to ask.
WAYS: Final = "Find text, /regex/, x:hex, =filter"
#: Packets a display filter is asked for at once.
_BLOCK: Final = 4096


class Where(Enum):
    """Where text is looked for; the value is what the screen calls it."""

    BOTH = "info and bytes"
    INFO = "info"
    BYTES = "bytes"

    def following(self) -> Where:
        """Return the next place."""
        members = list(Where)
        return members[(members.index(self) + 1) % len(members)]


@dataclass(frozen=True, slots=True)
class Manner:
    """How text is looked for; hex bytes and filters do not depend on it."""

    where: Where = Where.BOTH
    exact_case: bool = False

    def __str__(self) -> str:
        return f"in {self.where.value}, {'exact' if self.exact_case else 'any'} case"


_ANY: Final = Manner()


def matcher(text: str, capture: CaptureIndex, manner: Manner = _ANY) -> Matcher:
    """Return the matcher for `text`, which `WAYS` explains. UsageError if it is wrong.

    Info is the one of the packet list. The matcher belongs to one thread.
    """
    if text.startswith("="):
        return _passing(_filter(text[1:]), capture)
    if text.startswith("x:"):
        wanted = _octets(text[2:])
        return lambda number: wanted in _data(capture, number)
    return _Pattern(text, manner, capture)


def place_of(text: str, data: bytes, manner: Manner) -> range:
    """Return which bytes of `data` a `text` that has a matcher looks for; none where in Info."""
    if text.startswith("="):
        return range(0)
    if text.startswith("x:"):
        octets = _octets(text[2:])
        start = data.find(octets)
        return range(0) if start < 0 else range(start, start + len(octets))
    met = _expressions(text, manner)[1].search(data) if manner.where is not Where.INFO else None
    return range(0) if met is None else range(*met.span())


def _expressions(text: str, manner: Manner) -> tuple[re.Pattern[str], re.Pattern[bytes]]:
    """Return text, or an expression between slashes, as one for Info and one for bytes."""
    flags = 0 if manner.exact_case else re.IGNORECASE
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return _compiled(text[1:-1], flags)
    return _compiled(re.escape(text), flags)


class _Pattern:
    """Looks for a regular expression in Info and in the bytes."""

    def __init__(self, text: str, manner: Manner, capture: CaptureIndex) -> None:
        self._of_text, self._of_bytes = _expressions(text, manner)
        self._where = manner.where
        self._capture = capture
        self._flows = FlowSummaries(capture)

    def __call__(self, number: int) -> bool:
        try:
            record = self._capture.record(number)
        except (KeyError, OSError, TunscopeError):  # gone with its segment: not to be found
            return False
        if self._where is not Where.INFO and self._of_bytes.search(record.data) is not None:
            return True
        return self._where is not Where.BYTES and self._is_in_info(number, record)

    def _is_in_info(self, number: int, record: PacketRecord) -> bool:
        summary, settled = self._flows.glance(number, record)
        if not settled:  # what the conversation adds may be what is looked for
            self._flows.settle(number)
            summary, _ = self._flows.glance(number, record)
        return self._of_text.search(summary.info) is not None


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
