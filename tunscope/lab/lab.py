"""A lab that runs: its namespaces, the engines that its devices need, and its programs."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from tunscope.capfile.rotation import StopConditions
from tunscope.device.facts import DeviceFacts
from tunscope.device.request import DeviceRequest
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import StoppedEvent
from tunscope.errors import TunscopeError, UsageError
from tunscope.lab.legacy import Legacy
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.plan import LabPlan
from tunscope.lab.process import NodeProcess
from tunscope.lab.recorders import Recorders
from tunscope.lab.residents import Residents
from tunscope.lab.running import RunningProgram
from tunscope.lab.topology import Veth
from tunscope.lab.traffic import Program, search_path
from tunscope.packet.printable import printable
from tunscope.relay.peer_request import PeerRequest, parse_peers
from tunscope.relay.relay_options import RelayOptions

_COMMAND_SECONDS: Final = 10.0


class Lab:
    """The lab of `plan`, shown at `devices`: built by the constructor, gone after `close`.

    Of several devices, or of those that the plan shows, the first is the one that a person acts
    on; the others are recorded into the same capture. `respond` has tunscope answer at the far end
    of a tun or tap that has none. Raises UsageError for a device that the lab has not or that has
    no far end to answer, TunscopeError where a program is missing or the lab cannot be built.
    """

    def __init__(
        self, plan: LabPlan, devices: Sequence[str] = (), *, respond: bool = False
    ) -> None:
        self.plan = plan
        usual = (plan.shown, *plan.beside)
        self.places = tuple(dict.fromkeys(map(plan.place, devices))) or usual
        self._peers = {
            place: _peer_of(plan, place, respond=respond and place == self.places[0])
            for place in self.places
        }
        self._beside = Recorders()
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
        return self.places[0].partition("@")[0]

    def open(self, output_fd: int, options: CaptureOptions) -> tuple[EngineClient, Opening]:
        """Start an engine for each shown device, all recording to `output_fd`, and open them.

        What is returned belongs to the first device; the caller starts and closes that engine.
        The others start with the traffic and end with the lab. Devices that are not shown but
        need an owner have one from now on: later the caller may have given its rights away.
        """
        kept = self.plan.kept(self.places)
        engines = self._start_engines(output_fd, kept)
        with contextlib.ExitStack() as undo:
            for engine in engines:
                undo.callback(engine.close)
            shown, keepers = engines[: len(self.places)], engines[len(self.places) :]
            opening = self._open_device(
                shown[0], self.places[0], self._peers[self.places[0]], options
            )
            # Rules, holds and limits are for the device that the person acts on.
            plainly = replace(options, relay=RelayOptions(), stop=StopConditions())
            for place, engine in zip(self.places[1:], shown[1:], strict=True):
                self._open_device(engine, place, self._peers[place], plainly)
            for place, engine in zip(kept, keepers, strict=True):
                self._own(engine, place, _peer_of(self.plan, place, respond=False))
            undo.pop_all()
        for place, engine in zip(self.places[1:], shown[1:], strict=True):
            self._beside.add(place, engine)
        self._keepers += keepers
        return shown[0], opening

    def start_traffic(self) -> None:
        """Record the other shown devices too, and start the plan's programs one by one.

        Each program waits for the servers before it to announce themselves. TunscopeError where
        a program cannot be started or does not announce itself.
        """
        self._beside.start()
        self._start(self.plan.traffic(self.namespaces.ipv6))

    def failures(self) -> list[str]:
        """Say what has happened since the last call, one line each.

        Which programs have ended and why, and what engines tell of the devices that are recorded
        beside the first one.
        """
        ended = [program for program in self._running if program.has_ended()]
        self._running = [program for program in self._running if program not in ended]
        lines = [program.obituary() for program in ended]
        for program in ended:
            program.close()
        for engine in self._keepers:
            engine.poll()  # nobody waits for what it tells
        return lines + self._beside.news()

    def residents(self) -> Residents:
        """Return who can tell the lab's programs, those at the shown devices first."""
        return self.namespaces.residents([place.partition("@")[2] for place in self.places])

    @property
    def reader_gone(self) -> bool:
        """Whether nobody takes the packets of a device that is recorded beside the first one."""
        return self._beside.reader_gone

    def end_recording(self) -> StoppedEvent:
        """End what records beside the first device, and wait until all of it is written.

        The engine that `open` returned must have ended. Returns what became of the others, as one,
        and of the output where there are several; nothing the second time.
        """
        return self._beside.end()

    def spawn(self, node: str, argv: tuple[str, ...], streams: tuple[int, int, int]) -> NodeProcess:
        """Start a program in the caller's terminal session; KeyError if there is no such node."""
        stdin, stdout, stderr = streams
        return self.namespaces.spawn(
            node, argv, stdin=stdin, stdout=stdout, stderr=stderr, foreground=True
        )

    def leave(self) -> Legacy:
        """Let the lab go on without this process; return what a person needs to know of it.

        Shown devices get owners that show nothing, where they need one. Call it when the engine
        that `open` returned has ended; `close` does nothing any more.
        """
        self._end_recording()
        for place, peer in self._peers.items():
            if peer.kind != "sink":
                nowhere = _nowhere()
                self._keepers.append(self._engine(place, nowhere))
                os.close(nowhere)
                self._own(self._keepers[-1], place, peer)
        self._open = False
        controls = [self.namespaces.control_fd, *(keeper.fileno() for keeper in self._keepers)]
        return Legacy.of(controls, self.namespaces.descriptors)

    def close(self) -> None:
        """End all programs, engines and namespaces; a second call does nothing.

        Raises TunscopeError where what was recorded could not be written to its end.
        """
        if not self._open:
            return
        self._open = False
        with contextlib.ExitStack() as ending:  # all of it, whatever the recording ends with
            ending.callback(self._end_programs)
            ending.callback(self.namespaces.close)
            for keeper in self._keepers:
                ending.callback(keeper.close)
            self._end_recording()

    def _end_recording(self) -> None:
        error = self.end_recording().error
        if error is not None:
            raise error

    def _end_programs(self) -> None:
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

    def _start_engines(self, output_fd: int, kept: Sequence[str]) -> list[EngineClient]:
        """Start the engines of all devices, shown and kept, at once: each takes a while."""
        nowhere = _nowhere()
        try:
            outputs = self._beside.open(output_fd, len(self.places))
            return [
                self._engine(place, fd)
                for place, fd in zip(
                    (*self.places, *kept), (*outputs, *[nowhere] * len(kept)), strict=True
                )
            ]
        finally:
            os.close(nowhere)
            self._beside.hand_over()

    def _engine(self, place: str, output_fd: int) -> EngineClient:
        return self.namespaces.engine(place.partition("@")[2], output_fd)

    def _own(self, engine: EngineClient, place: str, peer: PeerRequest) -> None:
        """Own a device and record nothing of it."""
        self._open_device(engine, place, peer, CaptureOptions())
        engine.start()

    def _open_device(
        self, engine: EngineClient, place: str, peer: PeerRequest, options: CaptureOptions
    ) -> Opening:
        if peer.netns is not None:
            peer = replace(peer, netns=self.namespaces.netns_path(peer.netns))
        # Its owner may be away for a moment; the device is that program's all the same.
        request = DeviceRequest(place.partition("@")[0], observe=place in self.plan.held)
        opening = engine.open(request, replace(options, peer=peer))
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


def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


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
