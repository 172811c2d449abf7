"""A private namespace with a tap and a way outside, and one command in it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from tunscope.device.request import DeviceRequest
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.options import CaptureOptions
from tunscope.errors import TunscopeError
from tunscope.lab.foreground import may_lend_terminal
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.process import NodeProcess
from tunscope.lab.residents import Residents
from tunscope.lab.topology import Node, Route, Topology, TunDevice
from tunscope.relay.peer_request import PeerRequest
from tunscope.usernet.forward import Forward
from tunscope.usernet.network import NETWORK
from tunscope.usernet.uplink import TAPS, UPLINKS, Uplink, UplinkTap, chosen

#: The tap's name in the namespace.
DEVICE: Final = "tap0"
#: Daemons of the host listen here for questions about names, and would be asked instead of DNS.
_NAME_SERVICES: Final = (
    "/run/systemd/resolve",
    "/run/nscd",
    "/var/run/nscd",
    "/run/avahi-daemon",
)
_OF_THE_TERMINAL: Final = frozenset({"COLORTERM", "COLUMNS", "LINES"})
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the namespace is to be like.

    `offline` leaves it without a way outside, where `respond` answers; else `respond.services` are
    answered before the outside gets to see a question. `observe` has the program that leads outside
    own the tap: faster, but nothing can be changed. `via` is that program, None for the first one
    that is installed. `mtu` is in bytes.
    """

    offline: bool = False
    observe: bool = False
    via: str | None = None
    mtu: int = 1500
    forwards: tuple[Forward, ...] = ()
    respond: PeerRequest = field(default_factory=lambda: PeerRequest("respond", services=()))


class PrivateNetwork:
    """The namespace of `wishes`: there from the constructor to `close`.

    Raises TunscopeError where a program or a right is missing, UsageError for wishes that
    contradict each other.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._identity = os.geteuid(), os.getegid()
        self._uplink: Uplink | None = None
        self._tap: UplinkTap | None = None
        lead_outside = self._chosen()
        host_name = socket.gethostname()
        self._node = host_name if _HOST_NAME.match(host_name) else "tunscope"
        with contextlib.ExitStack() as undo:
            self._namespaces = _built(topology_of(self._node, wishes))
            undo.callback(self.close)
            lead_outside()
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
    def way_outside(self) -> str:
        """The program that leads outside, "" offline."""
        program = self._uplink or self._tap
        return program.name if program is not None else ""

    def open_engine(self, output_fd: int, options: CaptureOptions) -> tuple[EngineClient, Opening]:
        """Start an engine in the namespace, its output `output_fd`, and have it open the tap."""
        client = self._namespaces.engine(self._node, output_fd)
        try:
            opening = self._open(client, options)
        except BaseException:
            client.close()
            raise
        return client, opening

    def residents(self) -> Residents:
        """Return who can tell the programs that the command consists of."""
        return self._namespaces.residents([self._node])

    def spawn(self, argv: Sequence[str], streams: tuple[int, int, int]) -> NodeProcess:
        """Start the command in the caller's terminal session, as the caller's user.

        Where it gets the terminal, Ctrl-Z does not stop it: nobody could let it go on, whose shell
        knows only the caller.
        """
        return self._namespaces.spawn(
            self._node,
            argv,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            foreground=True,
            identity=self._identity,
            ignored=(signal.SIGTSTP,) if may_lend_terminal() else (),
        )

    def spawn_in_terminal(self, argv: Sequence[str], terminal: int, kind: str) -> NodeProcess:
        """Start the command in a session with `terminal`, which TERM calls `kind`.

        What the environment says of the caller's own terminal does not hold there.
        """
        env = {name: text for name, text in os.environ.items() if name not in _OF_THE_TERMINAL}
        return self._namespaces.spawn(
            self._node,
            argv,
            env=env | {"TERM": kind},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            identity=self._identity,
        )

    def close(self) -> None:
        """End everything in the namespace and what leads outside; a second call does nothing."""
        for program in (self._uplink, self._tap):
            if program is not None:
                program.close()
        self._namespaces.close()

    def _open(self, client: EngineClient, options: CaptureOptions) -> Opening:
        if self._uplink is None:
            peer = self._wishes.respond if self._wishes.offline else PeerRequest()
            return client.open(DeviceRequest(DEVICE), replace(options, peer=peer))
        respond, uplink = self._wishes.respond, self._uplink
        peer = replace(respond, kind=uplink.peer_kind, device=uplink.name)
        request = DeviceRequest(DEVICE)
        opening = client.open(request, replace(options, peer=peer), uplink.fileno())
        uplink.handed_over()
        return opening

    def _chosen(self) -> Callable[[], None]:
        """Return what opens the way outside, once the namespace is there."""
        wishes = self._wishes
        if wishes.offline:
            return lambda: None
        if wishes.observe:
            open_tap = chosen(TAPS, wishes.via)

            def let_in() -> None:
                pid = self._namespaces.first_pid
                self._tap = open_tap(pid, DEVICE, wishes.mtu, wishes.forwards)

            return let_in
        open_uplink = chosen(UPLINKS, wishes.via)

        def join() -> None:
            self._uplink = open_uplink(wishes.mtu, wishes.forwards)

        return join


def _built(topology: Topology) -> Namespaces:
    try:
        return Namespaces(topology)
    except TunscopeError as error:
        raise TunscopeError("run", error.why, error.hint) from error


def topology_of(node: str, wishes: Wishes) -> Topology:
    """Return the namespace as data, a lab of one node."""
    tap = TunDevice(DEVICE, "tap", (NETWORK.interface,), mtu=wishes.mtu, mac=NETWORK.mac)
    made = Node(
        node,
        () if wishes.observe else (tap,),
        () if wishes.observe else (Route("default", via=NETWORK.gateway),),
        sysctls=(
            ("net.ipv6.conf.default.disable_ipv6", "1"),
            # The command has no rights in the namespace, and needs none for these.
            ("net.ipv4.ping_group_range", "0 0"),
            ("net.ipv4.ip_unprivileged_port_start", "0"),
        ),
    )
    return Topology("run", (made,), NETWORK.nameserver, _NAME_SERVICES)
