"""What a program has written to its terminal, for tests that type and wait."""

from __future__ import annotations

import contextlib
import os
import select
import time


class Transcript:
    """What a terminal has shown so far."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self.text = ""

    def type(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def wait_for(self, words: str, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < deadline, f"no {words!r} in {self.text!r}"
            select.select([self._leader], [], [], 0.1)
            with contextlib.suppress(BlockingIOError):
                self.text += os.read(self._leader, 4096).decode(errors="replace")
