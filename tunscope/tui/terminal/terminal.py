"""Lines that a program has printed, kept as a terminal of the kind `ansi` would show them. Pure.

What terminfo says of `ansi` is obeyed (colours, moving, erasing, inserting and deleting), so that
programs which edit a line, draw a progress bar or fill the screen can be followed. Lines that leave
the screen at the top stay above it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final
from unicodedata import category

from rich.cells import cell_len

from tunscope.tui.terminal.look import PLAIN, Look, changed
from tunscope.tui.terminal.sequences import Control, Scanner, Sequence, Text

#: What TERM is to be for a program whose output is shown here.
TERM: Final = "ansi"
_TAB: Final = 8
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_revisions: Final = count(1)


class Line:
    """Characters and their looks, cell by cell; "" follows a character that takes two cells.

    `revision` is another one, of all lines, after every change.
    """

    __slots__ = ("characters", "looks", "revision")

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.looks: list[Look] = []
        self.revision = next(_revisions)

    @property
    def text(self) -> str:
        """The line without its looks."""
        return "".join(self.characters).rstrip()


class Terminal:
    """`feed` it output; `lines` are what there is to see, the oldest first.

    At most `kept` lines are kept above the screen of `rows` lines. `dropped` counts those that
    went.
    """

    def __init__(self, columns: int = 80, rows: int = 24, kept: int = 5000) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[Line] = [Line()]
        self.dropped = 0
        self.row = self.column = 0
        self._kept = kept
        self._top = 0
        self._look = PLAIN
        self._last = " "
        self._saved = (0, 0)
        self._scanner = Scanner()
        self._sequences: dict[str, Callable[[Sequence], None]] = {
            "A": lambda s: self._go(self.row - s.number(0), self.column),
            "B": lambda s: self._go(self.row + s.number(0), self.column),
            "C": lambda s: self._go(self.row, self.column + s.number(0)),
            "D": lambda s: self._go(self.row, min(self.column, self.columns - 1) - s.number(0)),
            "E": lambda s: self._go(self.row + s.number(0), 0),
            "F": lambda s: self._go(self.row - s.number(0), 0),
            "G": lambda s: self._go(self.row, s.number(0) - 1),
            "`": lambda s: self._go(self.row, s.number(0) - 1),
            "d": lambda s: self._go(self._top + s.number(0) - 1, self.column),
            "H": lambda s: self._go(self._top + s.number(0) - 1, s.number(1) - 1),
            "f": lambda s: self._go(self._top + s.number(0) - 1, s.number(1) - 1),
            "J": self._erase_screen,
            "K": self._erase_line,
            "@": lambda s: self._insert(s.number(0)),
            "P": lambda s: self._delete(s.number(0)),
            "X": lambda s: self._blank(self.column, self.column + s.number(0)),
            "L": self._open_lines,
            "M": self._close_lines,
            "S": lambda s: self._delete_lines(self._top, s.number(0)),
            "T": lambda s: self._insert_lines(self._top, s.number(0)),
            "b": lambda s: self._print(self._last * min(s.number(0), self.columns)),
            "Z": lambda s: self._go(self.row, (self.column - 1) // _TAB * _TAB),
            "m": self._set_look,
            "s": lambda s: self._save(),
            "u": lambda s: self._restore(),
        }
        self._controls: dict[str, Callable[[], None]] = {
            "\n": self._line_feed,
            "\v": self._line_feed,
            "\f": self._line_feed,
            "\r": lambda: self._go(self.row, 0),
            "\b": lambda: self._go(self.row, min(self.column, self.columns - 1) - 1),
            "\t": lambda: self._go(self.row, (self.column // _TAB + 1) * _TAB),
            "\x1bD": self._line_feed,
            "\x1bE": self._new_line,
            "\x1bM": self._reverse_line_feed,
            "\x1b7": self._save,
            "\x1b8": self._restore,
            "\x1bc": self._reset,
        }

    def feed(self, data: bytes) -> None:
        """Take output in; nothing raises, whatever it is."""
        for piece in self._scanner.feed(data):
            match piece:
                case Text(characters):
                    self._print(characters)
                case Control(code):
                    if code in self._controls:
                        self._controls[code]()
                case Sequence(_, final):
                    if final in self._sequences:
                        self._sequences[final](piece)

    def resize(self, columns: int, rows: int) -> None:
        """Be another size; lines stay as they are."""
        self.columns, self.rows = max(1, columns), max(1, rows)
        self._top = max(0, self._last_line - self.rows + 1, self.row - self.rows + 1)

    # --- where the cursor is

    @property
    def _last_line(self) -> int:
        return len(self.lines) - 1

    def _go(self, row: int, column: int) -> None:
        """Go to a place on the screen, `row` counted among all lines."""
        self.row = max(self._top, min(row, self._top + self.rows - 1))
        self.column = max(0, min(column, self.columns - 1))

    def _line_feed(self) -> None:
        if self.row < self._top + self.rows - 1:
            self.row += 1
        else:
            self._line(self.row + 1)
            self.row += 1
            self._top += 1
            self._drop_old()

    def _new_line(self) -> None:
        self._line_feed()
        self.column = 0

    def _reverse_line_feed(self) -> None:
        if self.row > self._top:
            self.row -= 1
        else:
            self._insert_lines(self._top, 1)

    def _drop_old(self) -> None:
        surplus = self._top - self._kept
        if surplus > self._kept // 8:
            del self.lines[:surplus]
            self.dropped += surplus
            self._top -= surplus
            self.row -= surplus

    def _save(self) -> None:
        self._saved = self.row - self._top, self.column

    def _restore(self) -> None:
        self._go(self._top + self._saved[0], self._saved[1])

    def _reset(self) -> None:
        self._look = PLAIN
        self._erase_screen(Sequence((2,), "J"))
        self._go(self._top, 0)

    # --- what is on the lines

    def _line(self, row: int) -> Line:
        while row > self._last_line:
            self.lines.append(Line())
        return self.lines[row]

    def _touched(self) -> Line:
        """Return the line of the cursor, to be changed, filled with blanks up to it."""
        line = self._line(self.row)
        line.revision = next(_revisions)
        missing = self.column - len(line.characters)
        if missing > 0:
            line.characters += " " * missing
            line.looks += [PLAIN] * missing
        return line

    def _print(self, characters: str) -> None:
        if not characters.isprintable():
            characters = "".join(map(_printable, characters))
        self._last = characters[-1]
        if characters.isascii():
            while characters:
                if self.column >= self.columns:
                    self._new_line()
                room = self.columns - self.column
                self._put(list(characters[:room]))
                characters = characters[room:]
            return
        for character in characters:
            width = cell_len(character)
            if width and self.column + width > self.columns:
                self._new_line()
            if width and width <= self.columns:
                self._put([character, ""][:width])

    def _put(self, cells: list[str]) -> None:
        line = self._touched()
        end = self.column + len(cells)
        line.characters[self.column : end] = cells
        line.looks[self.column : end] = [self._look] * len(cells)
        self.column = end  # one past the last column: the next character begins a line

    def _erase_line(self, sequence: Sequence) -> None:
        match sequence.number(0, 0):
            case 0:
                line = self._touched()
                del line.characters[self.column :], line.looks[self.column :]
            case 1:
                self._blank(0, self.column + 1)
            case 2:
                self._clear(self.row)

    def _erase_screen(self, sequence: Sequence) -> None:
        kind = sequence.number(0, 0)
        if kind == 0:
            self._erase_line(sequence)
            self._clear_rows(self.row + 1, len(self.lines))
        elif kind == 1:
            self._clear_rows(self._top, self.row)
            self._blank(0, self.column + 1)
        elif kind == 2:
            self._clear_rows(self._top, len(self.lines))

    def _clear_rows(self, first: int, end: int) -> None:
        for row in range(first, end):
            self._clear(row)

    def _clear(self, row: int) -> None:
        line = self._line(row)
        line.revision = next(_revisions)
        line.characters.clear()
        line.looks.clear()

    def _blank(self, start: int, end: int) -> None:
        line = self._touched()
        end = min(end, len(line.characters))
        if end > start:
            line.characters[start:end] = " " * (end - start)
            line.looks[start:end] = [PLAIN] * (end - start)

    def _insert(self, number: int) -> None:
        line = self._touched()
        number = min(number, self.columns)
        line.characters[self.column : self.column] = " " * number
        line.looks[self.column : self.column] = [PLAIN] * number
        del line.characters[self.columns :], line.looks[self.columns :]

    def _delete(self, number: int) -> None:
        line = self._touched()
        end = self.column + number
        del line.characters[self.column : end], line.looks[self.column : end]

    def _open_lines(self, sequence: Sequence) -> None:
        self._insert_lines(self.row, sequence.number(0))
        self.column = 0

    def _close_lines(self, sequence: Sequence) -> None:
        self._delete_lines(self.row, sequence.number(0))
        self.column = 0

    def _insert_lines(self, row: int, number: int) -> None:
        bottom = self._top + self.rows
        self._line(bottom - 1)
        number = min(number, bottom - row)
        del self.lines[bottom - number : bottom]
        self.lines[row:row] = [Line() for _ in range(number)]

    def _delete_lines(self, row: int, number: int) -> None:
        bottom = self._top + self.rows
        self._line(bottom - 1)
        number = min(number, bottom - row)
        self.lines[bottom:bottom] = [Line() for _ in range(number)]
        del self.lines[row : row + number]

    def _set_look(self, sequence: Sequence) -> None:
        self._look = changed(self._look, sequence.parameters)


def _printable(character: str) -> str:
    """Return what stands for a character: blanks for another kind of blank, as wide as it is."""
    if character.isprintable():
        return character
    return " " * cell_len(character) if category(character) == "Zs" else _REPLACEMENT
