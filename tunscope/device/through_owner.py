"""The kernel side of a device that another process owns: a duplicate of its descriptor."""

from __future__ import annotations

import contextlib
import os
import select
from dataclasses import dataclass

from tunscope.device import tuntap
from tunscope.device.namespaces import inside
from tunscope.device.netlink import Netlink
from tunscope.device.owners import duplicate_descriptor
from tunscope.errors import UsageError
from tunscope.packet.printable import printable


@dataclass(frozen=True, slots=True)
class OwnersDescriptor:
    """A duplicate of the owner's descriptor `fd`, and what the device wants before a packet.

    It keeps the device alive: close it when its `owner`, a pidfd, `is_gone`.
    """

    fd: int
    owner: int
    packet_info: bool
    vnet_header_size: int

    @property
    def is_gone(self) -> bool:
        """Whether the owner ended."""
        poll = select.poll()
        poll.register(self.owner, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Give both descriptors back."""
        os.close(self.fd)
        os.close(self.owner)


def open_through_owner(name: str, netns: str | None) -> OwnersDescriptor:
    """Look into the process that owns device `name` in a namespace (None: ours).

    UsageError if there is none, or the process may not be looked into.
    """
    with inside(netns), contextlib.ExitStack() as undo:
        found = duplicate_descriptor(name)
        for descriptor in found or ():
            undo.callback(os.close, descriptor)
        with Netlink() as netlink:
            flags = netlink.tun_flags(name)
        if found is None or flags is None:
            raise UsageError(
                printable(name),
                "no process holds it, or not one that we may look into",
                "sudo may look into all; tunscope devices names owners",
            )
        fd, owner = found
        size = tuntap.get_vnet_hdr_size(fd) if flags.vnet_hdr else 0
        undo.pop_all()
    return OwnersDescriptor(fd, owner, not flags.no_pi, size)
