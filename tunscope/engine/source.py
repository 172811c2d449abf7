"""Where packets come from: the contract that the packet ring and the tun descriptor both keep."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from tunscope.engine.batch import Batch
from tunscope.engine.counters import Counters
from tunscope.engine.own_records import Record
from tunscope.engine.tun_port import TunPort
from tunscope.relay.relay_options import RelayOptions

if TYPE_CHECKING:
    from tunscope.engine.inline import InlineRelay
    from tunscope.engine.neighbours import Neighbours
    from tunscope.replay.player import Port


class SourceGone(Exception):
    """The device was deleted; nothing more will come."""


class Side(StrEnum):
    """Who is to receive an injected packet: this machine, or what the device leads to."""

    KERNEL = "kernel"
    WIRE = "wire"


class Source(Protocol):
    """A stream of batches. No method blocks."""

    @property
    def relays(self) -> bool:
        """Whether traffic depends on `take` or `pass_on` being called."""

    @property
    def inline(self) -> InlineRelay | None:
        """What judges packets one by one, None while nothing does."""

    @property
    def deadline(self) -> float | None:
        """The time.monotonic() at which `take` has something to do though nothing arrives."""

    def record_with(self, record: Record) -> None:
        """Have what `take` does not return, because it is judged one by one, recorded this way."""

    def set_relay(self, options: RelayOptions) -> str:
        """Treat packets between the device and its peer so; return a sentence about it.

        UsageError, and no change, for what cannot be done.
        """

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when `take` has something."""

    def take(self, until: float = 0.0) -> Batch | None:
        """Return packets that wait, None if none do; raise SourceGone if none ever will.

        Where others depend on it, waiting for more until `until`, by time.monotonic(), is fine.
        """

    def release(self) -> None:
        """Take note that the batch last taken was recorded, or given up."""

    def pass_on(self) -> None:
        """Keep traffic flowing while nothing can be recorded; what passes is counted as lost."""

    def set_filter(self, expression: str) -> None:
        """Record only what this BPF expression accepts; raise UsageError and change nothing."""

    def stop_arrivals(self) -> None:
        """Let no new packets in, so that `take` soon returns None for good."""

    def settled(self, seconds: float) -> bool:
        """Whether `seconds` after `stop_arrivals`, with `take` returning None, all has come."""

    def interrupted(self, fd: int) -> bool:
        """Look at the trouble of descriptor `fd`: whether the device went down since the last call.

        Raise SourceGone if it was deleted.
        """

    def inject(self, packet: bytes, side: Side, through: TunPort | None) -> bool:
        """Send one packet; return False if `take` will show it, so that it is recorded once.

        `through` is the descriptor of somebody who owns the device, None if it was not given.
        TunscopeError says why it cannot be sent.
        """

    def replay_port(self, side: Side, record: bool) -> Port | str:
        """Return where packets of a replay go, or why none can go there.

        With `record` what `take` will not show of them is recorded.
        """

    def neighbours(self) -> Neighbours:
        """Return what asks for the MAC addresses of neighbours; UsageError if there are none."""

    def news(self) -> list[str]:
        """Return what a person should know of the far end and was not told yet."""

    def update(self, counters: Counters) -> None:
        """Bring the counters that this source knows up to date."""

    def close(self) -> None:
        """Give back buffers and descriptors; a second call does nothing."""
