"""A lab that runs: its namespaces, the two descriptors for the engine, and its traffic."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tunscope.device.facts import DeviceFacts
from tunscope.errors import UsageError
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.plan import LabPlan
from tunscope.lab.process import NodeProcess
from tunscope.lab.running import RunningProgram
from tunscope.packet.printable import printable

ARPHRD_NONE, ARPHRD_ETHER = 0xFFFE, 1  # linux/if_arp.h


class Lab:
    """The lab of `plan`, shown at `device`: built by the constructor, gone after `close`.

    `tun_fd` and `peer_fd` are nonblocking descriptors without packet information or vnet header
    (IFF_NO_PI), `statistics_fd` is /proc/net/dev of the shown device's node. The engine is given
    copies and relays; they stay this object's.
    Raises UsageError for a device that the lab has not, TunscopeError where it cannot be built.
    """

    def __init__(self, plan: LabPlan, device: str | None = None) -> None:
        topology = plan.topology
        self.plan = plan
        self.device_name = device or topology.relay.device
        if self.device_name not in (topology.relay.device, topology.relay.peer):
            known = f"{topology.relay.device}, {topology.relay.peer}"
            raise UsageError(
                f"--device {printable(self.device_name)}",
                f"lab {plan.name} has no such device",
                f"it has {known}",
            )
        self.namespaces = Namespaces(topology)
        descriptors = self.namespaces.descriptors
        self.tun_fd = descriptors.devices[self.device_name]
        self.peer_fd = descriptors.devices[topology.relay.other(self.device_name)]
        node = topology.node_of(self.device_name)
        self.statistics_fd = descriptors.statistics[node.name]
        self._running: list[RunningProgram] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def facts(self) -> DeviceFacts:
        """The shown device, as the engine is told about it."""
        device = self.plan.topology.device(self.device_name)
        return DeviceFacts(
            name=device.name,
            index=self.namespaces.indexes[device.name],
            kind=device.kind,
            state="up",
            mtu=device.mtu,
            arphrd=ARPHRD_NONE if device.kind == "tun" else ARPHRD_ETHER,
            txqueuelen=device.txqueuelen,
            addresses=tuple(
                address
                for address in device.addresses
                if self.namespaces.ipv6 or ":" not in address
            ),
            driver="tun",
        )

    def start_traffic(self) -> None:
        """Start the plan's programs, each after the servers before it have announced themselves.

        Packets only flow once somebody relays between the descriptors. TunscopeError where a
        program cannot be started or does not announce itself.
        """
        for program in self.plan.traffic(self.namespaces.ipv6):
            self._running.append(RunningProgram(self.namespaces, program))

    def failures(self) -> list[str]:
        """Say which programs have ended since the last call, one line each, and why."""
        ended = [program for program in self._running if program.has_ended()]
        self._running = [program for program in self._running if program not in ended]
        lines = [program.obituary() for program in ended]
        for program in ended:
            program.close()
        return lines

    def spawn(self, node: str, argv: tuple[str, ...], streams: tuple[int, int, int]) -> NodeProcess:
        """Start a program in the caller's terminal session; UsageError if there is no such node."""
        stdin, stdout, stderr = streams
        try:
            return self.namespaces.spawn(
                node, argv, stdin=stdin, stdout=stdout, stderr=stderr, foreground=True
            )
        except KeyError:
            known = ", ".join(node.name for node in self.plan.topology.nodes)
            raise UsageError(
                f"node {printable(node)}",
                f"lab {self.plan.name} has no such node",
                f"it has {known}",
            ) from None

    def close(self) -> None:
        """End all programs and namespaces; a second call does nothing."""
        self.namespaces.close()
        for program in self._running:
            program.close()
        self._running.clear()
