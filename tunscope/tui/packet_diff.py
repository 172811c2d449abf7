"""The difference between a packet and its original, as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.packet.printable import printable
from tunscope.tui.packet_editing import changed_offsets
from tunscope.tui.screens.pager import PagerLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.tui.packet_editing import PacketEditing

_LINE = 16
_SHOWN = 60
_MOST_LINES = 2000


def diff_lines(editing: PacketEditing) -> list[PagerLine]:
    """Return the fields that were changed, then the lines of bytes that differ, - before +."""
    if not editing.edited:
        return [PagerLine(((" nothing was changed", "muted"),))]
    lines = [
        PagerLine(
            (
                (f" {printable(change.name):<28}", "strong"),
                (printable(change.before[:_SHOWN]), "muted"),
                (" → ", "text"),
                (printable(change.after[:_SHOWN]), "accent"),
            )
        )
        for change in editing.changes()
    ]
    lines.append(PagerLine())
    before, after = editing.original, editing.data
    gone, new = changed_offsets(after, before), changed_offsets(before, after)
    for start in range(0, max(len(before), len(after)), _LINE):
        if before[start : start + _LINE] == after[start : start + _LINE]:
            continue
        for sign, data, marked, tone in (("-", before, gone, "muted"), ("+", after, new, "text")):
            if start < len(data):
                lines.append(PagerLine(tuple(_bytes(sign, data, start, marked, tone))))
        if len(lines) > _MOST_LINES:
            lines.append(PagerLine(((" …", "muted"),)))
            break
    return lines


def _bytes(
    sign: str, data: bytes, start: int, marked: frozenset[int], tone: str
) -> Iterator[tuple[str, str]]:
    yield f" {sign} {start:04x}  ", tone
    for at in range(start, min(start + _LINE, len(data))):
        changed = at in marked
        yield f"{data[at]:02x}" + ("*" if changed else " "), "accent" if changed else tone
