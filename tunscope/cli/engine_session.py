"""A live capture as the screen sees it: an engine, and the spool or file it writes."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tunscope.capfile.spool import Spool
from tunscope.cli.deep_edits import answer_ask
from tunscope.cli.holds import EngineHolds
from tunscope.cli.injecting import Injections
from tunscope.cli.replays import EngineReplays
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.counters import Counters
from tunscope.engine.protocol import (
    AskEvent,
    CountersEvent,
    Event,
    HoldEvent,
    NoticeEvent,
    RelayEvent,
    RotatedEvent,
    StoppedEvent,
    StopReason,
)
from tunscope.errors import TunscopeError
from tunscope.tui.injection import InjectOrder
from tunscope.tui.session import (
    SessionMessage,
    SessionState,
    SessionStatus,
    SessionTitle,
    Severity,
)

#: Files that wait for a rotation: in a burst many are begun before this process looks again.
_SPARE_SEGMENTS: Final = 8


class Storage(Protocol):
    """What the engine writes into, as far as the session must look after it."""

    @property
    def unsaved(self) -> bool:
        """Whether the capture has no name yet."""

    @property
    def limit(self) -> int | None:
        """The bytes it may hold, None for no limit."""

    @property
    def removed(self) -> int:
        """The bytes that were dropped to stay within the limit."""

    def next(self) -> int | None:
        """Return a new descriptor for the next rotation, to be closed by the caller, or None."""

    def rotated(self) -> str:
        """Make room if there is a limit; return what to tell about it, or ""."""


class NamedFile:
    """A file the person named: nothing to look after."""

    unsaved = False
    limit = None
    removed = 0

    def next(self) -> int | None:
        """One file only."""
        return None

    def rotated(self) -> str:
        """Never happens."""
        return ""


class SpoolStorage:
    """The unnamed capture, whose oldest segments go when it is larger than `limit` bytes."""

    unsaved = True

    def __init__(self, spool: Spool, limit: int | None) -> None:
        self._spool = spool
        self.limit = limit
        self.removed = 0

    def next(self) -> int | None:
        """Make the next segment."""
        return self._spool.open_next()[1]

    def rotated(self) -> str:
        """Drop the oldest segments beyond the limit."""
        if self.limit is None:
            return ""
        before = self._spool.size()
        removed = self._spool.trim(self.limit)
        self.removed += before - self._spool.size() if removed else 0
        if not removed:
            return ""
        return f"the oldest packets were dropped to stay within {self.limit:,} bytes (--keep)"


class EngineSession:
    """Implements `tui.session.Session` over an engine that has opened its device.

    `news` is asked at every poll for sentences from elsewhere, without waiting; `hint` names a
    command that makes packets flow; `ended` is called once nothing more will be written.
    """

    def __init__(
        self,
        client: EngineClient,
        opening: Opening,
        expression: str,
        storage: Storage,
        *,
        hint: str = "",
        news: Callable[[], Sequence[str]] = tuple,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        facts = opening.facts
        owner = f", owned by {facts.owner.program}" if facts.owner else ""
        peer = f", peer {facts.peer}" if facts.peer else ""
        self.title = SessionTitle(
            name=facts.name,
            kind=facts.kind,
            mode=f"{opening.mode}{owner}{peer}",
            addresses=facts.addresses,
            mtu=facts.mtu,
            hint=hint,
        )
        self.capture_filter = expression
        self._client = client
        self._storage = storage
        self._state = SessionState.LIVE
        self._counters = Counters()
        self._messages: list[SessionMessage] = []
        self._news = news
        self._ended = ended
        for _ in range(_SPARE_SEGMENTS):
            self._hand_over_next()
        self.owned = opening.mode != "observed"
        self._injections = Injections(client.ask, facts.name)
        self.holds = EngineHolds(client, self._say_of_deed)
        self.replays = EngineReplays(client, opening, self._say_of_deed)

    def poll(self) -> SessionStatus:
        """Take in the engine's events."""
        for event in self._client.poll():
            self._take(event)
        for text in self._news():
            self._say(text, Severity.WARNING)
        self._injections.pull()
        self.holds.pull()
        self.replays.pull()
        self._messages += self._injections.told
        self._injections.told.clear()
        messages, self._messages = tuple(self._messages), []
        return SessionStatus(
            state=self._state,
            counters=self._counters,
            messages=messages,
            spool_bytes=self._spool_bytes() if self._storage.unsaved else 0,
            spool_limit=self._storage.limit,
            unsaved=self._storage.unsaved,
        )

    def _spool_bytes(self) -> int:
        """Return what is on disk: all that was written, less what was dropped to make room."""
        return max(0, self._counters.written_bytes - self._storage.removed)

    def stop(self) -> None:
        """Ask the engine to drain and end."""
        if self._state is SessionState.LIVE:
            self._client.stop()

    def set_capture_filter(self, expression: str) -> None:
        """Ask the engine for another filter; what comes of it is a message."""
        if self._state is not SessionState.LIVE:
            self._say("the capture has ended: there is nothing to filter", Severity.WARNING)
            return

        def answered(problem: TunscopeError | None) -> None:
            if problem is not None:
                self._say(str(problem), Severity.ERROR)
                return
            self.capture_filter = expression
            self._say(f"capture filter: {expression}" if expression else "capture filter off")

        self._client.set_filter(expression, answered)

    @property
    def injection_refusal(self) -> str:
        """Only while the engine has the device can it send there."""
        return "" if self._state is SessionState.LIVE else "the capture has ended"

    def inject(self, order: InjectOrder) -> None:
        """Have the engine send packets, in time."""
        self._injections.add(order)

    def _take(self, event: Event) -> None:
        match event:
            case CountersEvent(counters):
                self._counters = counters
                self.replays.note(counters.replayed)
            case NoticeEvent(text):
                self._say(text, Severity.WARNING)
            case RotatedEvent():
                told = self._storage.rotated()
                if told:
                    self._say(told, Severity.WARNING)
                self._hand_over_next()
            case HoldEvent():
                self.holds.take(event)
            case RelayEvent(relay):
                self.holds.take_options(relay)
            case AskEvent():
                answer_ask(self._client, event)
            case StoppedEvent(reason, counters, error):
                self._end(reason, counters, error)

    def _end(self, reason: StopReason, counters: Counters, error: TunscopeError | None) -> None:
        if reason is not StopReason.FAILED:
            self._counters = counters
        self._ended()
        self._injections.stop()
        self.holds.end()
        self.replays.end()
        self._state = SessionState.STOPPED if error is None else SessionState.FAILED
        if error is not None:
            self._say(str(error), Severity.ERROR)
        elif reason is StopReason.LIMIT:
            self._say("the capture's limit was reached")

    def _hand_over_next(self) -> None:
        fd = self._storage.next()
        if fd is not None:
            self._client.add_output(fd)
            os.close(fd)

    def _say_of_deed(self, text: str, failed: bool) -> None:
        self._say(text, Severity.ERROR if failed else Severity.INFORMATION)

    def _say(self, text: str, severity: Severity = Severity.INFORMATION) -> None:
        self._messages.append(SessionMessage(text, severity))


def ping_hint(addresses: tuple[str, ...]) -> str:
    """Return a command that sends something through a device with these addresses."""
    for text in addresses:
        interface = ipaddress.ip_interface(text)
        if interface.version == 4 and interface.network.prefixlen < 31:
            other = interface.network[1]
            return f"ping {other if other != interface.ip else interface.network[2]}"
    return ""
