"""The replay that runs, or has ended: how far it is, what became of its packets, its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.message import Message

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.keymap import key_line_entries
from tunscope.tui.replay_keys import REPLAY_KEYS
from tunscope.tui.replaying import UNENDED
from tunscope.tui.text import LineBuilder, fit, width_of
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.binding import BindingType
    from textual.strip import Strip

    from tunscope.tui.replaying import ReplayProgress, Replays
    from tunscope.tui.session import Session

_SIGNS: Final = {
    "preparing": "◌ preparing",
    "playing": "▶ playing",
    "paused": "⏸ paused",
    "done": "■ done",
    "stopped": "■ stopped",
    "failed": "✖ failed",
}
_CONTROLS: Final = (
    "replay.pause", "replay.step", "replay.skip", "replay.back", "replay.forward", "replay.seek",
    "replay.stop",
)  # fmt: skip
_LINES: Final = 5
_SECOND_NS: Final = 1_000_000_000


class ReplayPane(LineWidget, can_focus=True):
    """Shows the replay of `session` while there is one; obeys its controls when it has focus."""

    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_KEYS]
    DEFAULT_CSS = f"""
    ReplayPane {{ height: {_LINES}; display: none; }}
    ReplayPane.-shown {{ display: block; }}
    """

    class SeekAsked(Message):
        """The person wants to go somewhere."""

    class Closed(Message):
        """There is nothing to show any more."""

    def __init__(
        self, session: Session, key_overrides: Mapping[str, str], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._session = session
        self._keys = key_line_entries(_CONTROLS, key_overrides)
        self._shown: tuple[ReplayProgress | None, int | None] = (None, None)

    @property
    def _replays(self) -> Replays:
        return self._session.replays

    @property
    def progress(self) -> ReplayProgress | None:
        """What is shown."""
        return self._shown[0]

    @property
    def runs(self) -> bool:
        """Whether something is still to come."""
        return self.progress is not None and self.progress.state in UNENDED

    def show(self, progress: ReplayProgress | None, answers: int | None) -> None:
        """Show how far it is and how many answers came, if anybody knows; paints what differs."""
        if (progress, answers) == self._shown:
            return
        self._shown = (progress, answers)
        self.set_class(progress is not None, "-shown")
        self.refresh(self.extent.region)

    def on_focus(self) -> None:
        """Show that the keys are obeyed here."""
        self.refresh(self.extent.region)

    def on_blur(self) -> None:
        """Show that they are not."""
        self.refresh(self.extent.region)

    # --- lines

    def paint_line(self, y: int) -> Strip:
        """Paint one of the five lines."""
        line = LineBuilder(self.extent.width)
        progress, answers = self._shown
        if progress is None:
            return line.strip(self.palette.text)
        match y:
            case 0:
                self._title(line, progress)
                return line.strip(self.palette.bar)
            case 1:
                self._bar(line, progress)
            case 2:
                self._counts(line, progress, answers)
            case 3:
                self._rates(line, progress)
            case _:
                self._controls(line)
        return line.strip(self.palette.text)

    def _title(self, line: LineBuilder, progress: ReplayProgress) -> None:
        styles = self.palette
        sign = _SIGNS.get(progress.state, progress.state)
        now, last = progress.passes
        passes = "" if last == 1 else f" · pass {now}{f' of {last}' if last else ''}"
        tone = {
            "failed": styles.bar_error,
            "paused": styles.bar_warning,
            "playing": styles.bar_success,
        }.get(progress.state, styles.bar_strong)
        line.add("▌" if self.has_focus else " ", styles.bar_accent)
        room = line.room - width_of(sign) - width_of(passes) - 2
        title = f"⟳ Replay of {printable(progress.name)}"
        line.add(fit(title, min(room, width_of(title))), styles.bar_strong)
        line.add(passes, styles.bar)
        line.fill(styles.bar, leave=width_of(sign) + 1)
        line.add(sign, tone)

    def _bar(self, line: LineBuilder, progress: ReplayProgress) -> None:
        styles, share = self.palette, progress.share
        line.add(" ", styles.text)
        if progress.error:
            line.add(f"✖ {printable(progress.error)}", styles.error)
            return
        cells = max(10, min(60, self.extent.width - 40))
        full = cells if share is None else round(share * cells)
        line.add("█" * full, styles.accent)
        line.add("░" * (cells - full), styles.faint)
        line.add(f" {'no end' if share is None else f'{share:.0%}'}", styles.strong)
        left = progress.left
        if left is not None:
            line.add(f" · {_seconds(left)} left", styles.text)
        line.add(f" · {_seconds(progress.elapsed)} played", styles.muted)

    def _counts(self, line: LineBuilder, progress: ReplayProgress, answers: int | None) -> None:
        styles = self.palette
        of = "" if progress.planned is None else f" of {units.count(progress.planned)}"
        done = "prepared" if progress.state == "preparing" else "sent"
        line.add(f" {done} {units.count(progress.sent)}{of}", styles.strong)
        for word, reasons, style in (
            ("failed", progress.failed, styles.error),
            ("skipped", _added(progress.left_out, progress.skipped), styles.warning),
        ):
            count = sum(reasons.values())
            line.add(f" · {word} {units.count(count)}", style if count else styles.text)
            if count and not (word == "skipped" and line.room < 60):
                line.add(f" ({_reasons(reasons)})", styles.muted)
        if answers is not None:
            tone = styles.success if answers else styles.text
            line.add(f" · answers {units.count(answers)}", tone)

    def _rates(self, line: LineBuilder, progress: ReplayProgress) -> None:
        styles = self.palette
        line.add(f" {units.packet_rate(progress.rate)}", styles.strong)
        planned = progress.planned_rate
        line.add(
            " as fast as can be"
            if planned is None
            else f" of {units.packet_rate(planned)} planned",
            styles.text,
        )
        seconds = progress.elapsed or 1.0
        line.add(f" · {units.bit_rate(8 * progress.octets / seconds)}", styles.text)
        if progress.timing is not None:
            errors = ", ".join(f"{name} {_micro(value)}" for name, value in progress.timing.items())
            if line.room > len(errors) + 15:
                line.add(f" · timing error {errors}", styles.muted)

    def _controls(self, line: LineBuilder) -> None:
        styles = self.palette
        entries = self._keys if self.has_focus else (("R", "Controls", ""),)
        if not self.runs:
            entries = (("R", "Another", ""), ("x", "Close", "")) if self.has_focus else entries
        paused = self.progress is not None and self.progress.state == "paused"
        for key, label, identity in entries:
            shown = "Go on" if paused and identity == "replay.pause" else label
            if line.room > width_of(key) + width_of(shown) + 3:
                line.add(f" {key}", styles.accent)
                line.add(f" {shown} ", styles.muted)

    # --- keys

    def action_toggle_pause(self) -> None:
        """Stand still, or go on."""
        paused = self.progress is not None and self.progress.state == "paused"
        self._control("resume" if paused else "pause")

    def _control(self, action: str, by: int = 0) -> None:
        if self.runs:
            self._replays.control(action, by)
        else:
            self.app.notify("replay: none is running")

    def action_step(self) -> None:
        """Send one packet."""
        self._control("step")

    def action_move(self, packets: int) -> None:
        """Leave packets out, or go back over them."""
        self._control("move", packets)

    def action_move_time(self, seconds: int) -> None:
        """Go to an earlier or later time."""
        self._control("move_time", seconds * _SECOND_NS)

    def action_restart(self) -> None:
        """Go to the first packet of this pass."""
        self._control("seek", 0)

    def action_seek(self) -> None:
        """Ask where to go."""
        self.post_message(self.SeekAsked())

    def action_stop(self) -> None:
        """End it, or close the pane of one that has ended."""
        if self.runs:
            self._replays.stop()
        else:
            self._replays.forget()
            self.post_message(self.Closed())


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {why: one.get(why, 0) + other.get(why, 0) for why in (*one, *other)}


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{units.count(count)} {printable(why)}" for why, count in reasons.items())


def _seconds(value: float) -> str:
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02} min"


def _micro(value: int) -> str:
    return f"{value / 1000:.0f} µs" if value < 10_000_000 else f"{value / 1e6:.1f} ms"
