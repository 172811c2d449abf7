"""What the relay is to do with packets, as words that cross the control channel as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from tunscope.relay.hold_options import HoldOptions


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """`rules` as written, in order; `seed` decides what is random (None: the engine chooses).

    `hold` says which packets wait for a verdict, after the rules.
    """

    rules: tuple[str, ...] = ()
    seed: int | None = None
    hold: HoldOptions | None = None

    @property
    def active(self) -> bool:
        """Whether packets have to be looked at one by one."""
        return bool(self.rules) or self.hold is not None

    def to_json(self) -> dict[str, Any]:
        """Return the options as an object for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read them back; raises TypeError, ValueError or KeyError on anything else."""
        seed, hold = value["seed"], value["hold"]
        return cls(
            tuple(map(str, value["rules"])),
            None if seed is None else int(seed),
            None if hold is None else HoldOptions.from_json(hold),
        )
