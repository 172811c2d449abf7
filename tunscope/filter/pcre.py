"""Regular expressions as PCRE2 has them, for Python's `re` over bytes.

Wireshark matches bytes without regard to case. The two dialects agree on nearly everything; what
differs is rewritten here: option settings in the middle, named groups, quoting, POSIX classes
and a few escapes. What has no counterpart (recursion, callouts, \\K) is refused.
"""

from __future__ import annotations

import re
from typing import Final

_GROUP: Final = re.compile(r"\(\?(?:P?<(?P<name>[A-Za-z_]\w*)>|'(?P<quoted>[A-Za-z_]\w*)')")
_OPTIONS: Final = re.compile(r"\(\?(?P<on>[imsxn]*)(?:-(?P<off>[imsxn]*))?(?P<end>[:)])")
_BACK: Final = re.compile(r"\\k(?:<(\w+)>|\{(\w+)\}|'(\w+)')|\(\?P=(\w+)\)|\\g\{?(-?\w+)\}?")
_CODE: Final = re.compile(r"\\(?:x\{([0-9A-Fa-f]{1,2})\}|o\{([0-7]{1,3})\}|x([0-9A-Fa-f]{0,2}))")
_CLASS: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_QUOTED: Final = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_UNSUPPORTED: Final = re.compile(r"\(\?(?:[R&|C]|P>|\+?\d|-\d)|\(\*|\\[KGXCpP]")

_ESCAPES: Final = {
    "e": r"\x1b",
    "h": r"[\t \xa0]",
    "H": r"[^\t \xa0]",
    "v": r"[\n\x0b\f\r\x85]",
    "V": r"[^\n\x0b\f\r\x85]",
    "N": r"[^\n]",
    "R": r"(?>\r\n|[\n\x0b\f\r\x85])",
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
}
_CLASS_ESCAPES: Final = {"e": r"\x1b", "h": r"\t \xa0", "v": r"\n\x0b\f\r\x85"}
_POSIX: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "a-zA-Z",  # case does not count
    "lower": "a-zA-Z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
    "xdigit": "0-9a-fA-F",
    "word": r"\w",
    "ascii": r"\x00-\x7f",
}


class PatternError(ValueError):
    """A regular expression that does not compile; the message says why."""


def compile_pattern(pattern: bytes) -> re.Pattern[bytes]:
    """Return `pattern` compiled, without regard to case. PatternError if it is none."""
    try:
        translated = _Translator(pattern.decode("latin-1")).run()
        return re.compile(translated.encode("latin-1"))
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from None


