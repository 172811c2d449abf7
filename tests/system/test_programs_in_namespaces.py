"""Whose conversation is it, where the programs have namespaces of their own: labs and `run`."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from network_namespace import NetworkNamespace
from person import CHECKOUT, TUNSCOPE, USER, Person, person_of
from terminal_screen import TerminalScreen, terminal_screen

from tunscope.device.programs import Conversation, find_programs

COLUMNS = 'columns = ["number", "source", "destination", "protocol", "process", "info"]\n'
#: Keeps the socket it speaks through.
SPEAK = "import socket as s; u = s.socket(2, 2); u.sendto(b'hello', ('192.0.2.7', 9)); input()"


@contextmanager
def screen_of(person: Person, *words: str) -> Iterator[TerminalScreen]:
    """Run `tunscope WORDS` as somebody, with the column `process`."""
    folder = person.folder / ".config" / "tunscope"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(COLUMNS)
    for path in (folder.parent, folder):
        os.chown(path, USER, USER)
    folders = {
        f"XDG_{name.upper()}_HOME": str(person.folder / f".{name}")
        for name in ("cache", "config", "state")
    }
    with terminal_screen(
        person.command(*TUNSCOPE, *words),
        HOME=str(person.folder),
        PYTHONPATH=str(CHECKOUT),
        **folders,
    ) as screen:
        yield screen


def shown(screen: TerminalScreen, name: str) -> int:
    """Wait for a program of that name in the list and return its process id there."""
    pattern = re.compile(rf" (?:{name}) (\d+) ")
    found = pattern.search(screen.until(pattern.search))
    assert found is not None
    return int(found[1])


def network_of(pid: int | str) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


@pytest.fixture(params=["user", "sudo"])
def somebody(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Person]:
    with person_of(request.param, tmp_path) as someone:
        yield someone


def test_the_programs_of_a_lab_are_told(somebody: Person) -> None:
    with screen_of(somebody, "lab", "pair") as screen:
        pid = shown(screen, "nameserver|lookup|web_server|web_client")
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        assert f" {name} {pid} " in screen.text()
        assert network_of(pid) != network_of("self")
        screen.press(f"/process.pid == {pid}", "enter")
        screen.until(lambda text: f" {name} {pid} " in text and "Echo (ping)" not in text)
        screen.press("q")
        screen.until("iscard")
        screen.press("d")
        assert screen.end() == 0


def test_the_program_that_run_starts_is_told(user: Person) -> None:
    command = ("run", "--offline", "--", sys.executable, "-c", SPEAK)
    with screen_of(user, *command) as screen:
        pid = shown(screen, Path(sys.executable).name[:15])
        assert SPEAK.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        screen.press("q")
        screen.until("iscard")
        screen.press("d")
        screen.end()


def test_who_hears_everybody_takes_no_part_in_what_passes(netns: NetworkNamespace) -> None:
    def told(target: str) -> bool:
        (found,) = find_programs([Conversation(17, "192.0.2.1", 5000, target, port)])
        return found is not None

    with netns.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as everybody:
        everybody.bind(("0.0.0.0", 0))
        port = everybody.getsockname()[1]
        assert told("127.0.0.1")
        assert told("127.0.0.53")
        assert told("224.0.0.251")
        assert told("255.255.255.255")
        assert not told("198.51.100.7")
