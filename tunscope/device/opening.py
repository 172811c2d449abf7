"""Opening a device for capture: check everything, then create, attach to or observe it."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass, replace
from typing import Final, Literal

from tunscope.device import tuntap
from tunscope.device.accounts import group_id, user_id
from tunscope.device.configure import Configuration
from tunscope.device.ethtool import driver_name
from tunscope.device.facts import DeviceFacts
from tunscope.device.namespaces import entered, open_netns
from tunscope.device.netlink import Netlink
from tunscope.device.owners import find_owners
from tunscope.device.plan import Attach, Create, Plan, check_bridge, decide, refuse_changes
from tunscope.device.request import DeviceRequest
from tunscope.device.tuntap import DeviceBusyError, TunFlags
from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable

_GSO_MAX_SIZE: Final = 60_000

Mode = Literal["created", "attached", "observed"]


class OpenDevice:
    """A device as `open_device` opened it; `close` leaves the machine as it was found.

    `tun_fd` is the nonblocking descriptor of an owned device, None when observing; it stays this
    object's. `packet_socket` is an AF_PACKET socket in the device's namespace, not bound yet,
    when observing, None when owning; `sending_socket` is another one. A packet on `tun_fd` has
    `packet_info` telling of 4 bytes of struct tun_pi in front, then `vnet_header_size` bytes of
    virtio-net header.

    To be used in the thread that opened it.
    """

    def __init__(
        self,
        mode: Mode,
        facts: DeviceFacts,
        netlink: Netlink,
        undo: contextlib.ExitStack,
        *,
        tun_fd: int | None = None,
        packet_socket: socket.socket | None = None,
        sending_socket: socket.socket | None = None,
        vnet_header_size: int = 0,
        packet_info: bool = False,
    ) -> None:
        self.mode: Mode = mode
        self.facts = facts
        self.tun_fd = tun_fd
        self.packet_socket = packet_socket
        self.sending_socket = sending_socket
        self.vnet_header_size = vnet_header_size
        self.packet_info = packet_info
        self._netlink = netlink
        self._undo = undo
        self._closed = False
        self._tx_dropped = 0
        self._tx_dropped_before = self._total_tx_dropped()

    def description(self) -> str:
        """Say in one line, safe to show, what became of the device."""
        facts = self.facts
        name = printable(facts.name)
        if self.mode != "observed":
            verb = "created" if self.mode == "created" else "attached to"
            return f"{verb} {name} ({_about(facts)})"
        if facts.owner is not None:
            return f"observing {name}, owned by {printable(str(facts.owner))}"
        if facts.kind in {"tun", "tap"}:
            whose = "nobody owns it" if facts.state == "no-carrier" else "owned by someone unknown"
            return f"observing {name}, {whose}"
        return f"observing {name} ({_about(facts)})"

    def tx_dropped(self) -> int:
        """Return how many packets the device's queue dropped since it was opened.

        The last number stays when the device is gone.
        """
        return self._total_tx_dropped() - self._tx_dropped_before

    def close(self) -> None:
        """Undo what was configured, give the descriptor back, remove what was made.

        A device made to persist stays, configured as it is. A second call does nothing.
        TunscopeError if the kernel refuses to undo something; the rest is undone all the same.
        """
        self._closed = True
        self._undo.close()

    def _total_tx_dropped(self) -> int:
        stats = None
        if not self._closed:
            with contextlib.suppress(OSError):
                stats = self._netlink.stats(self.facts.index)
        if stats is not None:
            self._tx_dropped = stats.tx_dropped
        return self._tx_dropped


def _about(facts: DeviceFacts) -> str:
    given = [text for text in facts.addresses if not text.startswith("fe80:")]
    return ", ".join((facts.kind, *map(printable, given)))


@dataclass(frozen=True, slots=True)
class _Ground:
    """What there is before anything is done, and what the request's names mean."""

    request: DeviceRequest
    netlink: Netlink
    found: DeviceFacts | None
    bridge: int
    uid: int | None
    gid: int | None


def open_device(request: DeviceRequest) -> OpenDevice:
    """Open the device that `request` names, in the network namespace it names.

    Everything that can be checked is checked before anything is made, and a step that fails
    takes back the ones before it. TunscopeError or UsageError says in one line what was wrong.
    """
    uid = None if request.user is None else user_id(request.user)
    gid = None if request.group is None else group_id(request.group)
    with contextlib.ExitStack() as inside:
        if request.netns is not None:
            netns = open_netns(request.netns)
            inside.callback(os.close, netns)
            inside.enter_context(entered(netns))
        undo = contextlib.ExitStack()
        try:
            netlink = undo.enter_context(Netlink())
            bridge = netlink.link(request.bridge) if request.bridge else None
            ground = _Ground(
                request,
                netlink,
                _found(netlink, request.name),
                bridge.index if bridge else 0,
                uid,
                gid,
            )
            plan = _plan(ground)
            check_bridge(request, bridge)
            return _carry_out(plan, ground, undo)
        except BaseException:
            with contextlib.suppress(TunscopeError):  # the first failure is the one to tell
                undo.close()
            raise


