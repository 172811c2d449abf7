"""Settings that Textual takes from the environment when it is imported, and never again.

At Textual's default of 60 frames a second a key press waits up to 28 ms for the next paint; at
1000 it waits 1 ms, and the screen paints no more often, because it only paints what changed.

A shell may export COLUMNS and LINES, of another terminal or an earlier size. Rich believes them and
Textual's driver asks the terminal: with both, the screen would be laid out for one and the other in
turn, for ever.
"""

from __future__ import annotations

import os

os.environ["TEXTUAL_FPS"] = "1000"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
for _name in ("COLUMNS", "LINES"):
    os.environ.pop(_name, None)
