"""Settings as the TOML that gives them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from tunscope.tui.settings.model import ColumnChoice, Settings
from tunscope.tui.settings.rule import ColouringRule

_HEAD: Final = """\
# tunscope's settings. `tunscope config --edit` opens this file and checks it,
# `tunscope config --show` prints all of them as they are in force.
"""


def toml(settings: Settings, default_keys: Mapping[str, str]) -> str:
    """Return `settings` as a file that gives the same, with words about each.

    `default_keys` has the keys of every binding id; those that `settings` does not change are
    written too.
    """
    return "\n".join(_lines(settings, default_keys)) + "\n"


def template(settings: Settings, default_keys: Mapping[str, str]) -> str:
    """Return a file in which every setting stands as a comment."""
    lines = (
        line if not line or line.startswith("#") else f"#{line}"
        for line in _lines(settings, default_keys)
    )
    return _HEAD + "\n" + "\n".join(lines) + "\n"


def _lines(settings: Settings, default_keys: Mapping[str, str]) -> Iterator[str]:
    yield "# tunscope-dark, tunscope-light, or any theme of Textual (:theme lists them)"
    yield f"theme = {quoted(settings.theme)}"
    yield "# what the Time column counts from: start, absolute, delta"
    yield f"time_format = {quoted(settings.time_format)}"
    yield "# names for addresses, never asked of the network"
    yield f"resolve_names = {_truth(settings.resolve_names)}"
    yield "# whether rows are coloured by the rules below"
    yield f"colouring = {_truth(settings.colouring)}"
    yield "# empty: the columns that suit the device; else ids, or fields as tables:"
    yield '# ["number", {column = "field:ip.ttl", title = "TTL", width = 4, align = "right"}]'
    yield from _columns(settings.columns)
    if not settings.colouring_rules:
        yield "colouring_rules = []"
    yield ""
    yield "# per cent: height of fields and bytes together, width of the bytes (0: what they need)"
    yield "[layout]"
    yield f"details = {settings.layout.details}"
    yield f"bytes = {settings.layout.bytes}"
    yield ""
    yield '# a key, or several as a list; "" takes the key away'
    yield "[keys]"
    for identity, keys in {**default_keys, **settings.keys}.items():
        yield f"{quoted(identity)} = {_keys(keys)}"
    yield ""
    yield "# the first rule that a packet passes colours its row; the rules here replace the"
    yield "# built-in ones"
    for rule in settings.colouring_rules:
        yield from _rule(rule)


def _columns(columns: tuple[ColumnChoice, ...]) -> Iterator[str]:
    if not columns:
        yield "columns = []"
        return
    yield "columns = ["
    for choice in columns:
        yield f"    {_column(choice)},"
    yield "]"


def _column(choice: ColumnChoice) -> str:
    if choice == ColumnChoice(choice.column):
        return quoted(choice.column)
    parts = [f"column = {quoted(choice.column)}"]
    if choice.title:
        parts.append(f"title = {quoted(choice.title)}")
    if choice.width:
        parts.append(f"width = {choice.width}")
    if choice.align:
        parts.append(f"align = {quoted(choice.align)}")
    return "{" + ", ".join(parts) + "}"


def _rule(rule: ColouringRule) -> Iterator[str]:
    yield ""
    yield "[[colouring_rules]]"
    yield f"name = {quoted(rule.name)}"
    yield f"filter = {quoted(rule.filter)}"
    yield f"tone = {quoted(rule.tone)}"
    yield f"tint = {rule.tint}"
    if rule.bold:
        yield "bold = true"
    for name in ("sign", "foreground", "background"):
        if value := getattr(rule, name):
            yield f"{name} = {quoted(value)}"


def _keys(keys: str) -> str:
    names = keys.split(",")
    if len(names) == 1:
        return quoted(names[0])
    return "[" + ", ".join(quoted(name) for name in names) + "]"


def _truth(value: bool) -> str:
    return "true" if value else "false"


def quoted(text: str) -> str:
    """Return `text` as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
