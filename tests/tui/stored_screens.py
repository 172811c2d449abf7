"""Snapshots of screens: Textual's SVG, kept in a notation that shows in a diff what has changed.

A stored screen is a text: the characters as they stand, then a letter for the look of each cell,
then what each letter means. It is read out of the SVG and has all that is in it, so that the SVG
can be drawn from it again:

    python tests/tui/stored_screens.py FOLDER    draws every stored screen as FOLDER/NAME.svg

A screen that differs from its stored one fails its test, which leaves both as SVG to look at.
`UPDATE_SCREENS=1 pytest tests/tui -k screen` stores screens anew; look at the diff.
"""

from __future__ import annotations

import html
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters, digits

import pytest
from browser_driver import Browser
from rich.cells import cell_len
from textual.widgets import Input

STORED = Path(__file__).parent / "screens"
SIZES = [(80, 24), (120, 36)]
THEMES = ["tunscope-dark", "tunscope-light"]

#: Of Rich's SVG: the width of a cell, the height of a line, and where text stands in it.
_CELL, _LINE, _BASE = 12.2, 24.4, 20
_LETTERS = ascii_letters + digits + "αβγδεζηθικλμνξπρστυφχψω"
_CLASS = re.compile(r"\.[\w-]+-(r\d+) \{ ([^}]*) \}")
_BACK = re.compile(
    r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24.65" shape'
)
_TEXT = re.compile(
    r'<text class="[\w-]+-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"[^>]*>([^<]*)</text>'
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A character (none behind a wide one), how it is written, and what is behind it."""

    text: str = " "
    style: str = ""
    back: str = "none"


Grid = list[list[Cell]]


def grid_of_svg(svg: str, size: tuple[int, int]) -> Grid:
    """Return the cells of an SVG that Textual drew of a terminal of `size`."""
    width, height = size
    grid = [[Cell()] * width for _ in range(height)]
    for color, x, y, cells in _BACK.findall(svg):
        row, column = round((float(y) - 1.5) / _LINE), round(float(x) / _CELL)
        for place in range(column, min(width, column + round(float(cells) / _CELL))):
            grid[row][place] = Cell(back=color)
    styles = dict(_CLASS.findall(svg))
    for name, x, y, text in _TEXT.findall(svg):
        row, column = round((float(y) - _BASE) / _LINE), round(float(x) / _CELL)
        for character in html.unescape(text).replace("\xa0", " "):
            for place, piece in enumerate((character, *[""] * (cell_len(character) - 1))):
                if column + place < width:
                    back = grid[row][column + place].back
                    grid[row][column + place] = Cell(piece, styles[name], back)
            column += cell_len(character)
    return grid


def written(grid: Grid) -> str:
    """Return the grid as it is stored."""
    letters: dict[tuple[str, str], str] = {}
    looks = []
    for line in grid:
        looks.append("")
        for cell in line:
            look = (cell.style, cell.back)
            looks[-1] += letters.setdefault(look, _LETTERS[len(letters) % len(_LETTERS)])
    assert len(letters) <= len(_LETTERS)
    texts = ["".join(cell.text for cell in line).rstrip() for line in grid]
    meanings = [f"{letter} {back} {style}".rstrip() for (style, back), letter in letters.items()]
    return "\n".join([*texts, "", *looks, "", *meanings, ""])


def read(stored: str) -> Grid:
    """Return the grid that was stored."""
    lines = stored.rstrip("\n").split("\n")
    height = lines[::-1].index("")
    meanings, lines = lines[-height:], lines[: -height - 1]
    height = len(lines) // 2
    found = {}
    for meaning in meanings:
        letter, back, *style = meaning.split(" ", 2)
        found[letter] = (style[0] if style else "", back)
    grid = []
    for text, looks in zip(lines[:height], lines[height + 1 :], strict=True):
        pieces = [p for c in text for p in (c, *[""] * (cell_len(c) - 1))]
        pieces += [" "] * (len(looks) - len(pieces))
        cells = zip(pieces, looks, strict=True)
        grid.append([Cell(piece, *found[look]) for piece, look in cells])
    return grid


def svg_of(grid: Grid) -> str:
    """Draw the grid."""
    width, height = len(grid[0]) * _CELL, len(grid) * _LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">',
        "<style>text { font: 20px 'Fira Code', monospace; white-space: pre }</style>",
        f'<rect width="{width:g}" height="{height:g}" fill="#0c0c0c"/>',
    ]
    for row, line in enumerate(grid):
        for start, stop in _runs(line):
            x, size, first = start * _CELL, (stop - start) * _CELL, line[start]
            parts.append(
                f'<rect fill="{first.back}" x="{x:g}" y="{row * _LINE + 1.5:g}" '
                f'width="{size:g}" height="24.65" shape-rendering="crispEdges"/>'
            )
    for row, line in enumerate(grid):
        for start, stop in _words(line):
            text = html.escape("".join(cell.text for cell in line[start:stop]))
            parts.append(
                f'<text style="{line[start].style}" x="{start * _CELL:g}" '
                f'y="{row * _LINE + _BASE:g}" textLength="{(stop - start) * _CELL:g}">{text}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _runs(line: list[Cell]) -> list[tuple[int, int]]:
    """Return where cells of one look begin and end."""
    looks = [(cell.style, cell.back) for cell in line]
    starts = [i for i in range(len(line)) if i == 0 or looks[i] != looks[i - 1]]
    return list(zip(starts, [*starts[1:], len(line)], strict=True))


def _words(line: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield where pieces of one look without blanks begin and end: viewers move blanks about."""
    for start, stop in _runs(line):
        inside = [i for i in range(start, stop) if line[i].text != " "]
        firsts = [i for i in inside if i == start or i - 1 not in inside]
        for first in firsts:
            blanks = (i for i in range(first, stop) if line[i].text == " ")
            yield first, next(blanks, stop)


def found_on(browser: Browser) -> str:
    """Return the screen as it would be stored."""
    svg = browser.app.export_screenshot()
    return written(grid_of_svg(svg, browser.app.size))


async def check(browser: Browser, name: str, themes: Sequence[str] = THEMES) -> None:
    """Compare the screen in all `themes` with what is stored as `name`, or store it."""
    width, height = browser.app.size
    if isinstance(browser.app.focused, Input):
        browser.app.focused.cursor_blink = False
    wrong = []
    for theme in themes:
        browser.app.theme = theme
        await browser.pause(0.15)
        full = f"{name}-{width}x{height}-{theme.removeprefix('tunscope-')}"
        wrong += _differs(full, found_on(browser))
    if wrong:
        pytest.fail("\n".join(wrong))


def _differs(name: str, found: str) -> list[str]:
    path = STORED / f"{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(found)
    if not path.exists():
        return [f"no screen is stored as {path.name}: write it with UPDATE_SCREENS=1"]
    stored = path.read_text()
    if found == stored:
        return []
    folder = Path(tempfile.gettempdir()) / "tunscope-screens"
    folder.mkdir(exist_ok=True)
    for state, text in (("stored", stored), ("found", found)):
        (folder / f"{name}-{state}.svg").write_text(svg_of(read(text)))
    lines = zip(stored.split("\n"), found.split("\n"), strict=False)
    diff = [f"-{old}\n+{new}" for old, new in lines if old != new]
    return [f"{name} differs (see {folder}/{name}-*.svg):", *diff[:8]]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for screen in sorted(STORED.glob("*.txt")):
        (target / f"{screen.stem}.svg").write_text(svg_of(read(screen.read_text())))
