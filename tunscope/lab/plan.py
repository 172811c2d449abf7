"""What makes a lab: words, topology and programs. All data, until `Lab` builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tunscope.errors import UsageError
from tunscope.lab.topology import Topology, TunDevice
from tunscope.lab.traffic import Program
from tunscope.packet.printable import printable


def nothing(ipv6: bool) -> tuple[Program, ...]:
    """No programs."""
    del ipv6
    return ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A program that a lab cannot do without, and the Debian package that has it."""

    program: str
    package: str


@dataclass(frozen=True, slots=True)
class LabPlan:
    """One entry of the catalogue.

    `summary` is one line, `diagram` a few lines of ASCII. `shown` is the interesting device, as
    `DEVICE@NODE`, `beside` what is recorded with it. `owners` are programs that hold devices,
    started before tunscope opens one: `held` are those of the topology, `made` those that the
    programs make themselves. `traffic` are the programs that start once tunscope is there. Both
    are told whether the kernel has IPv6, and give programs in the order of their start.
    """

    summary: str
    diagram: str
    topology: Topology
    shown: str
    traffic: Callable[[bool], tuple[Program, ...]]
    beside: tuple[str, ...] = ()
    owners: Callable[[bool], tuple[Program, ...]] = nothing
    held: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()

    @property
    def name(self) -> str:
        """The word after `tunscope lab`."""
        return self.topology.name

    @property
    def places(self) -> tuple[str, ...]:
        """Every device that can be shown, as `DEVICE@NODE`, the usual one first."""
        others = (*self.topology.places, *self.made)
        return (self.shown, *(place for place in others if place != self.shown))

    def place(self, text: str) -> str:
        """Return the `DEVICE@NODE` that a person means, who may leave out `@NODE`.

        UsageError if there is no such device, or one in several nodes.
        """
        if text in self.places:
            return text
        found = [place for place in self.places if place.partition("@")[0] == text]
        if len(found) == 1:
            return found[0]
        why = f"is in several nodes of lab {self.name}" if found else "is not in this lab"
        known = ", ".join(found or self.places)
        raise UsageError(f"--device {printable(text)}", why, f"there are: {known}")

    def tun(self, place: str) -> TunDevice | None:
        """Return the tun or tap device that tunscope may own at `place`, None for any other."""
        if place not in self.topology.places:
            return None
        device = self.topology.find(place)[1]
        return device if isinstance(device, TunDevice) else None

    def kept(self, shown: Iterable[str]) -> tuple[str, ...]:
        """Return the devices that tunscope must own besides those shown for the lab to work."""
        kept: list[str] = []
        taken = {end for place in shown for end in self._ends(place)}
        for place in self.topology.places:
            device = self.tun(place)
            if device is not None and device.peer is not None and place not in taken:
                kept.append(place)
                taken |= self._ends(place)
        return tuple(kept)

    def _ends(self, place: str) -> set[str]:
        """Return the devices that one engine holds: that at `place`, and its peer if it is one."""
        device = self.tun(place)
        peer = "" if device is None or device.peer is None else device.peer
        kind, _, other = peer.partition(":")
        return {place, other} if kind == "device" else {place}
