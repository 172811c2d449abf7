"""Output of a program cut into characters, controls and control sequences (ECMA-48). Pure.

Strings (OSC, DCS, APC, PM, SOS) are swallowed whole, whatever they contain, and so is every
sequence that is cut short or malformed. Nothing of what a program sends gets further than here
but as a value.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ESCAPE: Final = "\x1b"
_STRING_STARTS: Final = frozenset("]PX^_")
_C1_STRINGS: Final = frozenset("\x90\x98\x9d\x9e\x9f")
_C1_SEQUENCE: Final = "\x9b"
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_SEQUENCE: Final = re.compile(r"([0-9:;<=>?]*)([ -/]*)([@-~])")
_UNFINISHED: Final = re.compile(r"[0-9:;<=>?]*[ -/]*\Z")
_STRING_END: Final = re.compile("\x1b\\\\|[\x07\x9c\x18\x1a]")
_LONGEST_SEQUENCE: Final = 256
_MOST_PARAMETERS: Final = 32
_LARGEST_PARAMETER: Final = 9999


@dataclass(frozen=True, slots=True)
class Text:
    """Characters without any control among them."""

    characters: str


@dataclass(frozen=True, slots=True)
class Control:
    """A C0 control or, after ESC, one character ("\\x1bM" is reverse line feed)."""

    code: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """``CSI parameters final``; those with private or intermediate characters are left out."""

    parameters: tuple[int, ...]
    final: str

    def number(self, place: int, default: int = 1) -> int:
        """Return a parameter, `default` where it is missing or 0."""
        return (self.parameters[place] if place < len(self.parameters) else 0) or default


Piece = Text | Control | Sequence


class Scanner:
    """Cuts output that comes in pieces of any size."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._in_string = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield what `data` completes; what is unfinished is kept for the next call."""
        text = self._rest + self._decode(data)
        self._rest = ""
        at = 0
        while at < len(text):
            if self._in_string:
                end = _STRING_END.search(text, at)
                if end is None:
                    self._rest = _ESCAPE if text.endswith(_ESCAPE) else ""
                    return
                at, self._in_string = end.end(), False
                continue
            run = _TEXT.match(text, at)
            if run is not None:
                yield Text(run[0])
                at = run.end()
                continue
            step = self._control(text, at)
            if step is None:
                self._rest = text[at:]
                return
            at, piece = step
            if piece is not None:
                yield piece

    def _control(self, text: str, at: int) -> tuple[int, Piece | None] | None:
        """Return where the control at `at` ends and what it is; None if it has not ended."""
        code = text[at]
        if code == _C1_SEQUENCE:
            return self._sequence(text, at + 1)
        if code in _C1_STRINGS:
            self._in_string = True
            return at + 1, None
        if code != _ESCAPE:
            return at + 1, Control(code)
        if at + 1 == len(text):
            return None
        code = text[at + 1]
        if code == "[":
            return self._sequence(text, at + 2)
        if code in _STRING_STARTS:
            self._in_string = True
            return at + 2, None
        if " " <= code <= "/":  # as in a choice of character set: one more character follows
            return None if at + 2 == len(text) else (at + 3, None)
        return at + 2, Control(_ESCAPE + code)

    def _sequence(self, text: str, at: int) -> tuple[int, Piece | None] | None:
        found = _SEQUENCE.match(text, at, at + _LONGEST_SEQUENCE)
        if found is None:
            cut_short = _UNFINISHED.match(text, at) and len(text) - at < _LONGEST_SEQUENCE
            return None if cut_short else (at, None)
        parameters, intermediate, final = found.groups()
        if intermediate or parameters[:1] in set("<=>?"):
            return found.end(), None
        words = re.split("[;:]", parameters)[:_MOST_PARAMETERS] if parameters else []
        numbers = (int(word[:5]) if word.isdecimal() else 0 for word in words)
        values = tuple(min(number, _LARGEST_PARAMETER) for number in numbers)
        return found.end(), Sequence(values, final)
