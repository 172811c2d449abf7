"""Key bindings of the analysis screens: stream, conversations, hierarchy, I/O graph."""

from __future__ import annotations

from typing import Final

from tunscope.tui.editor_keys import EDITOR_KEYS, HOLD_KEYS
from tunscope.tui.key_binding import key_binding as _key

#: Group of a binding id to its heading in the help.
ANALYSIS_GROUPS: Final = {
    "analysis": "Looking at the whole",
    "stream": "A followed stream",
    "conversations": "Conversations and endpoints",
    "hierarchy": "Protocol hierarchy",
    "graph": "I/O graph",
    "editor": "Packet editor",
    "hold": "Holding packets",
}

#: What opens them from the packet browser.
OPENING_KEYS: Final = (
    _key("analysis.stream", "s", "follow_stream", "Stream", "follow the packet's stream"),
    _key("analysis.conversations", "C", "conversations", "Conversations", "who spoke with whom"),
    _key("analysis.hierarchy", "H", "hierarchy", "Hierarchy", "how much of which protocol"),
    _key("analysis.graph", "o", "io_graph", "Graph", "packets or bits over time"),
    _key(
        "packet.previous_in_conversation",
        "left_square_bracket",
        "step_conversation(-1)",
        "Previous in conversation",
        "one back in its conversation",
    ),
    _key(
        "packet.next_in_conversation",
        "right_square_bracket",
        "step_conversation(1)",
        "Next in conversation",
        "one on in its conversation",
    ),
)

#: In each of them.
ANALYSIS_KEYS: Final = (
    _key("analysis.back", "escape,q", "close", "Back", "back to where you came from"),
    _key("analysis.help", "question_mark", "help", "Help", "this list of keys"),
)

#: In those that count or follow packets.
STATISTIC_KEYS: Final = (
    _key("analysis.command", "colon", "command_line", "Command", "command line, by action name"),
)

STREAM_KEYS: Final = (
    _key("stream.side", "d", "next_side", "Side", "both sides, one side, the other"),
    _key("stream.text", "t", "show_as('text')", "Text", "as text"),
    _key("stream.hex", "h", "show_as('hex')", "Hex", "as a hex dump, and back to text"),
    _key("stream.raw", "r", "show_as('raw')", "Raw", "as bare hex digits, and back to text"),
    _key("stream.search", "slash", "search", "Search", "find text, or x:hex bytes"),
    _key("stream.next_match", "n", "next_match(1)", "Next match", "search on"),
    _key("stream.previous_match", "N", "next_match(-1)", "Previous match", "search backwards"),
    _key("stream.save", "x,w", "save", "Save", "save the bytes of the side(s) shown to a file"),
    _key("stream.previous", "left_square_bracket", "step(-1)", "Previous", "the stream before"),
    _key("stream.next", "right_square_bracket", "step(1)", "Next", "the next stream"),
    _key("stream.replay", "R", "replay", "Replay", "send the stream's packets again"),
    _key("stream.filter", "f", "filter", "Filter", "display only this stream's packets"),
)

CONVERSATION_KEYS: Final = (
    _key("conversations.next_kind", "tab,right", "step_kind(1)", "Kind", "the next kind"),
    _key(
        "conversations.previous_kind",
        "shift+tab,left",
        "step_kind(-1)",
        "Previous kind",
        "the kind before",
    ),
    _key("conversations.endpoints", "e", "endpoints", "Endpoints", "endpoints, and back to pairs"),
    _key(
        "conversations.sort_next",
        "greater_than_sign",
        "step_sort(1)",
        "Sort by next",
        "sort by the next column (or click it)",
    ),
    _key(
        "conversations.sort_previous",
        "less_than_sign",
        "step_sort(-1)",
        "Sort by previous",
        "sort by the column before",
    ),
    _key("conversations.sort_reverse", "S", "reverse", "Reverse", "sort the other way round"),
    _key("conversations.stream", "s", "follow", "Stream", "follow the stream under the cursor"),
    _key(
        "conversations.limit",
        "f",
        "limit",
        "All packets",
        "count all packets, or the displayed ones only",
    ),
    _key("conversations.replay", "R", "replay", "Replay", "send the conversation's packets again"),
    _key("conversations.copy", "y", "copy", "Copy", "copy the table as CSV"),
)

HIERARCHY_KEYS: Final = (
    _key("hierarchy.collapse", "left,h", "collapse", "Close", "close it, or go to what carries it"),
    _key("hierarchy.expand", "right,l", "expand", "Open", "open it, or go to what it carries"),
    _key("hierarchy.toggle", "space", "toggle_node", "Toggle", "open or close it"),
    _key("hierarchy.expand_all", "plus", "expand_all", "Open all", "open everything"),
    _key("hierarchy.collapse_all", "minus", "collapse_all", "Close all", "close everything"),
    _key(
        "hierarchy.limit", "f", "limit", "All packets", "count all packets, or the displayed only"
    ),
    _key("hierarchy.copy", "y", "copy", "Copy", "copy the table as CSV"),
)

GRAPH_KEYS: Final = (
    _key("graph.left", "left", "move(-1)", "Left", "cursor to the interval before"),
    _key("graph.right", "right", "move(1)", "Right", "cursor to the next interval"),
    _key("graph.pan_left", "pageup,shift+left", "pan(-1)", "Pan left", "half a screen back"),
    _key("graph.pan_right", "pagedown,shift+right", "pan(1)", "Pan right", "half a screen on"),
    _key("graph.first", "home", "end(-1)", "Start", "cursor to the first interval with packets"),
    _key("graph.last", "end", "end(1)", "End", "cursor to the last interval with packets"),
    _key("graph.zoom_in", "plus,equals_sign,up", "zoom(-1)", "Zoom in", "shorter intervals"),
    _key("graph.zoom_out", "minus,down", "zoom(1)", "Zoom out", "longer intervals"),
    _key("graph.fit", "0", "fit", "All", "the whole capture on one screen"),
    _key("graph.interval", "i", "interval", "Interval", "choose how long an interval is"),
    _key("graph.unit", "u", "next_unit", "Packets/bits", "packets, bits or bytes an interval"),
    _key("graph.add", "a", "add", "Add series", "draw the packets of another filter"),
    _key("graph.remove", "x", "remove", "Remove", "take away the series added last"),
    *(
        _key(
            f"graph.toggle_{n}",
            str(n),
            f"toggle_series({n})",
            f"Series {n}",
            f"series {n} off or on",
        )
        for n in range(1, 7)
    ),
    _key("graph.choose", "enter", "choose", "Go to", "the first packet of the interval"),
    _key("graph.copy", "y", "copy", "Copy", "copy the numbers on the screen as CSV"),
)

#: Bindings by the screen that obeys them.
ANALYSIS_NAMESPACES: Final = {
    "analysis": ANALYSIS_KEYS,
    "statistic": STATISTIC_KEYS,
    "stream": STREAM_KEYS,
    "conversations": CONVERSATION_KEYS,
    "hierarchy": HIERARCHY_KEYS,
    "graph": GRAPH_KEYS,
    "editor": EDITOR_KEYS,
    "hold": HOLD_KEYS,
}