class _Translator:
    """One pass over the pattern. Options become groups that last to the end of their group."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._out: list[str] = ["(?i:"]
        #: For every open group: the option groups opened inside it.
        self._options: list[list[str]] = [[]]
        self._groups = 0

    def run(self) -> str:
        pattern = self._pattern
        while self._position < len(pattern):
            character = pattern[self._position]
            if character == "\\":
                self._escape()
            elif character == "[":
                self._set()
            elif character == "(":
                self._open()
            elif character == ")":
                if len(self._options) == 1:
                    raise PatternError("unmatched closing parenthesis")
                self._emit(")" * (len(self._options.pop()) + 1), 1)
            elif character == "|":
                # Options hold for the alternatives that follow, but do not bind them.
                options = self._options[-1]
                self._emit(")" * len(options) + "|" + "".join(options), 1)
            else:
                self._emit(character, 1)
        if len(self._options) > 1:
            raise PatternError("missing closing parenthesis")
        return "".join(self._out) + ")" * (len(self._options[0]) + 1)

    def _emit(self, text: str, consumed: int) -> None:
        self._out.append(text)
        self._position += consumed

    def _open(self) -> None:
        pattern, start = self._pattern, self._position
        if _UNSUPPORTED.match(pattern, start):
            raise PatternError(f'"{pattern[start : start + 4]}" is not supported')
        if pattern.startswith("(?#", start):
            stop = pattern.find(")", start)
            if stop < 0:
                raise PatternError("missing ) after a comment")
            self._position = stop + 1
            return
        if back := _BACK.match(pattern, start):
            self._emit(f"(?P={back.group(4)})", back.end() - start)
            return
        options = _OPTIONS.match(pattern, start)
        if options and (options["on"] or options["off"] or options["end"] == ":"):
            self._set_options(options)
            return
        self._options.append([])
        if named := _GROUP.match(pattern, start):
            self._groups += 1
            self._emit(f"(?P<{named['name'] or named['quoted']}>", named.end() - start)
            return
        if not pattern.startswith("(?", start):
            self._groups += 1
        self._emit("(", 1)

    def _set_options(self, options: re.Match[str]) -> None:
        on = "".join(sorted(set(options["on"]) - {"n"}))
        off = "".join(sorted(set(options["off"] or "") - {"n"} - set(on)))
        group = f"(?{on}{'-' + off if off else ''}:"
        if options["end"] == ":":
            self._options.append([])
        else:
            self._options[-1].append(group)
        self._emit(group, options.end() - options.start())

    def _escape(self) -> None:
        pattern, start = self._pattern, self._position
        if _UNSUPPORTED.match(pattern, start):
            raise PatternError(f'"{pattern[start : start + 2]}" is not supported')
        if quoted := _QUOTED.match(pattern, start):
            self._emit(re.escape(quoted.group(1)), quoted.end() - start)
        elif code := _CODE.match(pattern, start):
            self._emit(_hexadecimal(code), code.end() - start)
        elif back := _BACK.match(pattern, start):
            self._emit(self._back_reference(back), back.end() - start)
        else:
            letter = pattern[start + 1 : start + 2]
            if not letter:
                raise PatternError("\\ at the end of the pattern")
            self._emit(_ESCAPES.get(letter, _plain_escape(letter)), 2)

    def _back_reference(self, match: re.Match[str]) -> str:
        number = match.group(5)
        if number is None:
            return f"(?P={match.group(1) or match.group(2) or match.group(3)})"
        if not number.lstrip("-").isdecimal():
            return f"(?P={number})"
        group = int(number)
        return f"(?:\\{group if group > 0 else self._groups + 1 + group})"

    def _set(self) -> None:
        """A character class; a `]` right behind its start is a member."""
        pattern = self._pattern
        start = self._position
        position = start + 1
        out = ["["]
        if pattern.startswith("^", position):
            out.append("^")
            position += 1
        if pattern.startswith("]", position):
            out.append("\\]")
            position += 1
        while position < len(pattern) and pattern[position] != "]":
            if posix := _CLASS.match(pattern, position):
                out.append(_posix(posix))
                position = posix.end()
            elif code := _CODE.match(pattern, position):
                out.append(_hexadecimal(code))
                position = code.end()
            elif pattern[position] == "\\":
                letter = pattern[position + 1 : position + 2]
                out.append(_CLASS_ESCAPES.get(letter, _plain_escape(letter)))
                position += 2
            else:
                sign = pattern[position]
                doubled = sign == "-" and pattern.startswith("--", position)
                out.append("\\" + sign if sign in "[&|~" or doubled else sign)
                position += 1
        if position >= len(pattern):
            raise PatternError("missing terminating ] of a character class")
        self._emit("".join(out) + "]", position + 1 - start)


def _hexadecimal(match: re.Match[str]) -> str:
    octal = match.group(2)
    value = int(octal, 8) if octal else int(match.group(1) or match.group(3) or "0", 16)
    return f"\\x{value & 0xFF:02x}"


def _plain_escape(letter: str) -> str:
    """A letter that means nothing to Python's `re` stands for itself, as does any other sign."""
    if letter.isalnum() and letter.isascii() and letter not in "aAbBdDfnrsStvwW0123456789":
        return letter
    return "\\" + letter


def _posix(match: re.Match[str]) -> str:
    members = _POSIX.get(match.group(2))
    if members is None or match.group(1):
        raise PatternError(f'"{match.group()}" is not a supported class')
    return members
