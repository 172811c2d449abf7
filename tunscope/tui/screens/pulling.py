"""When the packet browser looks for what has arrived, and what it notes of it."""

from __future__ import annotations

import time
from dataclasses import replace

from tunscope.tui.drop_log import DropLog
from tunscope.tui.pace import BUSY, CALM, READING, SLOW, WATCHFUL, PullPace, Pulse
from tunscope.tui.screens.replay_actions import ReplayActions
from tunscope.tui.session import SessionState, SessionStatus, Severity

_LIVE_STATES = frozenset({SessionState.STARTING, SessionState.LIVE})


class PullingScreen(ReplayActions, inherit_bindings=False):
    """Looks at the session and the index a few times a second, and pulls when there is reason to.

    `octets` and `counted` are what was taken in so far, `drops` when packets were lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status = SessionStatus(SessionState.STARTING)
        self.octets = 0
        self.counted = 0
        self.drops = DropLog()
        self._pace = PullPace()
        self._pulse = Pulse(self._beat, self.app._handle_exception)
        self._warned = 0

    def pull(self) -> None:
        """Take in everything that has arrived; tell `pulled` of it."""
        raise NotImplementedError

    def start_pulling(self) -> None:
        """Pull now and from now on."""
        self._pulse.start()
        self.pull()

    def pulled(self, now: float, news: object, generation: int) -> None:
        """Note that all of `news` and the packets of `generation` were taken in."""
        pause = BUSY if self._is_busy() else SLOW
        self._pace.pulled(now, news, generation, pause=pause)

    def on_unmount(self) -> None:
        """Pull no more, and filter no more: another capture may follow."""
        self._pulse.stop()
        self.view.cancel()

    def _beat(self) -> float:
        """Pull if there is reason to; return the seconds until another look."""
        if self.live:
            self.poll()
        now, cpu = time.monotonic(), time.thread_time()
        if self._pace.is_due(now, self.news, self.capture.generation, cpu):
            self.pull()
        elif not self.table.is_prepared:
            self.table.prepare()
        if self._is_read:
            return READING
        if self._is_busy() or not self.table.is_prepared:
            return BUSY
        return CALM if self.capture.complete and not self.live else WATCHFUL

    def quicken(self) -> None:
        """Look again soon: the person has begun something."""
        self._pulse.quicken()

    @property
    def news(self) -> tuple[object, ...]:
        """What is to be shown at once; to a list that is not full yet every packet is."""
        capture = self.capture
        filling = self.table.row_count < self.table.body_height
        return (
            capture.complete,
            filling and capture.count,
            capture.flows.programs.revision,
            self.status.state,
            replace(self.status.counters, written_bytes=0, captured=0, received=0),
            len(self.session.holds.waiting),
            self.session.replays.progress,
        )

    @property
    def _is_read(self) -> bool:
        """Whether a file is read that is there as a whole; a pipe may have nothing for hours."""
        return not (self.live or self.capture.complete) and self.capture.source.finished

    def _is_busy(self) -> bool:
        """Whether something is under way that ends soon."""
        return not (
            self.table.row_count == len(self.view)
            and self.view.progress == 1
            and not self.view.sorting
            and self.finder is None
        )

    def poll(self) -> None:
        """Let the session work, and tell what it says."""
        self.status = self.session.poll()
        for message in self.status.messages:
            self.tunscope.tell(message.text, message.severity)

    def note_drops(self) -> None:
        """Remember when packets were lost."""
        dropped = self.status.counters.dropped
        if dropped and self.capture.count:
            self.drops.note(dropped, int(self.capture.store["ts_ns"][self.capture.count - 1]))

    def tell_warnings(self) -> None:
        """Tell what the index found wrong with the capture, each once."""
        warnings = self.capture.warnings
        for text in warnings[self._warned :]:
            self.tunscope.tell(f"{self.session.title.name}: {text}", Severity.WARNING)
        self._warned = len(warnings)

    @property
    def live(self) -> bool:
        """Whether packets may still be captured."""
        return self.status.state in _LIVE_STATES

    def count_bytes(self) -> None:
        """Take in the sizes of new packets."""
        count = self.capture.count
        if count > self.counted:
            lengths = self.capture.store["origlen"][self.counted : count]
            self.octets += int(lengths.sum(dtype="u8"))
            self.counted = count
