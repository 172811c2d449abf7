"""What a paste leaves in a line that is typed into. Pure."""

from __future__ import annotations


def in_one_line(text: str) -> str:
    """Return pasted text as one line of visible characters.

    Lines follow each other with a blank between them, a tab is a blank; other control characters,
    and those that change the direction of text, are left out.
    """
    lines = (_visible(line.replace("\t", " ")).rstrip() for line in text.splitlines())
    return " ".join(line for line in lines if line)


def _visible(line: str) -> str:
    return "".join(character for character in line if character.isprintable())
