"""Drives a packet browser in a terminal that is not there, on a capture that may grow."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from leaping_clock import LeapingClock
from textual.pilot import Pilot
from textual.widgets import Input

from tunscope.tui.app import TunscopeApp
from tunscope.tui.screens.main import MainScreen
from tunscope.tui.session import (
    Ending,
    FileSession,
    SessionMessage,
)
from tunscope.tui.widgets.packet_table import PacketTable

DATA = Path(__file__).parent.parent / "data"
PACKET_BLOCK = 6


def blocks_of(path: Path) -> tuple[bytes, list[bytes]]:
    """Return what stands before the first packet of a little-endian pcapng, and the packets."""
    data = path.read_bytes()
    head, packets, position = b"", [], 0
    while position < len(data):
        kind, length = struct.unpack_from("<II", data, position)
        block = data[position : position + length]
        if kind == PACKET_BLOCK:
            packets.append(block)
        else:
            head += block
        position += length
    return head, packets


@dataclass
class Browser:
    """A running browser and the capture under it."""

    app: TunscopeApp
    pilot: Pilot[Ending]
    session: FileSession
    path: Path
    clock: LeapingClock
    left: list[bytes] = field(default_factory=list)

    @property
    def main(self) -> MainScreen:
        return self.app.browser

    @property
    def table(self) -> PacketTable:
        return self.main.table

    def screen_text(self) -> str:
        """Return the characters of the screen, a line a row, without their styles.

        They are blank while a screen that has just been opened has no layout.
        """
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips() or [[]] * height
        assert len(lines) == height
        return "\n".join("".join(s.text for s in line)[:width].rstrip() for line in lines)

    def line(self, index: int) -> str:
        return self.screen_text().split("\n")[index]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def steps(self, *keys: str) -> None:
        """Press keys that lead from one screen to another, each when the one before has ended."""
        for key in keys:
            await self.pilot.press(key)
            await self.pause(0.3)

    async def type(self, text: str) -> None:
        await self.press(*(key_name(character) for character in text))

    async def command(self, text: str) -> None:
        """Enter a line after ``:``, at once."""
        await self.press("colon")
        self.main.query_one("PromptLine Input", Input).value = text
        await self.press("enter")

    async def settle(self) -> None:
        """Let a pull and its paint pass, and what holds up keys when a screen has gone."""
        await self.pause(0.3)

    async def pause(self, seconds: float) -> None:
        """Let `seconds` pass for the application, and have it paint what they brought."""
        await self.clock.pass_time(seconds)
        await self.pilot.pause(0)

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for `condition`, which must come true within `seconds`."""
        await self.once(condition, seconds)
        await self.settle()

    async def once(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for `condition` as `until` does, but not for what it may bring to the screen."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if condition():
                return
            await self.pause(0.02)
        raise AssertionError(f"not within {seconds} s; the screen:\n{self.screen_text()}")

    async def grow(self, packets: int) -> None:
        """Append `packets` of what is left to the capture and wait until they are taken in."""
        wanted = self.app.capture.count + packets
        with self.path.open("ab") as stream:
            stream.write(b"".join(self.left[:packets]))
        del self.left[:packets]
        await self.until(lambda: self.main.counted >= wanted)

    def say(self, *messages: SessionMessage) -> None:
        self.update(messages=messages)

    def update(self, **changes: Any) -> None:
        self.session.status = replace(self.session.status, **changes)


_KEYS = {
    " ": "space",
    ".": "full_stop",
    "/": "slash",
    "_": "underscore",
    "-": "minus",
    ":": "colon",
    "=": "equals_sign",
}


def key_name(character: str) -> str:
    """Return what Textual calls the key of a character."""
    return _KEYS.get(character, character)


OpenBrowser = Callable[..., AbstractAsyncContextManager[Browser]]
