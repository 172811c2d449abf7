"""Which packets are to wait, and for how long, as a value that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from tunscope.errors import UsageError
from tunscope.packet.direction import Direction

#: What may happen when the time is up, and when the queue is full.
THEN: Final = ("release", "drop")
WHEN_FULL: Final = ("pass", "drop", "oldest")


@dataclass(frozen=True, slots=True)
class HoldOptions:
    """Hold packets that pass `filter` ("" holds all), of one direction (UNKNOWN: both).

    After `seconds` (None: never) each is released or dropped, as `then` says. At most `maximum`
    wait; `when_full` another one passes, is dropped, or lets the oldest go as `then` says.
    """

    filter: str = ""
    direction: Direction = Direction.UNKNOWN
    seconds: float | None = None
    then: str = "release"
    maximum: int = 1000
    when_full: str = "oldest"

    def __post_init__(self) -> None:
        if self.then not in THEN or self.when_full not in WHEN_FULL:
            raise UsageError("hold", f"{self.then!r} or {self.when_full!r} is not known")
        if self.maximum < 1 or (self.seconds is not None and not 0 < self.seconds <= 1e6):
            raise UsageError("hold", "the time or the length of the queue makes no sense")

    def to_json(self) -> dict[str, Any]:
        """Return the options as an object for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read them back; raises TypeError, ValueError or KeyError on anything else."""
        return cls(**value | {"direction": Direction(value["direction"])})
