"""What a replay did, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """The totals of one replay.

    `read` packets of the capture were looked at, `selected` of them asked for; `skipped` were not
    sent, by reason, and are no part of `planned`. `planned` packets, over all passes, make
    `sent + failed + skipped_playing`, the rest was left when it ended early. `changed` counts
    what became of packets on the way ("rewritten", "fragmented"). Times are nanoseconds; `timing`
    has the differences between when packets were due and when they were sent: median, p95, p99,
    max; None where nothing was due at a time.
    """

    file: str
    device: str
    read: int
    selected: int
    planned: int
    sent: int
    sent_bytes: int
    failed: Mapping[str, int]
    skipped: Mapping[str, int]
    changed: Mapping[str, int]
    duration_ns: int
    planned_ns: int
    timing: Mapping[str, int] | None
    answers: int | None
    end: str
    error: str

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object, times in seconds."""
        value = asdict(self)
        value["duration"] = value.pop("duration_ns") / 1e9
        value["planned_duration"] = value.pop("planned_ns") / 1e9
        value["packets_per_second"] = round(self.sent / (self.duration_ns / 1e9 or 1), 3)
        value["megabits_per_second"] = round(self.sent_bytes * 8000 / (self.duration_ns or 1), 6)
        if self.timing is not None:
            value["timing"] = {name: error / 1e9 for name, error in self.timing.items()}
        return value

    def lines(self) -> list[str]:
        """Return it for a person."""
        lines = [
            f"{self.read} packets read, {self.planned} planned",
            f"{self.sent} packets sent ({self.sent_bytes} bytes)",
        ]
        lines += [f"{count} packets {what}" for what, count in sorted(self.changed.items())]
        lines += [f"{count} packets skipped: {why}" for why, count in sorted(self.skipped.items())]
        lines += [f"{count} packets failed: {why}" for why, count in sorted(self.failed.items())]
        seconds = self.duration_ns / 1e9
        rate = self.sent / seconds if seconds else 0.0
        lines.append(
            f"{seconds:.3f} s, {self.planned_ns / 1e9:.3f} s planned; "
            f"{rate:.1f} packets/s, {self.sent_bytes * 8000 / (self.duration_ns or 1):.3f} Mb/s"
        )
        if self.timing is not None:
            errors = ", ".join(f"{name} {_micro(value)}" for name, value in self.timing.items())
            lines.append(f"timing error: {errors}")
        if self.answers is not None:
            lines.append(f"{self.answers} answers seen")
        if self.end != "done":
            lines.append(f"ended early: {self.error or self.end}")
        return lines


def _micro(value: int) -> str:
    return f"{value / 1000:.0f} us" if value < 10_000_000 else f"{value / 1e6:.1f} ms"
