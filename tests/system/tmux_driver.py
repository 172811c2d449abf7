"""A real terminal (tmux) with the real program in it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Tmux:
    """One tmux server of its own with one window; `stop` ends it and what runs in it."""

    socket: Path

    def start(self, command: str, columns: int = 120, rows: int = 36) -> None:
        size = ["-x", str(columns), "-y", str(rows)]
        self._run("-f", "/dev/null", "new-session", "-d", *size, "-s", "it", command)
        self._run("set-option", "-t", "it", "remain-on-exit", "on")

    def stop(self) -> None:
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], check=False,
                       capture_output=True)  # fmt: skip

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names ("Enter", "C-f", "j")."""
        self._run("send-keys", "-t", "it", *names)

    def type(self, text: str) -> None:
        """Type characters as they are, all at once."""
        self._run("send-keys", "-t", "it", "-l", text)

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "it")

    def until(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        """Wait until the screen has `pattern`, which may span lines."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if found := re.search(pattern, screen, re.MULTILINE):
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} was not shown in {seconds} s:\n{screen}")
            time.sleep(0.05)

    def ended(self) -> int | None:
        """Return the exit status of the program, None while it runs."""
        told = self._run("display-message", "-p", "-t", "it", "#{pane_dead} #{pane_dead_status}")
        dead, _, status = told.strip().partition(" ")
        return int(status or 0) if dead == "1" else None

    def wait(self, seconds: float = 20.0) -> int:
        """Wait for the program's end; return its exit status."""
        deadline = time.monotonic() + seconds
        while (status := self.ended()) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running:\n{self.screen()}")
            time.sleep(0.05)
        return status

    def _run(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), *arguments]
        # readline, which pytest loads, exports LINES and COLUMNS: tmux must know better.
        environment = {k: v for k, v in os.environ.items() if k not in {"LINES", "COLUMNS"}}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout
