"""The numbers that must add up: what was received, kept, lost and written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(slots=True)
class Counters:
    """Running totals since the capture started; packets, except `written_bytes`.

    On an observed device ``received = captured + dropped_kernel + filtered``, `filtered` being
    what user space rejected (VLAN filters) after the kernel let it pass. On an owned device
    ``received = captured + filtered + dropped_output``, and `dropped_queue` counts what the
    device's own queue lost before tunscope could read it. `responded` of the received packets
    were made by the peer; `rejected_peer` datagrams were not let in: from an unknown sender, or
    broken inside. `dropped_peer` packets could not be passed on, to the peer or to the kernel.
    What goes in comes out: ``received + injected + duplicated = passed + held + delayed +
    dropped_rule + dropped_hold + dropped_peer``, where held and delayed packets wait now, and
    retransmissions of held ones count as dropped with them. `captured` then counts records, of
    which edited, held and duplicated packets have several. `hold_overflows` times the queue was
    full; `unanswered` edits the front end did not make in time. `replayed` packets were sent by a
    replay; on an owned device no other total but `captured` knows them. `rules` has for each
    rule the number of packets that its filter chose.

    A capture that a limit or a second interrupt ended has received more than that: what it left
    behind.
    """

    received: int = 0
    captured: int = 0
    dropped_kernel: int = 0
    dropped_queue: int = 0
    dropped_output: int = 0
    dropped_peer: int = 0
    filtered: int = 0
    responded: int = 0
    rejected_peer: int = 0
    held: int = 0
    released: int = 0
    dropped_rule: int = 0
    dropped_hold: int = 0
    hold_overflows: int = 0
    unanswered: int = 0
    injected: int = 0
    duplicated: int = 0
    delayed: int = 0
    passed: int = 0
    replayed: int = 0
    written_bytes: int = 0
    rules: list[int] = field(default_factory=list)

    @property
    def dropped(self) -> int:
        """Packets that were on the device and are not in the capture, against our will."""
        return self.dropped_kernel + self.dropped_queue + self.dropped_output

    def __add__(self, other: Counters) -> Counters:
        """Return the totals of two captures together, of which at most one has rules."""
        names = [f.name for f in fields(self) if f.name != "rules"]
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Counters(**sums, rules=self.rules + other.rules)

    def to_json(self) -> dict[str, Any]:
        """Return the totals as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read totals back; unknown keys are ignored, missing ones are 0."""
        numbers = {f.name: int(value.get(f.name, 0)) for f in fields(cls) if f.name != "rules"}
        return cls(**numbers, rules=list(map(int, value.get("rules", []))))
