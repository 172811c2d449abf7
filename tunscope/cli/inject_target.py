"""Where `tunscope inject` sends: a device opened for the purpose, or a running capture of it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from tunscope.cli.headless import open_engine
from tunscope.cli.privilege import drop_privileges
from tunscope.device.facts import DeviceFacts
from tunscope.engine.control_socket import control_sockets
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import Message, Op
from tunscope.engine.remote import RemoteEngine
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.device.request import DeviceRequest

#: Bytes of records that are kept while waiting for answers.
_MOST: Final = 64_000_000
_DRAIN_SECONDS: Final = 5.0


class Target(Protocol):
    """A device that packets can be sent to; `shared` if somebody else's capture runs on it.

    `records` is a file that gets what crosses it, beginning with packet `first_number`.
    """

    facts: DeviceFacts
    owned: bool
    shared: bool
    description: str
    records: int
    first_number: int

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Ask the engine."""

    def finish(self) -> None:
        """Let what has arrived get into `records`."""

    def close(self) -> None:
        """Leave the device as it was found."""


class OwnTarget:
    """A device opened, and later closed, by an engine of our own."""

    shared = False

    def __init__(self, request: DeviceRequest, options: CaptureOptions, *, may_sudo: bool) -> None:
        self.records = os.memfd_create("tunscope-inject", os.MFD_CLOEXEC)
        try:
            self._client, opening = open_engine(
                lambda client: client.open(request, options), self.records, may_sudo=may_sudo
            )
        except BaseException:
            os.close(self.records)
            raise
        self.facts = opening.facts
        self.first_number = 1
        self.owned = opening.mode != "observed"
        self.description = opening.description
        self._client.start()

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Ask the engine; where it has ended, raise what ended it."""
        try:
            return self._client.request(op, fds, **arguments)
        except TunscopeError as error:
            if self._client.alive:
                raise
            self._client.poll()  # its last word may still be there to be read
            stopped = self._client.stopped
            if stopped is None or stopped.error is None:
                raise
            raise stopped.error from error

    def finish(self) -> None:
        """Stop the engine, which drains."""
        self._client.stop()
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._client.stopped is None and time.monotonic() < deadline:
            self._client.poll()
            time.sleep(0.01)

    def close(self) -> None:
        """End the engine: the device is left as it was found."""
        self._client.close()
        os.close(self.records)


class RunningTarget:
    """A device that a running tunscope has, through its control socket."""

    shared = True

    def __init__(self, engine: RemoteEngine, description: Message) -> None:
        self._engine = engine
        self.facts = DeviceFacts.from_json(description["facts"])
        self.owned = description["mode"] != "observed"
        self.description = f"through the running capture: {description['description']}"
        self.records = os.memfd_create("tunscope-inject", os.MFD_CLOEXEC)
        answer = engine.request(Op.COPY, {"output": self.records}, limit=_MOST)
        self.first_number = int(answer["first_number"])

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Ask the running engine."""
        return self._engine.request(op, fds, **arguments)

    def finish(self) -> None:
        """A block of an observed device's ring may be open for a moment longer."""
        if not self.owned:
            time.sleep(0.2)

    def close(self) -> None:
        """Leave; the capture goes on."""
        self._engine.close()
        os.close(self.records)


def open_target(
    request: DeviceRequest, *, options: CaptureOptions, through_owner: bool, may_sudo: bool
) -> Target:
    """Return a running capture of the device if there is one, else open it with `options`."""
    running = None if through_owner else find_running(request)
    if running is not None:
        if request.asks_for_changes:
            running.close()
            raise UsageError(
                printable(request.name), "a running tunscope has it", "leave out --addr and --route"
            )
        return running
    target = OwnTarget(request, options, may_sudo=may_sudo)
    drop_privileges()
    return target


def find_running(request: DeviceRequest) -> RunningTarget | None:
    """Return the capture that runs on the device as a target, None if none does."""
    found = reach_running(request)
    return None if found is None else RunningTarget(*found)


def reach_running(request: DeviceRequest) -> tuple[RemoteEngine, Message] | None:
    """Connect to the capture that runs on the device; return it with its description.

    A device of that name in this network namespace is meant first; where there is none, the one
    capture on a device of that name elsewhere, such as in a lab. None if there is none.
    """
    found: list[tuple[RemoteEngine, Message]] = []
    for path in control_sockets(request.name):
        engine = RemoteEngine.reach(path)
        if engine is not None:
            try:
                found.append((engine, engine.request(Op.DESCRIBE)))
            except TunscopeError:
                engine.close()
    try:
        chosen = _choose(request, found)
        return found.pop(chosen) if chosen is not None else None
    finally:
        for engine, _ in found:
            engine.close()


def _choose(request: DeviceRequest, found: list[tuple[RemoteEngine, Message]]) -> int | None:
    here = _namespace(request)
    for index, (_, description) in enumerate(found):
        if description.get("netns") is not None and tuple(description["netns"]) == here:
            return index
    if request.netns is not None or request.kind is not None or _exists(request.name):
        return None
    if len(found) > 1:
        raise UsageError(
            printable(request.name),
            f"{len(found)} running captures have a device of that name",
            "say --netns",
        )
    return 0 if found else None


def _namespace(request: DeviceRequest) -> tuple[int, int] | None:
    from tunscope.device.namespaces import current_netns, netns_identity, open_netns

    fd = current_netns() if request.netns is None else open_netns(request.netns)
    try:
        return netns_identity(fd)
    finally:
        os.close(fd)


def _exists(name: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(socket.if_nametoindex(name))
    return False
