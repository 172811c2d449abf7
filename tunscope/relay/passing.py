"""A packet on its way through the relay, and what was decided about it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from tunscope.packet.direction import Direction


@dataclass(slots=True)
class Passing:
    """One packet: `original` as it arrived at `ts_ns` (since 1970), `data` as it is now.

    `delay` seconds pass before it leaves, `copies` more of it leave with it. `dropped` says why it
    does not leave at all, "" while it may. `notes` become comments in the capture, `changes` say
    what was edited and `editors` by what.
    """

    direction: Direction
    original: bytes
    linktype: int
    ts_ns: int
    data: bytes = b""
    delay: float = 0.0
    copies: int = 0
    dropped: str = ""
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    editors: list[str] = field(default_factory=list)
    asks: tuple[str, ...] = ()
    asked_by: str = ""

    def __post_init__(self) -> None:
        self.data = self.original
