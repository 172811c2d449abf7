"""A lab that runs: its namespaces, the engines that its devices need, and its programs."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from tunscope.device.facts import DeviceFacts
from tunscope.device.request import DeviceRequest
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.options import CaptureOptions
from tunscope.errors import TunscopeError, UsageError
from tunscope.lab.legacy import Legacy
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.plan import LabPlan
from tunscope.lab.process import NodeProcess
from tunscope.lab.running import RunningProgram
from tunscope.lab.topology import Veth
from tunscope.lab.traffic import Program, search_path
from tunscope.packet.printable import printable
from tunscope.relay.peer_request import PeerRequest, parse_peers

_COMMAND_SECONDS: Final = 10.0


class Lab:
    """The lab of `plan`, shown at `device`: built by the constructor, gone after `close`.

    `respond` has tunscope answer at the far end of a tun or tap that has none. Raises UsageError
    for a device that the lab has not or that has no far end to answer, TunscopeError where a
    program is missing or the lab cannot be built.
    """

    def __init__(self, plan: LabPlan, device: str | None = None, *, respond: bool = False) -> None:
        self.plan = plan
        self.place = plan.shown if device is None else plan.place(device)
        self._peer = _peer_of(plan, self.place, respond=respond)
        self._running: list[RunningProgram] = []
        self._keepers: list[EngineClient] = []
        self._open = True
        check_programs(plan)
        with contextlib.ExitStack() as undo:
            self.namespaces = Namespaces(plan.topology)
            undo.callback(self.close)
            for node in plan.topology.nodes:
                for command in node.commands:
                    self._run(node.name, command)
            self._start(plan.owners(self.namespaces.ipv6))
            undo.pop_all()

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
    def device_name(self) -> str:
        """The shown device without its node."""
        return self.place.partition("@")[0]

    def engine(self, output_fd: int) -> EngineClient:
        """Start the engine for the shown device, in its node; its stdout is `output_fd`."""
        return self.namespaces.engine(self.place.partition("@")[2], output_fd)

    def open(self, client: EngineClient, options: CaptureOptions) -> Opening:
        """Have that engine open the shown device, with the far end it has in this lab."""
        return self._open_device(client, self.place, self._peer, options)

    def start_traffic(self) -> None:
        """Own the other devices that need it, then start the plan's programs one by one.

        Each program waits for the servers before it to announce themselves. TunscopeError where
        a program cannot be started or does not announce itself.
        """
        for place in self.plan.kept(self.place):
            self._keep(place, _peer_of(self.plan, place, respond=False))
        self._start(self.plan.traffic(self.namespaces.ipv6))

    def failures(self) -> list[str]:
        """Say which programs have ended since the last call, one line each, and why."""
        ended = [program for program in self._running if program.has_ended()]
        self._running = [program for program in self._running if program not in ended]
        lines = [program.obituary() for program in ended]
        for program in ended:
            program.close()
        for keeper in self._keepers:
            keeper.poll()  # nobody waits for what it tells
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

    def leave(self) -> Legacy:
        """Let the lab go on without this process; return what a person needs to know of it.

        The shown device gets an owner that shows nothing, if it needs one. Call it when the
        engine that was opened for it has ended; `close` does nothing any more.
        """
        if self._peer.kind != "sink":
            self._keep(self.place, self._peer)
        self._open = False
        controls = [self.namespaces.control_fd, *(keeper.fileno() for keeper in self._keepers)]
        return Legacy.of(controls, self.namespaces.descriptors)

    def close(self) -> None:
        """End all programs, engines and namespaces; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        for keeper in self._keepers:
            keeper.close()
        self._keepers.clear()
        self.namespaces.close()
        for program in self._running:
            program.close()
        self._running.clear()

    def _start(self, programs: tuple[Program, ...]) -> None:
        for program in programs:
            self._running.append(RunningProgram(self.namespaces, program))

    def _run(self, node: str, command: tuple[str, ...]) -> None:
        """Run a command of the topology to its end."""
        words = os.memfd_create("lab-stderr", os.MFD_CLOEXEC)
        with os.fdopen(words, "rb") as stream:
            status = self.namespaces.spawn(
                node, command, env={"PATH": search_path()}, stderr=words
            ).wait(_COMMAND_SECONDS)
            if status:
                said = os.pread(stream.fileno(), 4096, 0).decode(errors="replace").split("\n")[0]
                raise TunscopeError(
                    f"{command[0]} in {node}", printable(said) or f"status {status}"
                )

    def _keep(self, place: str, peer: PeerRequest) -> None:
        """Own a device that is not shown."""
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            keeper = self.namespaces.engine(place.partition("@")[2], nowhere)
        finally:
            os.close(nowhere)
        self._keepers.append(keeper)
        self._open_device(keeper, place, peer, CaptureOptions())
        keeper.start()

    def _open_device(
        self, client: EngineClient, place: str, peer: PeerRequest, options: CaptureOptions
    ) -> Opening:
        if peer.netns is not None:
            peer = replace(peer, netns=self.namespaces.netns_path(peer.netns))
        request = DeviceRequest(place.partition("@")[0])
        opening = client.open(request, replace(options, peer=peer))
        return replace(opening, facts=self._with_peer_named(opening.facts, place))

    def _with_peer_named(self, facts: DeviceFacts, place: str) -> DeviceFacts:
        """Nodes have no names that an engine could find; the topology has."""
        if facts.peer is None or place not in self.plan.topology.places:
            return facts
        device = self.plan.topology.find(place)[1]
        if not isinstance(device, Veth):
            return facts
        name, _, node = device.end.partition("@")
        return replace(facts, peer=replace(facts.peer, name=name, netns=node))


def check_programs(plan: LabPlan) -> None:
    """Raise TunscopeError if a program is missing that the lab cannot do without."""
    path = search_path()
    missing = [need for need in plan.requires if not shutil.which(need.program, path=path)]
    if missing:
        names = " and ".join(need.program for need in missing)
        packages = " ".join(need.package for need in missing)
        raise TunscopeError(
            f"lab {plan.name}", f"needs {names}", f"sudo apt install {packages}, or your system's"
        )


def _peer_of(plan: LabPlan, place: str, *, respond: bool) -> PeerRequest:
    device = plan.tun(place)
    peer = None if device is None else device.peer
    if not respond:
        return parse_peers([peer] if peer else [])
    if device is None:
        raise UsageError("--respond", f"tunscope does not own {place}", "it answers on tun or tap")
    if peer is not None or place in plan.held:
        raise UsageError("--respond", f"somebody is at the far end of {place} already")
    return parse_peers(["respond"])
