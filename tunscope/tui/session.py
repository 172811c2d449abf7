"""What the screen knows of the capture's origin: a live engine or a file, behind one Protocol.

The screen pulls. Nothing here may block: `poll` and the properties answer from what has
already arrived, `stop` and `set_capture_filter` only ask and return at once, their result comes
with a later `poll`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from tunscope.engine.counters import Counters
from tunscope.tui.holding import Holds, NoHolds
from tunscope.tui.injection import InjectOrder
from tunscope.tui.replaying import NoReplays, Replays


class SessionState(Enum):
    """What the capture is doing, as the header line says it."""

    STARTING = "starting"
    LIVE = "live"
    STOPPED = "stopped"
    FAILED = "failed"
    FILE = "file"


class Severity(Enum):
    """How loudly a message is shown; all of them go to the message log."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SessionMessage:
    """One sentence for the person at the screen."""

    text: str
    severity: Severity = Severity.INFORMATION


@dataclass(frozen=True, slots=True)
class SessionTitle:
    """Facts of the header line; all texts may be hostile and are escaped where they are shown.

    `name` is the device or the file name, `kind` what `tunscope devices` calls it ("tun",
    "veth", "pcapng"), `mode` how it was opened in one phrase ("owned", "observed, owned by
    openvpn (pid 7748)"), `hint` a command that would make packets flow, or "".
    """

    name: str
    kind: str = ""
    mode: str = ""
    addresses: tuple[str, ...] = ()
    mtu: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The state at one poll.

    `messages` are those since the previous poll, each handed out once. `spool_bytes` is the size
    of the unnamed capture on disk (0 where there is none) and `spool_limit` what `--keep` allows
    (None: no limit). `unsaved` says that quitting now would lose the packets, if there are any: the
    capture lives in a spool only.
    """

    state: SessionState
    counters: Counters = field(default_factory=Counters)
    messages: tuple[SessionMessage, ...] = ()
    spool_bytes: int = 0
    spool_limit: int | None = None
    unsaved: bool = False


class Ending(Enum):
    """What `TunscopeApp.run` returns: what the person wants done with an unnamed capture."""

    #: Leave the spool where it is (a crash, a signal, an exception).
    KEEP = "keep"
    #: Saved elsewhere, or to be thrown away, or there is none: the spool may go.
    RELEASE = "release"


class Session(Protocol):
    """One capture as the screen sees it. No method blocks or raises."""

    @property
    def title(self) -> SessionTitle:
        """Facts of the device or file; may change while the session runs."""

    @property
    def capture_filter(self) -> str:
        """The BPF expression in force, "" for none."""

    @property
    def injection_refusal(self) -> str:
        """Why no packet can be injected, "" if one can."""

    @property
    def owned(self) -> bool:
        """Whether tunscope holds the device itself."""

    @property
    def holds(self) -> Holds:
        """The hold queue."""

    @property
    def replays(self) -> Replays:
        """The replay on the device."""

    def poll(self) -> SessionStatus:
        """Take in what has arrived and return the state now; live, called 25 times a second."""

    def stop(self) -> None:
        """Ask the capture to stop; what was captured stays browsable. Harmless when stopped."""

    def set_capture_filter(self, expression: str) -> None:
        """Ask for another capture filter; success or failure arrives as a message."""

    def inject(self, order: InjectOrder) -> None:
        """Ask for packets to be sent; what the kernel said of them arrives as a message."""


class FileSession:
    """A capture file that nothing is added to by us: the simplest session, and the tests' double.

    `status` is what the next `poll` returns; a test may replace it to play a live capture.
    """

    def __init__(
        self, title: SessionTitle, status: SessionStatus | None = None, capture_filter: str = ""
    ) -> None:
        self.title = title
        self.status = status or SessionStatus(SessionState.FILE)
        self.capture_filter = capture_filter
        self.stopped = False
        self.orders: list[InjectOrder] = []
        self.holds: Holds = NoHolds()
        self.replays: Replays = NoReplays()

    @property
    def injection_refusal(self) -> str:
        """A file leads nowhere."""
        return "" if self.status.state is SessionState.LIVE else "a file has no device"

    @property
    def owned(self) -> bool:
        """What the title says."""
        return self.title.mode.startswith("owned")

    def poll(self) -> SessionStatus:
        """Return `status`, its messages once only."""
        status = self.status
        self.status = replace(status, messages=())
        return status

    def stop(self) -> None:
        """Remember that the screen asked; there is nothing to stop."""
        self.stopped = True

    def set_capture_filter(self, expression: str) -> None:
        """Say that a file has no capture to filter."""
        refusal = SessionMessage(
            f"capture filter {expression!r}: a file is not captured anew", Severity.WARNING
        )
        self.status = replace(self.status, messages=(*self.status.messages, refusal))

    def inject(self, order: InjectOrder) -> None:
        """Remember the order, and that a file has no device if it has none."""
        self.orders.append(order)
        if self.injection_refusal:
            refusal = SessionMessage(f"inject: {self.injection_refusal}", Severity.WARNING)
            self.status = replace(self.status, messages=(*self.status.messages, refusal))
