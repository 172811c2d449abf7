"""What makes a lab: words, topology and traffic. All data, until `Lab` builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tunscope.lab.topology import Topology
from tunscope.lab.traffic import Program


@dataclass(frozen=True, slots=True)
class LabPlan:
    """One entry of the catalogue.

    `summary` is one line, `diagram` a few lines of ASCII, `traffic` gives the programs in the
    order of their start; it is told whether the kernel has IPv6.
    """

    summary: str
    diagram: str
    topology: Topology
    traffic: Callable[[bool], tuple[Program, ...]]

    @property
    def name(self) -> str:
        """The word after `tunscope lab`."""
        return self.topology.name