def _plan(ground: _Ground) -> Plan:
    request, netlink = ground.request, ground.netlink
    if ground.found is None:
        return decide(request, None, None, existing=[link.name for link in netlink.links()])
    tun = netlink.tun_device(request.name)
    return decide(request, ground.found, tun.flags if tun else None, held=bool(tun and tun.queues))


def _carry_out(plan: Plan, ground: _Ground, undo: contextlib.ExitStack) -> OpenDevice:
    if isinstance(plan, Create):
        return _create(plan.flags, ground, undo)
    if ground.found is None:
        raise AssertionError("only what exists is attached to or observed")
    if isinstance(plan, Attach):
        try:
            return _attach(plan.flags, ground, ground.found, undo)
        except DeviceBusyError:  # held by a process that we may not look into
            refuse_changes(ground.request, ground.found)
    return _observe(ground, ground.found, undo)


def _create(flags: TunFlags, ground: _Ground, undo: contextlib.ExitStack) -> OpenDevice:
    """Make the device; closing its descriptor is what takes all of it back."""
    request = ground.request
    fd = tuntap.create_tun(request.name, flags)
    undo.callback(os.close, fd)
    made = _still_there(ground.netlink, request.name)
    Configuration(ground.netlink, made).apply(request, bridge=ground.bridge)
    if ground.uid is not None:
        tuntap.set_owner(fd, ground.uid)
    if ground.gid is not None:
        tuntap.set_group(fd, ground.gid)
    if request.persist:
        tuntap.set_persist(fd, True)
    facts = _still_there(ground.netlink, request.name)
    size = 0
    if flags.vnet_hdr:
        size = tuntap.get_vnet_hdr_size(fd)
        with contextlib.suppress(OSError):  # a frame then fits into one UDP_SEGMENT send
            ground.netlink.set_gso_max_size(made.index, _GSO_MAX_SIZE)
    return OpenDevice("created", facts, ground.netlink, undo, tun_fd=fd, vnet_header_size=size)


def _attach(
    flags: TunFlags, ground: _Ground, found: DeviceFacts, undo: contextlib.ExitStack
) -> OpenDevice:
    request, netlink = ground.request, ground.netlink
    fd = tuntap.open_tun(request.name, flags)
    undo.callback(os.close, fd)
    if _still_there(netlink, request.name).index != found.index:
        raise TunscopeError(printable(request.name), "vanished while it was opened", "try again")
    master = netlink.link(found.master) if found.master else None
    configuration = Configuration(netlink, found, found_master=master.index if master else 0)
    undo.callback(configuration.undo)
    configuration.apply(request, bridge=ground.bridge)
    facts = _still_there(netlink, request.name)
    return OpenDevice(
        "attached",
        facts,
        netlink,
        undo,
        tun_fd=fd,
        vnet_header_size=tuntap.get_vnet_hdr_size(fd) if flags.vnet_hdr else 0,
        packet_info=not flags.no_pi,
    )


def _observe(ground: _Ground, found: DeviceFacts, undo: contextlib.ExitStack) -> OpenDevice:
    shown = printable(found.name)
    if found.linktype is None:
        raise TunscopeError(
            shown, f"packets of this kind of device (ARPHRD {found.arphrd}) are not known"
        )
    try:
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sending = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as error:
        raise TunscopeError(
            shown, "cannot capture: not permitted", "needs CAP_NET_RAW; try sudo"
        ) from error
    undo.enter_context(packets)
    undo.enter_context(sending)
    return OpenDevice(
        "observed", found, ground.netlink, undo, packet_socket=packets, sending_socket=sending
    )


def _found(netlink: Netlink, name: str) -> DeviceFacts | None:
    facts = netlink.link(name)
    if facts is None:
        return None
    return replace(facts, driver=_driver(name), owner=find_owners().get(name))


def _driver(name: str) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return driver_name(any_socket, name)


def _still_there(netlink: Netlink, name: str) -> DeviceFacts:
    facts = netlink.link(name)
    if facts is None:
        raise TunscopeError(printable(name), "vanished while it was opened", "try again")
    return replace(facts, driver=_driver(name))
