"""The front end's handle on an engine: start it, ask it, hear from it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from tunscope.engine.control import ControlChannel
from tunscope.engine.counters import Counters
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import (
    CountersEvent,
    Event,
    HeldPacket,
    Message,
    Op,
    StoppedEvent,
    StopReason,
    all_held,
    decode_error,
    decode_event,
)
from tunscope.errors import TunscopeError, UsageError

if TYPE_CHECKING:
    from tunscope.device.facts import DeviceFacts
    from tunscope.device.request import DeviceRequest
    from tunscope.relay.relay_options import RelayOptions

_ANSWER_SECONDS: Final = 20.0
_ENGINE: Final = ("-I", "-m", "tunscope.engine")


@dataclass(frozen=True, slots=True)
class Opening:
    """What the engine found: the device, how it was opened, and that in one phrase."""

    facts: DeviceFacts
    mode: str
    description: str


class EngineClient:
    """One engine process, whose stdout is `output_fd`.

    `launcher` is put in front of the command (``("sudo", "--")``, ``("ip", "netns", "exec", x)``);
    it is given the descriptors `inherited`.
    The engine ends when this object is closed, or the process that made it dies.
    """

    def __init__(
        self, output_fd: int, launcher: Sequence[str] = (), inherited: Sequence[int] = ()
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as self
        with theirs, _starting(launcher):
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [*launcher, sys.executable, *_ENGINE],
                stdin=theirs.fileno(),
                stdout=output_fd,
                stderr=self._stderr,
                pass_fds=inherited,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
        self._channel = ControlChannel(ours.detach())
        self._events: deque[Event] = deque()
        self._answers: dict[int, Message] = {}
        self._listeners: dict[int, Callable[[Message | TunscopeError], None]] = {}
        self._last_id = 0
        self._counters = Counters()
        # a launcher may ask a person for a password: that takes as long as it takes
        self._patience = None if launcher else _ANSWER_SECONDS
        self.launcher: Final = tuple(launcher)
        self.stopped: StoppedEvent | None = None

    @property
    def pid(self) -> int:
        """Process id of the engine, or of its launcher."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the engine still talks, as far as the last look told."""
        return not self._channel.closed

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when `poll` has something."""
        return self._channel.fileno()

    def open(
        self, request: DeviceRequest, options: CaptureOptions, program: int | None = None
    ) -> Opening:
        """Have the engine create, attach to or observe a device; raises what it answers.

        `program` is the socket of a peer that is a program; it stays the caller's.
        """
        fds = {} if program is None else {"peer": program}
        arguments = {"device": request.to_json(), "capture": options.to_json()}
        return _opening(self.request(Op.OPEN, fds, **arguments))

    def stay(self) -> None:
        """Have the engine outlive its capture, so that `open_next` can open another device."""
        self.request(Op.STAY)

    def open_next(self, request: DeviceRequest, options: CaptureOptions, output_fd: int) -> Opening:
        """Open a device for a new capture into `output_fd`; raises what the engine answers.

        Only when no capture runs: before the first one, or once `stopped` is set and the engine
        was asked to stay. It has the rights that the first device left it.
        """
        fds = {"output": output_fd}
        answer = self.request(Op.OPEN, fds, device=request.to_json(), capture=options.to_json())
        self.stopped = None
        self._events.clear()
        self._counters = Counters()
        return _opening(answer)

    def start(self) -> None:
        """Begin to record."""
        self.request(Op.START)

    def stop(self) -> None:
        """Ask the engine to record what has arrived and end; `stopped` tells when it has."""
        self._send(Op.STOP, {}, {"drain": True})

    def abort(self) -> None:
        """Ask the engine to end without waiting for what has arrived."""
        self._send(Op.STOP, {}, {"drain": False})

    def set_filter(self, expression: str, answered: Callable[[TunscopeError | None], None]) -> None:
        """Ask for another capture filter; a later `poll` calls `answered` with what came of it."""

        self.ask(Op.FILTER, {"expression": expression}, _problem(answered))

    def ask(
        self,
        op: Op,
        arguments: Mapping[str, Any],
        answered: Callable[[Message | TunscopeError], None],
        fds: Mapping[str, int] | None = None,
    ) -> None:
        """Send a request; a later `poll` calls `answered` with its result, or with the error.

        The descriptors `fds` stay the caller's.
        """
        self._listeners[self._send(op, fds or {}, arguments)] = answered

    def add_output(self, fd: int) -> None:
        """Hand over the file that the next rotation goes on with; `fd` stays the caller's."""
        self._send(Op.OUTPUT, {"output": fd}, {})

    def set_relay(
        self, options: RelayOptions, answered: Callable[[TunscopeError | None], None]
    ) -> None:
        """Ask for other rules and another hold; a later `poll` calls `answered`."""
        self.ask(Op.RELAY, {"relay": options.to_json()}, _problem(answered))

    def answer_edit(
        self, number: int, data: bytes | None, changes: Sequence[str], problem: str
    ) -> None:
        """Answer an AskEvent: the packet edited, or None and the problem."""
        arguments = {
            "number": number,
            "data": None if data is None else data.hex(),
            "changes": list(changes),
            "problem": problem,
        }
        self._listeners[self._send(Op.EDITED, {}, arguments)] = _ignore

    def give_verdict(
        self,
        identities: Sequence[int] | None,
        verdict: str,
        answered: Callable[[TunscopeError | None], None],
    ) -> None:
        """Release or drop held packets (None: all), or "revert" or "duplicate" and go on holding.

        A later `poll` calls `answered` with what came of it.
        """
        arguments = {"ids": None if identities is None else list(identities), "verdict": verdict}
        self.ask(Op.VERDICT, arguments, _problem(answered))

    def edit_held(
        self,
        identity: int,
        data: bytes,
        release: bool,
        answered: Callable[[TunscopeError | None], None],
    ) -> None:
        """Replace a held packet's bytes, and perhaps release it; a later `poll` tells."""
        arguments = {"held": identity, "data": data.hex(), "release": release}
        self.ask(Op.EDIT, arguments, _problem(answered))

    def held(self) -> list[HeldPacket]:
        """Return the packets that wait, oldest first."""
        return all_held(lambda after: self.request(Op.HELD, after=after))

    def listen(self, listener: int, uid: int) -> None:
        """Have the engine serve visitors of user `uid` that connect to a listening UNIX socket."""
        self._listeners[self._send(Op.LISTEN, {"listener": listener}, {"uid": uid})] = _ignore

    def statistics(self) -> Counters:
        """Return the running totals as they are now."""
        return Counters.from_json(self.request(Op.STATISTICS)["counters"])

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Send a request and wait for its answer's result; raises the error it carries."""
        number = self._send(op, fds or {}, arguments)
        asked = time.monotonic()
        while number not in self._answers:
            if self._channel.closed:
                raise self._died()
            remaining = None
            if self._patience is not None:
                remaining = asked + self._patience - time.monotonic()
                if remaining <= 0:
                    raise TunscopeError(
                        "engine", f"no answer to {op} within {self._patience:.0f} s"
                    )
            self._channel.wait(remaining)
            self._receive()
        self._patience = _ANSWER_SECONDS
        answer = self._answers.pop(number)
        if not answer["ok"]:
            raise decode_error(answer["error"])
        result: Message = answer["result"]
        return result

    def poll(self) -> list[Event]:
        """Return the events that have arrived since the last call, without waiting.

        An engine that died without a last word yields a StoppedEvent with an error, and the
        counters it told last.
        """
        self._receive()
        events = list(self._events)
        self._events.clear()
        if self._channel.closed and self.stopped is None:
            events.append(self._last_word())
        return events

    def close(self) -> int:
        """End the engine (it drains first) and return its exit status."""
        self._channel.close()
        try:
            return self._process.wait(timeout=_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._stderr.close()

    def _send(self, op: Op, fds: Mapping[str, int], arguments: Mapping[str, Any]) -> int:
        self._last_id += 1
        message = {"id": self._last_id, "op": op, "fds": list(fds), **arguments}
        self._channel.send(message, tuple(fds.values()))
        return self._last_id

    def _receive(self) -> None:
        self._channel.flush()
        for message in self._channel.receive():
            if isinstance(message, TunscopeError):
                raise message
            if "event" in message:
                event = decode_event(message)
                if isinstance(event, StoppedEvent):
                    self.stopped = event
                elif isinstance(event, CountersEvent):
                    self._counters = event.counters
                if event is not None:
                    self._events.append(event)
            elif message.get("id") in self._listeners:
                listener = self._listeners.pop(message["id"])
                listener(message["result"] if message["ok"] else decode_error(message["error"]))
            elif isinstance(message.get("id"), int):
                self._answers[message["id"]] = message

    def _last_word(self) -> StoppedEvent:
        self.stopped = StoppedEvent(StopReason.FAILED, self._counters, self._died())
        return self.stopped

    def _died(self) -> TunscopeError:
        """Say why the engine is gone, in the last words of its stderr."""
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return TunscopeError("engine", "closed the control channel")
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        why = f"{lines[-1]}, {how}" if lines else how
        return TunscopeError(
            "engine", f"ended unexpectedly: {why}", "what it wrote until then is kept"
        )


def _problem(
    answered: Callable[[TunscopeError | None], None],
) -> Callable[[Message | TunscopeError], None]:
    """Return what tells `answered` of an error only."""
    return lambda answer: answered(answer if isinstance(answer, TunscopeError) else None)


def _ignore(answer: Message | TunscopeError) -> None:
    """Nothing depends on the answer."""


@contextlib.contextmanager
def _starting(launcher: Sequence[str]) -> Iterator[None]:
    """Keep a Ctrl-C, which reaches both, from an engine that cannot ignore it yet.

    The engine inherits the blocked signal, and opens for it once it ignores it. sudo asks for a
    password, which a person may want to interrupt.
    """
    if tuple(launcher[:1]) == ("sudo",):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _opening(result: Message) -> Opening:
    from tunscope.device.facts import DeviceFacts

    try:
        facts = DeviceFacts.from_json(result["facts"])
        return Opening(facts, result["mode"], result["description"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("engine", f"an answer that is not understood: {error}") from error
