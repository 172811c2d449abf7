"""Key bindings of replays: what asks for one, and its controls."""

from __future__ import annotations

from typing import Final

from tunscope.tui.key_binding import key_binding as _key

#: From the packet browser.
REPLAYING_KEYS: Final = (
    _key("replay.open", "R", "replay", "Replay", "send packets again; while it runs, its controls"),
)

#: Of the replay pane.
REPLAY_KEYS: Final = (
    _key("replay.pause", "space", "toggle_pause", "Pause", "stand still, and go on"),
    _key("replay.step", "s", "step", "Step", "send the next packet now, and stand still"),
    _key("replay.skip", "n", "move(1)", "Skip", "leave the next packet out"),
    _key("replay.unskip", "N", "move(-1)", "Again", "go back by a packet"),
    _key("replay.forward", "right", "move_time(5)", "5 s on", "five seconds on"),
    _key("replay.back", "left", "move_time(-5)", "5 s back", "five seconds back"),
    _key("replay.restart", "home", "restart", "Start", "the first packet of this pass"),
    _key("replay.seek", "g", "seek", "Go to", "a packet of this pass, or a share as in 50%"),
    _key("replay.stop", "x", "stop", "Stop", "send no more; close the pane when it has ended"),
)
