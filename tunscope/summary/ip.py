"""IPv4 (RFC 791)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text
from tunscope.summary.ip_protocols import protocol_name
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_FIELDS: Final = Struct(">HHBB").unpack_from
_MIN_HEADER: Final = 20


@entered(ETHERTYPES, 0x0800)
@entered(IP_PROTOCOLS, 4)
def read_ip(window: Window, draft: Draft) -> None:
    """Read an IPv4 header and what it carries; version 6 under IPv4's number is IPv6."""
    draft.name("IPv4")
    draft.write("")
    first = window.u8(0)
    version, header_size = first >> 4, (first & 15) * 4
    if version == 6:
        ETHERTYPES[0x86DD](window, draft)
        return
    if version != 4:
        draft.write(f"Bogus IPv4 version ({version}, must be 4)")
        return
    if header_size < _MIN_HEADER:
        draft.write(f"Bogus IP header length ({header_size}, must be at least {_MIN_HEADER})")
        return
    total = window.u16(2)
    if total < header_size:
        if total:
            draft.write(f"Bogus IP length ({total}, less than header length {header_size})")
            return
        total = window.length  # left at 0 by segmentation offload
    window = window.shortened(total)
    identification, fragment, draft.ttl, protocol = _FIELDS(window.data, window.check(4, 6))
    source = window.take(12, 4)
    draft.source = ipv4_text(source)
    destination = window.take(16, 4)
    draft.destination = ipv4_text(destination)
    draft.network = source, destination
    offset = (fragment & 0x1FFF) * 8
    if offset:
        draft.write(
            f"Fragmented IP protocol (proto={protocol_name(protocol)} {protocol}, "
            f"off={offset}, ID={identification:04x})"
        )
        return
    body = window.sub(header_size)
    if fragment & 0x2000:
        draft.fragmented = body.partial = True
    if body.length:
        read_ip_protocol(protocol, body, draft)


def read_ip_protocol(protocol: int, body: Window, draft: Draft) -> None:
    """Hand the payload of an IP packet to the protocol of its number, or name the number."""
    reader = IP_PROTOCOLS.get(protocol)
    if reader is None:
        draft.write(f"{protocol_name(protocol)} ({protocol})")
        return
    draft.descend()
    reader(body, draft)
