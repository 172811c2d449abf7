"""The command whose packets are on the screen, as the screen sees it."""

from __future__ import annotations

from typing import Protocol

from tunscope.tui.terminal.terminal import Terminal


class RunningCommand(Protocol):
    """A command with a terminal of its own. No method blocks or raises."""

    @property
    def name(self) -> str:
        """What it is called; may be hostile."""

    @property
    def state(self) -> str:
        """What it does, or how it ended, in a few words."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    @property
    def terminal(self) -> Terminal:
        """What it has printed, as of the last `pull`."""

    def pull(self) -> bool:
        """Take in some of what it has printed; return whether anything changed."""

    def type(self, data: bytes) -> None:
        """Let it read this; nothing happens when it has ended."""

    def resize(self, columns: int, rows: int) -> None:
        """Give its terminal another size."""


class RecordedCommand:
    """A command that printed `output` and ended: for pictures, and the tests' double.

    `typed` is what it was given to read; a test may let it print more with `terminal.feed`.
    """

    def __init__(self, name: str, output: bytes = b"", *, running: bool = False) -> None:
        self.name = name
        self.running = running
        self.terminal = Terminal()
        self.typed = b""
        self.sizes: list[tuple[int, int]] = []
        self._output = output

    @property
    def state(self) -> str:
        """As of one that ended well."""
        return "running" if self.running else "ended with status 0"

    def pull(self) -> bool:
        """Give all that is recorded at once."""
        output, self._output = self._output, b""
        self.terminal.feed(output)
        return bool(output)

    def prints(self, output: bytes) -> None:
        """Have the next `pull` find more output."""
        self._output += output

    def type(self, data: bytes) -> None:
        """Remember it."""
        self.typed += data

    def resize(self, columns: int, rows: int) -> None:
        """Follow."""
        self.sizes.append((columns, rows))
        self.terminal.resize(columns, rows)
