"""`-N` on the command line: names from the capture itself in the real screen."""

from __future__ import annotations

import sys
from pathlib import Path

from terminal_screen import terminal_screen

CAPTURE = Path(__file__).parents[1] / "data" / "browser_tun.pcapng"


def test_names_are_shown_when_they_are_asked_for(tmp_path: Path) -> None:
    folders = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "STATE")}
    command = [sys.executable, "-m", "tunscope", str(CAPTURE)]
    with terminal_screen([*command, "-N"], HOME=str(tmp_path), **folders) as screen:
        screen.until(lambda text: "www.lab.example  TCP" in text)
        screen.press("@")
        screen.until(lambda text: "www.lab.example  TCP" not in text and "10.9.0.2" in text)
        screen.press("q")
        assert screen.end() == 0
        screen.assert_restored()
