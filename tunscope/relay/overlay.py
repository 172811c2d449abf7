"""The peer across a network: one UDP datagram is one packet, as flannel's udp backend has it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tunscope.packet.linktype import LinkType
from tunscope.relay.peer import PeerCounters

_IP_RECVERR: Final = 11  # linux/in.h
_IPV6_RECVERR: Final = 25  # linux/in6.h
_BUFFER: Final = 8 << 20
#: SO_RCVBUFFORCE and SO_SNDBUFFORCE of asm-generic/socket.h, and their modest sisters.
_BUFFER_OPTIONS: Final = ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF))
_MOST_ERRORS: Final = 64
#: Datagrams that are refused before nothing is given for once: a flood must not hold the caller.
_PATIENCE: Final = 1024
#: Addresses whose routes are remembered.
_MOST_REMEMBERED: Final = 4096
_ETHERNET_HEADER: Final = 14
_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Route:
    """Packets for `network` (None: for anybody) go to `host`, `port`, and come from there."""

    network: Network | None
    host: str
    port: int


class UdpPeer:
    """Sends each packet to the host whose network it is for, longest prefix first.

    A datagram is let in only if a route names its sender, the packet in it is whole, and its
    source is in a network of that sender's; anything else is counted as rejected. `bind` is the
    local address and port.
    """

    def __init__(self, linktype: int, routes: Sequence[Route], bind: tuple[str, int]) -> None:
        self.counters = PeerCounters()
        self._frames = linktype == LinkType.ETHERNET
        family = socket.AF_INET6 if ":" in routes[0].host else socket.AF_INET
        self._routes = sorted(
            routes, key=lambda r: -1 if r.network is None else r.network.prefixlen, reverse=True
        )
        self._senders: dict[tuple[str, int], list[Network | None]] = {}
        for route in routes:
            self._senders.setdefault((route.host, route.port), []).append(route.network)
        self._hops: dict[bytes, tuple[str, int] | None] = {}
        self._sources: dict[tuple[tuple[str, int], bytes], bool] = {}
        self._silent: set[tuple[str, int]] = set()
        self._news: list[str] = []
        self._patience = _PATIENCE
        self._socket: socket.socket | None = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            for forced, option in _BUFFER_OPTIONS:
                try:
                    self._socket.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
                except PermissionError:  # as far as net.core.rmem_max lets an ordinary user
                    self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
            self._socket.bind(bind)
        except BaseException:
            self._socket.close()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """The local address and port."""
        assert self._socket is not None, "open"
        host, port, *_ = self._socket.getsockname()
        return host, port

    def fileno(self) -> int | None:
        """The socket."""
        return None if self._socket is None else self._socket.fileno()

    def send(self, packet: memoryview) -> bool:
        """Send one packet as a datagram; False if no network has its destination."""
        where = self.next_hop(packet)
        return where is not None and self.send_to(packet, where)

    def send_to(self, packet: memoryview, where: tuple[str, int]) -> bool:
        """Send one datagram."""
        if self._socket is None:
            return False
        for _ in range(2):  # the first try may only bring the error of an earlier packet
            try:
                return self._socket.sendto(packet, where) == len(packet)
            except OSError as error:
                if error.errno != errno.ECONNREFUSED:
                    return False
                self.take_errors()
        return False

    def receive_into(self, buffer: memoryview) -> int:
        """Receive datagrams until one may come in.

        0 also after a thousand that may not: others may wait behind them.
        """
        while self._socket is not None and self._patience > 0:
            try:
                length, sender = self._socket.recvfrom_into(buffer)
            except OSError as error:
                self.take_errors()
                if error.errno != errno.ECONNREFUSED:
                    break
                self._patience -= 1
                continue
            known = (sender[0], sender[1])
            if self.knows(known) and self.may_enter(known, buffer[:length]):
                return length
            self.reject()
        return self.give_nothing()

    def reject(self, packets: int = 1) -> None:
        """Count what one datagram brought and may not come in."""
        self.counters.rejected += packets
        self._patience -= 1

    def give_nothing(self) -> int:
        """Return 0, which ends the caller's turn, and be patient again in its next one."""
        self._patience = _PATIENCE
        return 0

    def news(self) -> list[str]:
        """Tell of peers that went silent and came back."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def next_hop(self, packet: memoryview) -> tuple[str, int] | None:
        """Return where a packet for its destination goes, None if no route has it."""
        destination = b"" if self._frames else _address(packet, source=False)
        if destination not in self._hops:
            if len(self._hops) >= _MOST_REMEMBERED:
                self._hops.clear()
            self._hops[destination] = self._find_hop(destination)
        return self._hops[destination]

    def _find_hop(self, destination: bytes) -> tuple[str, int] | None:
        for route in self._routes:
            if _in_network(destination, route.network):
                return route.host, route.port
        return None

    def knows(self, sender: tuple[str, int]) -> bool:
        """Whether a route names the sender of a datagram; one that was silent is heard again."""
        if sender not in self._senders:
            return False
        if sender in self._silent:
            self._silent.discard(sender)
            self._news.append(f"the peer {_shown(sender)} answers again")
        return True

    def may_enter(self, sender: tuple[str, int], packet: memoryview) -> bool:
        """Whether a packet is whole and its sender may send it."""
        if self._frames:
            return sender in self._senders and len(packet) >= _ETHERNET_HEADER
        source = _address(packet, source=True)
        key = sender, source
        if key not in self._sources:
            if len(self._sources) >= _MOST_REMEMBERED:
                self._sources.clear()
            networks = self._senders.get(sender, [])
            self._sources[key] = bool(source) and any(
                _in_network(source, network) for network in networks
            )
        return self._sources[key]

    def take_errors(self) -> None:
        """Read the errors that the network sent back: port unreachable, host unreachable."""
        for _ in range(_MOST_ERRORS):
            try:
                assert self._socket is not None, "open"
                _, _, _, sender = self._socket.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            known = (sender[0], sender[1])
            if known in self._senders and known not in self._silent:
                self._silent.add(known)
                self._news.append(
                    f"the peer {_shown(known)} does not answer; its packets are lost until it does"
                )


def _address(packet: memoryview, *, source: bool) -> bytes:
    """Return an address of a whole IP packet, b"" if the header is broken or the length wrong."""
    size = len(packet)
    if size < _IPV4_HEADER:
        return b""
    if packet[0] >> 4 == 4:
        header = 4 * (packet[0] & 15)
        if not _IPV4_HEADER <= header <= size or packet[2] << 8 | packet[3] != size:
            return b""
        return bytes(packet[12:16] if source else packet[16:20])
    if packet[0] >> 4 == 6 and size >= _IPV6_HEADER:
        if (packet[4] << 8 | packet[5]) + _IPV6_HEADER != size:
            return b""
        return bytes(packet[8:24] if source else packet[24:40])
    return b""


def _in_network(address: bytes, network: Network | None) -> bool:
    """Whether a packed address lies in a network; None has all."""
    if network is None:
        return True
    return len(address) * 8 == network.max_prefixlen and ipaddress.ip_address(address) in network


def _shown(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
