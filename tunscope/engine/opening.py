"""From an open request to a source that runs: the device, its far end, and the file's header."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tunscope
from tunscope.capfile.blocks import InterfaceDescription, interface_description, section_header
from tunscope.device.facts import DeviceFacts
from tunscope.device.namespaces import namespace_of
from tunscope.device.opening import OpenDevice, open_device
from tunscope.device.request import DeviceRequest
from tunscope.device.through_owner import OwnersDescriptor, open_through_owner
from tunscope.engine.observe import ObservedDevice
from tunscope.engine.options import CaptureOptions
from tunscope.engine.owned import OwnedDevice
from tunscope.engine.peers import open_peer, program_peer
from tunscope.engine.source import Source
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source with what the front end and the capture file want to know of its device.

    `relay` says what is done with passing packets, "" if nothing. `netns` tells the device's
    network namespace from others, where the kernel lets us ask.
    """

    source: Source
    facts: DeviceFacts
    mode: str
    description: str
    header: bytes
    close: Callable[[], None]
    netns: tuple[int, int] | None = None
    relay: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the answer to the open request."""
        return {
            "facts": self.facts.to_json(),
            "mode": self.mode,
            "description": self.description,
            "netns": self.netns,
        }


def open_named(
    request: DeviceRequest, options: CaptureOptions, program: int | None = None
) -> OpenedSource:
    """Create, attach to or observe the device that `request` names, with a peer if it is owned.

    `program` is the socket of a peer that is a program; it stays the caller's.
    Raises TunscopeError, and leaves the machine as it was.
    """
    device = open_device(request)
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as borrowed:
        undo.callback(device.close)
        linktype = _linktype(device.facts)
        source: Source
        if device.tun_fd is None:
            if options.peer.kind != "sink":
                raise UsageError("--peer", f"{device.description()}: only an owned device has one")
            owner = None
            if options.through_owner:
                owner = open_through_owner(device.facts.name, request.netns)
                borrowed.callback(owner.close)
            source = _observe(device, linktype, options, owner)
        elif options.through_owner:
            raise UsageError("--through-owner", f"{device.description()}: nobody else owns it")
        else:
            if program is not None:
                peer = program_peer(options.peer, os.dup(program), linktype)
                undo.callback(peer.close)
            else:
                peer, close_peer = open_peer(
                    options.peer, linktype, offload=device.vnet_header_size > 0
                )
                undo.callback(close_peer)
            source = OwnedDevice(
                device.tun_fd,
                peer,
                linktype=linktype,
                snaplen=options.snaplen,
                direction=options.direction,
                expression=options.filter,
                packet_info=device.packet_info,
                vnet_header_size=device.vnet_header_size,
                tx_dropped=device.tx_dropped,
            )
        relay = source.set_relay(options.relay) if options.relay.active else ""
        borrowed.pop_all()  # the source gives it back
        close = undo.pop_all().close
    header = _header(device.facts, linktype, options)
    return OpenedSource(
        source,
        device.facts,
        device.mode,
        device.description(),
        header,
        close,
        namespace_of(device.tun_fd if device.packet_socket is None else device.packet_socket),
        relay,
    )


def _observe(
    device: OpenDevice, linktype: LinkType, options: CaptureOptions, owner: OwnersDescriptor | None
) -> ObservedDevice:
    if device.packet_socket is None or device.sending_socket is None:
        raise TunscopeError(device.facts.name, "no packet socket was opened")
    try:
        return ObservedDevice(
            device.packet_socket,
            device.facts.name,
            sender=device.sending_socket,
            linktype=linktype,
            snaplen=options.snaplen,
            direction=_direction(device.facts, options.direction),
            expression=options.filter,
            buffer_mib=options.buffer_mib,
            promiscuous=options.promiscuous,
            owner=owner,
        )
    except MemoryError as error:
        raise TunscopeError(
            f"--buffer {options.buffer_mib}", "the kernel has no such memory", "use a smaller one"
        ) from error
    except OSError as error:
        raise TunscopeError(device.facts.name, f"cannot capture: {error.strerror}") from error


def _direction(facts: DeviceFacts, asked: Direction) -> Direction:
    """A loopback packet crosses a packet socket twice; one of them is kept, as libpcap does."""
    if facts.kind == "loopback" and asked is Direction.UNKNOWN:
        return Direction.IN
    return asked


def _linktype(facts: DeviceFacts) -> LinkType:
    if facts.linktype is None:
        raise TunscopeError(
            facts.name, f"packets of this kind of device (ARPHRD {facts.arphrd}) are not known"
        )
    return LinkType(facts.linktype)


def _header(facts: DeviceFacts, linktype: LinkType, options: CaptureOptions) -> bytes:
    system = platform.uname()
    section = section_header(
        f"tunscope {tunscope.__version__}",
        os_name=f"{system.system} {system.release}",
        hardware=system.machine,
    )
    interface = InterfaceDescription(
        linktype=linktype,
        snaplen=options.snaplen,
        name=facts.name,
        description=facts.kind,
        filter=options.filter,
        os=f"{system.system} {system.release}",
        mac=bytes.fromhex(facts.mac.replace(":", "")) if facts.mac else None,
    )
    return section + interface_description(interface)
