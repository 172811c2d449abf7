"""Lines and descriptors over the control channel, hostile ones too."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading

import pytest

from tunscope.engine.control import ControlChannel
from tunscope.engine.counters import Counters
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import (
    MAXIMUM_LINE,
    CountersEvent,
    Event,
    Message,
    NoticeEvent,
    RotatedEvent,
    StoppedEvent,
    StopReason,
    decode_event,
    encode_event,
)
from tunscope.errors import ExitCode, TunscopeError
from tunscope.packet.direction import Direction


def pair() -> tuple[socket.socket, ControlChannel]:
    ours, theirs = socket.socketpair()
    return ours, ControlChannel(theirs.detach())


def test_messages_arrive_whole_however_they_are_cut() -> None:
    ours, channel = pair()
    for byte in b'{"id":1}\n{"id":2}\n':
        ours.send(bytes([byte]))
    found = []
    while len(found) < 2:
        found += channel.receive()
    assert [message["id"] for message in found if isinstance(message, dict)] == [1, 2]
    channel.close()
    ours.close()


def test_descriptors_come_by_name() -> None:
    ours, channel = pair()
    read_end, write_end = os.pipe()
    client = ControlChannel(ours.detach())
    client.send({"id": 1, "fds": ["a", "b"]}, (read_end, write_end))
    (message,) = channel.receive()
    assert isinstance(message, dict)
    os.write(message["fds"]["b"], b"x")
    assert os.read(message["fds"]["a"], 9) == b"x"
    for fd in (read_end, write_end, *message["fds"].values()):
        os.close(fd)
    client.close()
    channel.close()


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"[]", b"[" * 5000, b'{"fds":["a"]}', b'{"fds":7}', b"\xff\xfe"]
)
def test_a_line_that_is_no_message_is_an_error_and_the_next_is_read(line: bytes) -> None:
    ours, channel = pair()
    ours.sendall(line + b'\n{"id":5}\n')
    *errors, message = channel.receive()
    assert all(isinstance(error, TunscopeError) for error in errors)
    assert len(errors) == (1 if line else 0)
    assert isinstance(message, dict)
    assert message["id"] == 5
    channel.close()
    ours.close()


def test_a_line_without_end_is_thrown_away() -> None:
    ours, channel = pair()
    ours.setblocking(False)
    left = MAXIMUM_LINE + 100_000
    errors: list[object] = []
    while left:
        try:
            left -= ours.send(b"x" * min(left, 1 << 16))
        except BlockingIOError:
            errors += channel.receive()
    ours.setblocking(True)
    ours.sendall(b'tail\n{"id":6}\n')
    while not any(isinstance(found, dict) for found in errors):
        errors += channel.receive()
    problem, message = errors
    assert isinstance(problem, TunscopeError)
    assert "longer than" in str(problem)
    assert isinstance(message, dict)
    assert message["id"] == 6
    channel.close()
    ours.close()


def test_the_other_end_going_away_closes_the_channel() -> None:
    ours, channel = pair()
    ours.close()
    assert channel.receive() == []
    assert channel.closed
    channel.send({"id": 1})
    channel.close()


EVENTS: list[Event] = [
    CountersEvent(Counters(received=5, dropped_queue=2)),
    RotatedEvent(7, 1234),
    NoticeEvent("tun0 went down"),
    StoppedEvent(StopReason.LIMIT, Counters(captured=3), None),
    StoppedEvent(StopReason.DISK_FULL, Counters(), TunscopeError("a", "b", "c", ExitCode.USAGE)),
]


@pytest.mark.parametrize("event", EVENTS)
def test_events_survive_the_wire(event: Event) -> None:
    decoded = decode_event(encode_event(event))
    if isinstance(event, StoppedEvent) and event.error is not None:
        assert isinstance(decoded, StoppedEvent)
        assert str(decoded.error) == str(event.error)
        assert decoded.error is not None
        assert decoded.error.exit_code == event.error.exit_code
    else:
        assert decoded == event


def test_a_channel_that_we_closed_has_nothing_more_to_say() -> None:
    theirs, channel = pair()
    theirs.sendall(b"{}\n")
    channel.close()
    with theirs:
        assert channel.receive() == []
        assert channel.closed


def test_unknown_events_are_ignored() -> None:
    assert decode_event({"event": "aurora"}) is None


def test_options_survive_the_wire() -> None:
    options = CaptureOptions(filter="tcp", snaplen=96, direction=Direction.IN, buffer_mib=3)
    assert CaptureOptions.from_json(options.to_json()) == options


def received(sock: socket.socket) -> bytes:
    """Return all that waits on a socket."""
    data = b""
    with contextlib.suppress(BlockingIOError):
        while more := sock.recv(1 << 20, socket.MSG_DONTWAIT):
            data += more
    return data


def test_what_has_no_room_leaves_later_and_in_order() -> None:
    ours, channel = pair()
    assert channel.poll_events == select.POLLIN
    for number in range(3):  # a socket holds about 200 kB
        channel.send({"id": number, "text": "x" * 300_000})
    assert channel.poll_events == select.POLLIN | select.POLLOUT
    data = b""
    while channel.poll_events & select.POLLOUT:
        data += received(ours)
        channel.flush()
    data += received(ours)
    assert [json.loads(line)["id"] for line in data.splitlines()] == [0, 1, 2]
    channel.close()
    ours.close()


def test_descriptors_wait_with_their_line() -> None:
    ours, channel = pair()
    client = ControlChannel(ours.detach())
    read_end, write_end = os.pipe()
    client.send({"id": 1, "text": "x" * 300_000, "fds": []})
    client.send({"id": 2, "fds": ["pipe"]}, (write_end,))
    os.close(write_end)  # the caller's own
    found: list[Message] = []
    while len(found) < 2:
        found += [one for one in channel.receive() if isinstance(one, dict)]
        client.flush()
    os.write(found[1]["fds"]["pipe"], b"x")
    assert os.read(read_end, 9) == b"x"
    os.close(found[1]["fds"]["pipe"])
    assert os.read(read_end, 9) == b"", "nobody else has it"
    os.close(read_end)
    client.close()
    channel.close()


def test_who_does_not_read_misses_whole_messages() -> None:
    ours, channel = pair()
    for number in range(100):
        channel.send({"id": number, "text": "x" * 50_000})
    data = b""
    while channel.poll_events & select.POLLOUT:
        data += received(ours)
        channel.flush()
    channel.send({"id": 100})
    data += received(ours)
    numbers = [json.loads(line)["id"] for line in data.splitlines()]
    assert numbers == [*range(len(numbers) - 1), 100]
    assert 20 < len(numbers) < 40
    channel.close()
    ours.close()


def test_the_last_word_waits_for_a_slow_reader_only_for_a_while() -> None:
    ours, channel = pair()
    channel.send({"text": "x" * 600_000})
    channel.finish(0.01)
    assert channel.poll_events & select.POLLOUT
    reader = threading.Thread(target=lambda: ours.recv(1 << 20, socket.MSG_WAITALL))
    reader.start()
    channel.finish(10)
    assert channel.poll_events == select.POLLIN
    channel.close()
    reader.join()
    ours.close()
