"""Makes the pictures of the README from a fixed capture: ``python screenshots/make.py``.

Every picture is a terminal of 120 by 36, drawn without a terminal; two runs give the same files.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tunscope.engine.counters import Counters
from tunscope.engine.protocol import HeldPacket
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.packet.direction import Direction
from tunscope.packet.flow import flow_of
from tunscope.tui.app import TunscopeApp
from tunscope.tui.devices import DeviceRow, ListedDevices
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.holding import HoldWish, NoHolds, Waiting
from tunscope.tui.rate import Rate
from tunscope.tui.replaying import NoReplays, ReplayProgress
from tunscope.tui.running_command import RecordedCommand
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.session import FileSession, SessionState, SessionStatus, SessionTitle
from tunscope.tui.settings.model import Settings
from tunscope.tui.surroundings import Surroundings

HERE = Path(__file__).parent
DATA = HERE.parent / "tests" / "data"
SIZE = (120, 36)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: the capture it shows, the keys that lead to it, theme and display filter.

    The packets numbered `held` wait in the hold queue; with `replay` that one runs. `output` is
    what a command has printed.
    """

    name: str
    kind: str
    keys: tuple[str, ...]
    theme: str = "tunscope-dark"
    display_filter: str = ""
    held: tuple[int, ...] = ()
    replay: ReplayProgress | None = None
    output: bytes = b""


#: From the top of the field tree to the time to live of an IPv4 packet on a tun device.
TIME_TO_LIVE = ("enter", "home", "down", "down", "right", *["down"] * 8)

#: A replay in its midst.
REPLAY = ReplayProgress(
    "in.pcapng", "playing", 5000, 1234, 98_720, {}, {}, {"no IP packet": 10, "cut": 2}, (1, 1),
    10.4, 10.4, 42.0, 119.0, {"median": 4000, "p95": 52_000, "p99": 97_000, "max": 212_000},
)  # fmt: skip
#: What `curl -v` says of such a conversation.
CURL = (
    b"$ curl -v http://web.lab.test/\r\n*   Trying 10.9.0.2:80...\r\n> GET / HTTP/1.1\r\n"
    b"> Host: web.lab.test\r\n< \x1b[1mHTTP/1.1\x1b[0m \x1b[32m200 OK\x1b[0m\r\n"
    b"<!DOCTYPE html><title>It works</title>\r\n"
)

PICTURES = (
    Picture(
        "main",
        "tun",
        ("6", "G", *TIME_TO_LIVE),
        display_filter="tcp.port == 80 or icmp",
    ),
    Picture("main-light", "tun", ("6", "G", *TIME_TO_LIVE), "tunscope-light"),
    Picture("tap", "tap", ("1", "0", "G")),
    Picture("columns", "tun", ("6", "G", "c", "end", "up", "space")),
    Picture("stream", "tap", ("8", "G", "s")),
    Picture("conversations", "tap", ("C",)),
    Picture("hierarchy", "tap", ("H", "down", "down")),
    Picture("graph", "tap", ("o", *["right"] * 12), display_filter="tcp.port == 80"),
    Picture("devices", "tun", ("d", "down", "down")),
    Picture("properties", "tun", ("6", "G", "P")),
    Picture("editor", "tun", ("6", "G", "e", *["down"] * 7, "enter", "3", "enter")),
    Picture("hold", "tun", ("i",), held=(6, 15)),
    Picture("replay", "tun", ("3", "0", "G", "R"), replay=REPLAY),
    Picture("overlay", "overlay", ("2", "7", "G")),
    Picture("run", "tap", ("8", "G"), output=CURL),
)


#: What the devices screen shows.
DEVICES = (
    DeviceRow("lo", "loopback", "up", 65536, ("127.0.0.1/8",), packets=88_000),
    DeviceRow("enp3s0", "ethernet", "up", 1500, ("192.0.2.17/24",), packets=7_200_000),
    DeviceRow("tun0", "tun", "up", 1500, ("10.8.0.6/24",), "openvpn 7748", packets=310_000),
    DeviceRow("tun1", "tun", "no-carrier", 1420, ("10.9.0.1/24",)),
    DeviceRow("tap0", "tap", "up", 1500, (), "qemu-system-x86 9120", "br0", packets=99_000),
    DeviceRow("veth4", "veth", "up", 1500, ("10.44.0.1/24",), "", "eth0@web"),
    DeviceRow("br0", "bridge", "up", 1500, ("172.16.0.1/16",)),
)


