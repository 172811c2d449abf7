"""Fields of TCP and UDP that only other packets of the stream tell, in Wireshark's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import all_fields
from tunscope.dissect.formats import seconds_text

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree

_FLAGS: Final = "tcp.analysis.flags"
_ANALYSIS: Final = "tcp.analysis."
#: What Wireshark calls a matter of course, and what it warns of; the rest are notes.
_CHATS: Final = frozenset({"window_update"})
_WARNINGS: Final = frozenset(
    {"out_of_order", "lost_segment", "ack_lost_segment", "window_full", "zero_window"}
)


def add_learned(tree: Tree, learned: Mapping[str, int], *names: str) -> None:
    """Add those of the fields that are known, as worked out: in square brackets."""
    for name in names:
        if name in learned:
            _add(tree, name, learned[name])


def add_times(tree: Tree, learned: Mapping[str, int], *names: str) -> None:
    """Add the times of the stream under a heading, if they are known."""
    if any(name in learned for name in names):
        add_learned(tree.group("[Timestamps]", 0, 0), learned, *names)


def add_analysis(tree: Tree, learned: Mapping[str, int]) -> None:
    """Add what the analysis of sequence numbers found, if it found anything."""
    table = all_fields()
    found = [name for name in learned if name.startswith(_ANALYSIS) and name in table]
    if not found:
        return
    analysis = tree.derived("tcp.analysis")
    findings = [name for name in found if table[name].kind == "NONE" and name != _FLAGS]
    add_learned(analysis, learned, *(name for name in found if table[name].kind != "NONE"))
    if findings:
        flags = analysis.derived(_FLAGS)
        for name in findings:
            short = name.removeprefix(_ANALYSIS)
            severity = "Warning" if short in _WARNINGS else "Chat" if short in _CHATS else "Note"
            flags.expert(name, f"{severity}/Sequence", table[name].label)


def _add(tree: Tree, name: str, value: int) -> None:
    if all_fields()[name].kind == "RELATIVE_TIME":
        seconds = seconds_text(value)
        tree.derived(name, seconds, text=f"{seconds} seconds")
    elif name == "tcp.window_size_scalefactor" and value < 0:
        why = "unknown" if value == -1 else "no window scaling used"
        tree.derived(name, value, text=f"{value} ({why})")
    else:
        tree.derived(name, value)
