"""What the screen knows of network devices: facts handed in, and a wish handed back.

Nothing here may block: `rows` answers from what was found out elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: The owner of a device that somebody holds who cannot be seen.
UNKNOWN_OWNER = "unknown"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device as `tunscope devices` knows it; all texts may be hostile.

    `owner` is a program and a process id, UNKNOWN_OWNER, or "" where nobody holds it. `packets`
    and `octets` are the kernel's totals in both directions. `capturable` says whether tunscope
    knows its kind of packets.
    """

    name: str
    kind: str = ""
    state: str = ""
    mtu: int = 0
    addresses: tuple[str, ...] = ()
    owner: str = ""
    peer: str = ""
    packets: int = 0
    octets: int = 0
    capturable: bool = True


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be made: `kind` "tun" or "tap", `address` and `mtu` as typed, maybe empty."""

    kind: str
    address: str = ""
    mtu: str = ""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device to go on with; `new` if it is to be made for that."""

    name: str
    new: NewDevice | None = None


class Devices(Protocol):
    """The devices of this machine. No method blocks or raises."""

    def watch(self) -> None:
        """Keep `rows` up to date from now on."""

    def rest(self) -> None:
        """Nobody looks any more."""

    def rows(self) -> Sequence[DeviceRow]:
        """Return what is known now; nothing before the first look."""

    @property
    def failure(self) -> str:
        """Why nothing can be known, "" as long as that is not so."""

    def mistake(self, choice: DeviceChoice) -> str:
        """Return what is wrong with a wish, "" if nothing is to be seen."""


class ListedDevices:
    """A list of devices that somebody made: for tests and pictures."""

    def __init__(self, rows: Sequence[DeviceRow], failure: str = "", mistake: str = "") -> None:
        self.listed = rows
        self.failure = failure
        self.watched = False
        self._mistake = mistake

    def watch(self) -> None:
        """Remember that somebody looks."""
        self.watched = True

    def rest(self) -> None:
        """Remember that nobody does."""
        self.watched = False

    def rows(self) -> Sequence[DeviceRow]:
        """Return the list."""
        return self.listed

    def mistake(self, choice: DeviceChoice) -> str:
        """Return the same for every wish."""
        del choice
        return self._mistake
