"""All devices of a namespace with what takes more than netlink: driver, owner, veth peer."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tunscope.device.ethtool import driver_name
from tunscope.device.facts import DeviceFacts, Owner, VethPeer
from tunscope.device.namespaces import NAMED, entered, netns_identity
from tunscope.device.netlink import Netlink
from tunscope.errors import TunscopeError


def survey(owners: Mapping[str, Owner]) -> list[DeviceFacts]:
    """Return the devices of the calling thread's network namespace, by index.

    `owners` says who holds which device. A veth peer elsewhere has its name and namespace where
    we may look into that; otherwise its index and "unknown".
    """
    with (
        Netlink() as netlink,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket,
    ):
        links = [
            replace(link, driver=driver_name(any_socket, link.name), owner=owners.get(link.name))
            for link in netlink.links()
        ]
        abroad = {link.peer.nsid for link in links if link.peer and link.peer.nsid is not None}
        places = _places(netlink, abroad) if abroad else {}
    return [_with_peer(link, places) for link in links]


_Place = tuple[str, Mapping[int, str]]


def _with_peer(link: DeviceFacts, places: Mapping[int, _Place]) -> DeviceFacts:
    peer = link.peer
    if peer is None or peer.nsid is None:
        return link
    where, names = places.get(peer.nsid, ("unknown", {}))
    return replace(link, peer=VethPeer(peer.index, names.get(peer.index), where, peer.nsid))


def _places(netlink: Netlink, wanted: set[int]) -> dict[int, _Place]:
    """Return name of the namespace and its devices by index, for each nsid that can be found."""
    places: dict[int, _Place] = {}
    seen: set[tuple[int, int]] = set()
    for where, path in _namespaces():
        if len(places) == len(wanted):
            break
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            identity = netns_identity(fd)
            if identity in seen:
                continue
            seen.add(identity)
            number = _nsid(netlink, fd)
            if number in wanted:
                places[number] = (where, _names_in(fd))
        finally:
            os.close(fd)
    return places


def _nsid(netlink: Netlink, fd: int) -> int:
    """Return the number of a namespace; -1 for one without, or what is no namespace."""
    with contextlib.suppress(OSError):
        number = netlink.netns_id(fd)
        return -1 if number is None else number
    return -1


def _names_in(fd: int) -> dict[int, str]:
    """Return the devices of a namespace by index, none where we may not enter it."""
    with contextlib.suppress(TunscopeError), entered(fd):
        return dict(socket.if_nameindex())
    return {}


def _namespaces() -> Iterator[tuple[str, Path]]:
    """Yield what to call each namespace that can be seen: by name first, then by process."""
    with contextlib.suppress(OSError):
        for path in sorted(NAMED.iterdir()):
            yield path.name, path
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        yield f"pid {pid}", Path(f"/proc/{pid}/ns/net")
