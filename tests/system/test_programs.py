"""Whose conversation is it: real programs with real sockets, judged by their own pids."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from network_namespace import NetworkNamespace
from terminal_screen import tunscope

from tunscope.capfile.reader import open_capture
from tunscope.device.inspector import Inspector
from tunscope.device.programs import Conversation, SocketOwner, find_programs

TALK = """
import socket, sys
kind, family = sys.argv[1], socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
if sys.argv[4] == "listen":
    sock.bind((sys.argv[2], int(sys.argv[3])))
    if kind == "tcp":
        sock.listen()
else:
    sock.connect((sys.argv[2], int(sys.argv[3])))
    sock.send(b"hello")
print(sock.getsockname()[1], flush=True)
sys.stdin.read()
"""


def talker(netns: NetworkNamespace, *words: str) -> tuple[subprocess.Popen[str], int]:
    process = netns.popen(
        sys.executable, "-c", TALK, *words,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.fixture
def inspector() -> Iterator[Inspector]:
    with Inspector() as child:
        yield child


def pid_in(process: subprocess.Popen[Any]) -> int:
    """nsenter executes the program in its own place."""
    return process.pid


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_both_sides_of_a_conversation_are_found(
    netns: NetworkNamespace, kind: str, address: str
) -> None:
    server, port = talker(netns, kind, address, "0", "listen")
    client, source = talker(netns, kind, address, str(port), "connect")
    protocol = 6 if kind == "tcp" else 17
    there = Conversation(protocol, address, source, address, port)
    with netns.entered():
        (found,) = find_programs([there])
    assert found is not None
    assert found.pid == pid_in(client)  # it spoke first
    assert found.name == Path(f"/proc/{client.pid}/comm").read_text().strip()
    remote = "10.255.255.1" if "." in address else "fd00::1"
    heard = Conversation(protocol, remote, 5000, address, port)
    with netns.entered():
        (found,) = find_programs([heard])
    assert found is not None
    assert found.pid == pid_in(server)  # it hears everybody


def test_ipv4_through_an_ipv6_socket_is_found(netns: NetworkNamespace) -> None:
    server, port = talker(netns, "udp", "::", "0", "listen")
    with netns.entered():
        (found,) = find_programs([Conversation(17, "10.0.0.9", 5, "127.0.0.1", port)])
    assert found is not None
    assert found.pid == pid_in(server)


def test_the_child_answers_for_a_namespace_and_knows_its_limits(
    netns: NetworkNamespace, inspector: Inspector
) -> None:
    _, port = talker(netns, "tcp", "127.0.0.1", "0", "listen")
    client, source = talker(netns, "tcp", "127.0.0.1", str(port), "connect")
    known = Conversation(6, "127.0.0.1", source, "127.0.0.1", port)
    nobody = Conversation(17, "192.0.2.1", 1, "192.0.2.2", 2)
    found = inspector.programs([known, nobody] * 50, netns.name, timeout=20)
    assert len(found) == 100
    assert found[0] == found[98]
    assert isinstance(found[0], SocketOwner)
    assert found[0].pid == pid_in(client)
    assert found[1] is None
    assert inspector.programs([known], "no-such-namespace") == [None]


def test_questions_that_make_no_sense_are_answered_with_errors() -> None:
    from tunscope.device import inspect

    for conversations in (None, 5, [[1, 2]], [[6, "a", "x", "b", 1]], [[5, "a", 1, "b", 2]]):
        line = json.dumps({"id": 1, "op": "programs", "conversations": conversations})
        assert "error" in inspect.answer(line)


def test_the_screen_names_the_program_filters_by_it_and_saves_it(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    config = home / "CONFIG" / "tunscope"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        'columns = ["number", "source", "destination", "protocol", "process", "info"]\n'
    )
    target = tmp_path / "kept.pcapng"
    with tunscope(netns, home, "lo") as screen:
        screen.until("nothing yet on lo")
        _, port = talker(netns, "tcp", "127.0.0.1", "0", "listen")
        client, _ = talker(netns, "tcp", "127.0.0.1", str(port), "connect")
        name = Path(f"/proc/{client.pid}/comm").read_text().strip()
        screen.until(f"{name} {client.pid}")
        netns.run("ping", "-q", "-c", "1", "127.0.0.1")
        screen.until("ICMP")
        screen.press(f'/process.pid == {client.pid} and process.name == "{name}"', "enter")
        screen.until(lambda text: "Echo (ping)" not in text and f"{name} {client.pid}" in text)
        screen.press("w")
        screen.until("Save displayed packets to")
        screen.press("\x15", str(target), "enter")
        screen.until("saved ")
        screen.press("q", "d")
        assert screen.end() == 0
    with open_capture(target) as reader:
        comments = [record.comments for record in reader]
    assert comments[0] == (f"tunscope: process {name} (pid {client.pid})",)
    assert not any(comments[1:])