#: What the header says of each capture.
TITLES = {
    "tun": SessionTitle("tun0", "tun", "owned", ("10.9.0.1/24",), 1500, "ping 10.9.0.2"),
    "tap": SessionTitle("tap0", "tap", "owned", ("10.9.0.1/24",), 1500, "ping 10.9.0.2"),
    "overlay": SessionTitle("flannel", "tun", "attached", ("10.244.1.0/32",), 1472),
}
FILES = {"tun": "browser_tun", "tap": "browser_tap", "overlay": "overlay_lab"}


def session_for(kind: str, packets: int) -> FileSession:
    """Return a live session as a capture on a device of the lab would have it."""
    title = TITLES[kind]
    counters = Counters(received=packets, captured=packets, written_bytes=120 * packets)
    spool = {"spool_bytes": 120 * packets, "spool_limit": 2_000_000_000}
    return FileSession(title, SessionStatus(SessionState.LIVE, counters, **spool))


class StillWaiting(Waiting):
    """A held packet whose age does not grow."""

    @property
    def age(self) -> float:
        """Seconds, fewer the later it came."""
        return 24.6 / self.packet.number


def holds_of(capture: CaptureIndex, numbers: tuple[int, ...]) -> NoHolds:
    """Return a queue in which these packets wait, the first of them repeated."""
    holds = NoHolds("")
    holds.wish = HoldWish("http.request or icmpv6", Direction.OUT, 30.0)
    for number in numbers:
        record = capture.record(number)
        repeats = 3 if number == numbers[0] else 0
        packet = HeldPacket(
            number, number, record.direction, record.ts_ns, 0.0, repeats, 0, record.data, False, ""
        )
        holds.waiting.append(StillWaiting(packet, 0.0))
    return holds


async def draw(picture: Picture) -> str:
    """Return the picture as SVG."""
    capture = CaptureIndex(FileSource(DATA / f"{FILES[picture.kind]}.pcapng"))
    capture.start()
    capture.wait(10)
    session = session_for(picture.kind, capture.count)
    if picture.held:
        session.holds = holds_of(capture, picture.held)
    if picture.replay:
        replays = NoReplays("")
        replays.progress = picture.replay
        ping = capture.record(13)
        replays.flows = {flow for flow in [flow_of(ping.data, ping.linktype)] if flow}
        session.replays = replays
    app = TunscopeApp(
        capture,
        session,
        settings=Settings(theme=picture.theme),
        language=DisplayFilters(),
        display_filter=picture.display_filter,
        surroundings=Surroundings(
            ListedDevices(DEVICES),
            command=RecordedCommand("curl", picture.output) if picture.output else None,
        ),
    )
    capture.source.__dict__["name"] = f"/home/you/{session.title.name}.pcapng"
    async with app.run_test(size=SIZE) as pilot:
        browser = app.browser
        await pilot.pause(0.5)
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        while not (browser.detail.is_decoded and browser.table.is_settled):
            await pilot.pause(0.05)
        while isinstance(app.screen, AnalysisScreen) and not app.screen.is_settled:
            await pilot.pause(0.05)
        await pilot.pause(0.2)
        history = (210.0, 380.0, 620.0, 1190.0, 980.0, 420.0, 300.0, 350.0, 760.0, 1240.0)
        browser.header.show(replace(browser.header.facts, rate=Rate(1240.0, 9_800_000.0, history)))
        svg = app.export_screenshot(title=f"tunscope {session.title.name}")
    capture.stop()
    return with_stable_names(svg)


def with_stable_names(svg: str) -> str:
    """Return the SVG with a fixed prefix in place of the one that Rich derives from the run."""
    return re.sub(r"terminal-\d+", "terminal", svg)


def main() -> None:
    """Draw every picture."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    wanted = set(sys.argv[1:])
    for picture in PICTURES:
        if not wanted or picture.name in wanted:
            path = HERE / f"{picture.name}.svg"
            path.write_text(asyncio.run(draw(picture)))
            print(path)


if __name__ == "__main__":
    main()
