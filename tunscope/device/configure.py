"""Configuring a device, and undoing exactly what was changed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Protocol

from tunscope.device.facts import DeviceFacts
from tunscope.device.request import DeviceRequest
from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable

#: Packets that may wait for tunscope in the queue of a device that it owns.
OWNED_TXQUEUELEN = 10_000


class LinkChanges(Protocol):
    """The part of `netlink.Netlink` that changes devices; refusals are OSErrors."""

    def set_up(self, index: int, up: bool) -> None:
        """Bring the device administratively up or down."""

    def set_mtu(self, index: int, mtu: int) -> None:
        """Set the MTU in bytes."""

    def set_mac(self, index: int, mac: str) -> None:
        """Set the hardware address."""

    def set_txqueuelen(self, index: int, packets: int) -> None:
        """Set the length of the transmit queue."""

    def set_master(self, index: int, master: int) -> None:
        """Put the device into a bridge; 0 takes it out."""

    def add_address(self, index: int, address: str) -> bool:
        """Add ADDRESS/PREFIX; False if it was there."""

    def del_address(self, index: int, address: str) -> None:
        """Remove ADDRESS/PREFIX."""

    def add_route(self, index: int, network: str) -> bool:
        """Add a route through the device; False if it was there."""

    def del_route(self, index: int, network: str) -> None:
        """Remove a route through the device."""


class Configuration:
    """What tunscope changed on one device. What it found the way it wanted it, it leaves.

    `found` is the device before any change, `found_master` the index of its bridge, 0 for none.
    """

    def __init__(self, netlink: LinkChanges, found: DeviceFacts, *, found_master: int = 0) -> None:
        self._netlink = netlink
        self._found = found
        self._found_master = found_master
        self._undo: list[Callable[[], object]] = []

    def apply(self, request: DeviceRequest, *, bridge: int = 0) -> None:
        """Configure the device as `request` says and bring it up; `bridge` is an index, 0 for none.

        TunscopeError at the first refusal; `undo` takes back what was done until then.
        """
        netlink, found, index = self._netlink, self._found, self._found.index
        if found.addresses:
            self._undo.append(self._restore_addresses)
        if request.mtu is not None and request.mtu != found.mtu:
            self._change(
                f"set the MTU to {request.mtu}",
                lambda: netlink.set_mtu(index, request.mtu or 0),
                lambda: netlink.set_mtu(index, found.mtu),
            )
        if request.mac is not None and request.mac != found.mac:
            self._change(
                f"set the MAC address to {request.mac}",
                lambda: netlink.set_mac(index, request.mac or ""),
                lambda: netlink.set_mac(index, found.mac or ""),
            )
        self._lengthen_queue()
        if bridge and bridge != self._found_master:
            self._change(
                f"join bridge {request.bridge}",
                lambda: netlink.set_master(index, bridge),
                lambda: netlink.set_master(index, self._found_master),
            )
        if not found.is_up:
            self._change(
                "bring it up",
                lambda: netlink.set_up(index, True),
                lambda: netlink.set_up(index, False),
            )
        for address in request.addresses:
            self._add(f"add address {address}", address, netlink.add_address, netlink.del_address)
        for route in request.routes:
            self._add(f"add route {route}", route, netlink.add_route, netlink.del_route)

    def undo(self) -> None:
        """Take everything back, the last change first; a device that is gone is no error.

        Each step is tried, whatever became of the others; TunscopeError at the end if the kernel
        refused one. A second call does nothing.
        """
        failure: OSError | None = None
        while self._undo:
            try:
                self._undo.pop()()
            except OSError as error:
                if error.errno not in {errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL}:
                    failure = failure or error
        if failure is not None:
            name = printable(self._found.name)
            raise TunscopeError(name, f"could not be put back as it was: {failure.strerror}")

    def _restore_addresses(self) -> None:
        """Put back IPv6 addresses, which the kernel drops when a device goes down."""
        for address in self._found.addresses:
            self._netlink.add_address(self._found.index, address)

    def _lengthen_queue(self) -> None:
        """Make room for bursts; who may not simply keeps the queue there is."""
        found, netlink = self._found, self._netlink
        if found.txqueuelen >= OWNED_TXQUEUELEN:
            return
        try:
            netlink.set_txqueuelen(found.index, OWNED_TXQUEUELEN)
        except PermissionError:
            return
        self._undo.append(lambda: netlink.set_txqueuelen(found.index, found.txqueuelen))

    def _change(self, action: str, change: Callable[[], None], restore: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:
            raise self._refused(action, error) from error
        self._undo.append(restore)

    def _add(
        self,
        action: str,
        what: str,
        add: Callable[[int, str], bool],
        remove: Callable[[int, str], None],
    ) -> None:
        index = self._found.index
        try:
            added = add(index, what)
        except OSError as error:
            raise self._refused(action, error) from error
        if added:
            self._undo.append(lambda: remove(index, what))

    def _refused(self, action: str, error: OSError) -> TunscopeError:
        name, what = printable(self._found.name), f"cannot {printable(action)}"
        if error.errno == errno.EACCES and ":" in action:
            hint = f"sudo sysctl net.ipv6.conf.{name}.disable_ipv6=0"
            return TunscopeError(name, f"{what}: IPv6 is disabled on it", hint)
        if isinstance(error, PermissionError):
            return TunscopeError(name, f"{what}: not permitted", "needs CAP_NET_ADMIN; try sudo")
        return TunscopeError(name, f"{what}: {error.strerror}")
