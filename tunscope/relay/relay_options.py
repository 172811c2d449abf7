"""What the relay is to do with packets, as words that cross the control channel as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """`rules` as written, in order; `seed` decides what is random (None: the engine chooses)."""

    rules: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def active(self) -> bool:
        """Whether packets have to be looked at one by one."""
        return bool(self.rules)

    def to_json(self) -> dict[str, Any]:
        """Return the options as an object for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read them back; raises TypeError, ValueError or KeyError on anything else."""
        seed = value["seed"]
        return cls(tuple(map(str, value["rules"])), None if seed is None else int(seed))
