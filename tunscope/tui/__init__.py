"""The screen: a packet browser in a terminal, the only room that imports Textual."""

# Textual reads these variables once, when it is first imported anywhere in the process.
from tunscope.tui import environment as environment
