"""From a peer request to the peer itself, while the engine still has its rights."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
from collections.abc import Callable

from tunscope.device.opening import OpenDevice, open_device
from tunscope.device.request import DeviceRequest
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable
from tunscope.relay.peer import DevicePeer, Peer, SinkPeer
from tunscope.relay.peer_request import PeerRequest


def open_peer(
    request: PeerRequest, linktype: LinkType, *, offload: bool = False
) -> tuple[Peer, Callable[[], None]]:
    """Return the peer, and what gives back what was opened for it beyond the peer itself.

    `offload` makes a device that has to be made one for unsegmented packets. TunscopeError says
    what is wrong.
    """
    match request.kind:
        case "respond":
            from tunscope.relay.respond import RespondPeer

            return RespondPeer(linktype, request.services, dict(request.hosts)), _nothing
        case "device":
            return _open_device(request, linktype, offload)
        case "udp":
            return _open_udp(request, linktype), _nothing
    return SinkPeer(), _nothing


def program_peer(request: PeerRequest, fd: int, linktype: LinkType) -> Peer:
    """Return the peer that is a program behind socket `fd`, which it owns.

    UsageError for a kind of peer that is none.
    """
    match request.kind:
        case "seqpacket":
            from tunscope.relay.seqpacket import SeqpacketPeer

            program: Peer = SeqpacketPeer(fd, printable(request.device))
        case "stream":
            from tunscope.relay.stream import StreamPeer

            program = StreamPeer(fd, printable(request.device))
        case _:
            os.close(fd)
            raise UsageError("open", f"a peer of kind {request.kind} is no program")
    if not request.services:
        return program
    from tunscope.relay.answering import AnsweringPeer
    from tunscope.relay.respond import RespondPeer
    from tunscope.relay.responders import dns

    hosts = dict(request.hosts)
    responder = RespondPeer(linktype, request.services, hosts, dns.answer_known_name)
    return AnsweringPeer(responder, program)


def _open_device(
    request: PeerRequest, linktype: LinkType, offload: bool
) -> tuple[Peer, Callable[[], None]]:
    shown = f"--peer device:{printable(request.device)}"
    found = open_device(DeviceRequest(request.device, netns=request.netns, offload=offload))
    with contextlib.ExitStack() as undo:
        undo.callback(found.close)
        fd = _usable_descriptor(found, "tun" if linktype == LinkType.RAW else "tap", shown)
        undo.pop_all()
    peer = DevicePeer(os.dup(fd), printable(request.device), found.vnet_header_size)
    return peer, found.close


def _usable_descriptor(found: OpenDevice, kind: str, shown: str) -> int:
    if found.tun_fd is None:
        raise UsageError(shown, "somebody else holds it, or it is no tun or tap device")
    if found.facts.kind != kind:
        raise UsageError(shown, f"is a {found.facts.kind} device, the peer of a {kind} is one")
    if found.packet_info:
        raise UsageError(shown, "puts a header before packets", "make it without pi")
    return found.tun_fd


def _open_udp(request: PeerRequest, linktype: LinkType) -> Peer:
    from tunscope.relay.overlay import Route, UdpPeer

    routes = [
        Route(ipaddress.ip_network(prefix) if prefix else None, host, port)
        for prefix, host, port in request.routes
    ]
    if linktype == LinkType.ETHERNET and (len(routes) > 1 or routes[0].network is not None):
        raise UsageError("--peer udp", "a tap has one peer: frames are not sent by prefix")
    anywhere = "::" if ":" in routes[0].host else "0.0.0.0"
    host, port = request.bind or ("", routes[0].port)
    kind: type[UdpPeer] = UdpPeer
    if linktype == LinkType.RAW:
        from tunscope.engine.overlay_frames import BatchingUdpPeer

        kind = BatchingUdpPeer
    try:
        return kind(linktype, routes, (host or anywhere, port))
    except OSError as error:
        where = f"{host or anywhere} port {port}"
        hint = "--peer-bind PORT names another" if error.errno == errno.EADDRINUSE else ""
        raise TunscopeError("--peer udp", f"cannot use {where}: {error.strerror}", hint) from error


def _nothing() -> None:
    """Nothing else was opened."""
