"""SIGTERM while a screen is being made, and in the list of devices: all ends in order."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from lab_witness import LabWitness
from network_namespace import NetworkNamespace
from person import CHECKOUT, TUNSCOPE, Person
from terminal_screen import TerminalScreen, terminal_screen, tunscope

SAMPLE = CHECKOUT / "tests" / "data" / "browser_tap.pcapng"


def terminated_early(screen: TerminalScreen) -> int:
    """Send SIGTERM as soon as the program heeds it; return the exit status."""
    deadline = time.monotonic() + 20
    while not heeds_signals(screen.process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    screen.process.send_signal(signal.SIGTERM)
    return screen.end()


def heeds_signals(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (caught,) = (line.split()[1] for line in status if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_file_that_is_being_opened_is_left(tmp_path: Path) -> None:
    with terminal_screen([*TUNSCOPE, str(SAMPLE)], HOME=str(tmp_path)) as screen:
        assert terminated_early(screen) == 0
        assert screen.output == b""


@pytest.mark.parametrize("words", [("lab", "pair"), ("run", "--offline", "--", "sleep", "600")])
def test_a_namespace_that_is_being_made_is_undone(user: Person, words: tuple[str, ...]) -> None:
    witness = LabWitness(user.mark)
    homes = {f"XDG_{name}_HOME": str(user.folder / name) for name in ("CACHE", "STATE")}
    with terminal_screen(
        user.command(*TUNSCOPE, *words),
        HOME=str(user.folder),
        PYTHONPATH=str(CHECKOUT),
        TUNSCOPE_TEST_MARK=user.mark,
        **homes,
    ) as screen:
        assert terminated_early(screen) == 1
        assert screen.output.strip() == b""
    witness.look()
    witness.assert_all_gone()
    assert not list((user.folder / "CACHE").rglob("*.pcapng"))


def test_the_list_of_devices_gives_the_terminal_back(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    with tunscope(netns, tmp_path) as screen:
        screen.until("loopback")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0
        screen.assert_restored()
