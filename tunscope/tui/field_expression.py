"""The display filter that a field of the selected packet stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.filter.compiled import compile_filter
from tunscope.filter.errors import FilterError

if TYPE_CHECKING:
    from tunscope.dissect import FieldNode


def expression_of(node: FieldNode, data: bytes) -> str:
    """Return a filter that packets pass in which `node` has the value it has here.

    A protocol gives its name. A field no filter can name gives its bytes within the frame
    `data`; one without bytes, "".
    """
    if node.name:
        candidates: list[str] = [node.name]
        if node.value:
            candidates[:0] = [
                f"{node.name} == {node.value}",
                f"{node.name} == {quoted(node.value)}",
            ]
        for text in candidates:
            if _is_filter(text):
                return text
    length = node.stop - node.start
    if length <= 0:
        return ""
    return f"frame[{node.start}:{length}] == {data[node.start : node.stop].hex(':')}"


def quoted(text: str) -> str:
    """Return `text` as a string of the filter language."""
    escaped = "".join(_escaped(character) for character in text)
    return f'"{escaped}"'


def combinations(expression: str, present: str) -> list[tuple[str, str]]:
    """Return what can be made of `expression` and the filter in force, each with what to call it.

    `present` is "" if no filter is in force.
    """
    negated = f"!({expression})"
    choices = [("selected", expression), ("not selected", negated)]
    if present:
        choices += [
            ("… and selected", f"({present}) and {expression}"),
            ("… or selected", f"({present}) or {expression}"),
            ("… and not selected", f"({present}) and {negated}"),
            ("… or not selected", f"({present}) or {negated}"),
        ]
    return choices


def _escaped(character: str) -> str:
    return f"\\{character}" if character in '"\\' else character


def _is_filter(text: str) -> bool:
    try:
        compile_filter(text)
    except FilterError:
        return False
    return True
