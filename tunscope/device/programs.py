"""Which local program has the socket of a conversation: sock_diag(7), then /proc.

The kernel names a socket by its inode, and the inode's owner is found in the descriptors of each
process. That needs the right to look into the process (CAP_SYS_PTRACE for those of others).
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tunscope.device.pyroute import pyroute2_module
from tunscope.errors import TunscopeError

TCP: Final = 6
UDP: Final = 17
#: All states: an UDP socket that nobody connected counts as closed (include/net/tcp_states.h).
_ALL_STATES: Final = 0xFFF
_LINK: Final = "socket:["

_Endpoint = tuple[str, int]
#: What a socket that hears everybody is bound to.
_ANYBODY: Final = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Endpoints of a TCP (6) or UDP (17) conversation; `source` is who spoke first."""

    protocol: int
    source: str
    source_port: int
    destination: str
    destination_port: int


@dataclass(frozen=True, slots=True)
class SocketOwner:
    """A process and the name it goes by, as it is."""

    pid: int
    name: str


def find_programs(conversations: Sequence[Conversation]) -> list[SocketOwner | None]:
    """Return who of this network namespace takes part in each conversation, None for nobody.

    Of two that talk to each other it is the one that spoke first. A socket that hears everybody
    takes part in what comes to this namespace, not in what passes it. TunscopeError if the kernel
    tells nothing about sockets.
    """
    here = _Here()
    tables: dict[int, _Sockets] = {}
    for protocol in {one.protocol for one in conversations}:
        tables[protocol] = _sockets(protocol, here)
    inodes = [tables[one.protocol].inode_of(one) for one in conversations]
    owners = _owners({inode for inode in inodes if inode})
    return [owners.get(inode) for inode in inodes]


class _Here:
    """Which addresses the calling thread's network namespace takes packets for."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def hears(self, address: str) -> bool:
        """Whether the kernel would give a packet for `address` to a socket of this namespace."""
        if address not in self._known:
            self._known[address] = _is_group(address) or _can_be_bound(address)
        return self._known[address]


def _is_group(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_multicast
    except ValueError:
        return False


def _can_be_bound(address: str) -> bool:
    """Whether a socket may have the address, which the kernel allows for local and broadcast ones.

    A link-local one needs an interface that nobody told us, and is taken for ours.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


@dataclass(slots=True)
class _Sockets:
    """Inodes of one protocol's sockets: of connected ones, and of those that hear everybody."""

    here: _Here
    connected: dict[tuple[_Endpoint, _Endpoint], int] = field(default_factory=dict)
    bound: dict[_Endpoint, int] = field(default_factory=dict)

    def inode_of(self, one: Conversation) -> int:
        """Return the inode of a conversation's socket, 0 if there is none."""
        source = (_plain(one.source), one.source_port)
        destination = (_plain(one.destination), one.destination_port)
        for local, remote in ((source, destination), (destination, source)):
            if inode := self.connected.get((local, remote), 0):
                return inode
        for address, port in (source, destination):
            for bound in (address, *(_ANYBODY if self.here.hears(address) else ())):
                if inode := self.bound.get((bound, port), 0):
                    return inode
        return 0


def _sockets(protocol: int, here: _Here) -> _Sockets:
    found = _Sockets(here)
    for message in _messages(protocol):
        inode = int(message["idiag_inode"])
        local = (_plain(str(message["idiag_src"])), int(message["idiag_sport"]))
        remote = (_plain(str(message["idiag_dst"])), int(message["idiag_dport"]))
        if not inode:
            continue
        if remote[1]:
            found.connected[local, remote] = inode
        else:
            found.bound.setdefault(local, inode)
    return found


def _messages(protocol: int) -> Iterator[Mapping[str, Any]]:
    refused = pyroute2_module("netlink.exceptions").NetlinkError
    try:
        with pyroute2_module("netlink.diag").DiagSocket() as diag:
            diag.bind()
            for family in (socket.AF_INET, socket.AF_INET6):
                with contextlib.suppress(refused):  # a kernel without that family
                    yield from diag.get_sock_stats(
                        family=family, protocol=protocol, states=_ALL_STATES
                    )
    except OSError as error:
        raise TunscopeError("sockets", f"cannot be listed: {error.strerror}") from error


def _plain(text: str) -> str:
    """Return an address in one spelling, that of IPv4 where an IPv6 socket speaks IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _owners(wanted: set[int]) -> dict[int, SocketOwner]:
    """Return the processes that hold sockets with these inodes; the lowest pid of several."""
    owners: dict[int, SocketOwner] = {}
    if not wanted:
        return owners
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        for inode in _held(pid):
            if inode in wanted and inode not in owners:
                owners[inode] = SocketOwner(pid, _name(pid))
        if len(owners) == len(wanted):
            break
    return owners


def _held(pid: int) -> Iterable[int]:
    folder = f"/proc/{pid}/fd"
    try:
        entries = os.listdir(folder)
    except OSError:  # ended meanwhile, or not ours to see
        return
    for entry in entries:
        with contextlib.suppress(OSError):
            target = os.readlink(f"{folder}/{entry}")
            if target.startswith(_LINK) and target[len(_LINK) : -1].isdigit():
                yield int(target[len(_LINK) : -1])


def _name(pid: int) -> str:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/comm").read_bytes().removesuffix(b"\n"))
    except OSError:
        return "?"
