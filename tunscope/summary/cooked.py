"""Link types without a real link header: raw IP, BSD loopback, Linux cooked captures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.can import read_cooked_can, read_cooked_can_fd
from tunscope.summary.ethernet import MIN_ETHERTYPE, read_ethertype
from tunscope.summary.llc import read_llc
from tunscope.summary.registry import ETHERTYPES, LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
#: Address families that BSD systems give IP and IPv6 on loopback devices.
_LOOPBACK_FAMILIES: Final = {2: _IPV4, 24: _IPV6, 28: _IPV6, 30: _IPV6}

#: Wireshark looks at this many bytes for traces of PPP before it takes a packet for IP.
_LEAST_RAW: Final = 10
_PACKET_TYPES: Final = {
    0: "Unicast to us",
    1: "Broadcast",
    2: "Multicast",
    3: "Unicast to another host",
    4: "Sent by us",
}
_ETH_P_802_3: Final = 1
_ETH_P_802_2: Final = 4
_ETH_P_CAN: Final = 0x000C
_ETH_P_CANFD: Final = 0x000D
_IPX: Final = 0x8137
_OSI: Final = 0xFEFE
_CISCO_UNICAST: Final = 0x0F
_CISCO_BROADCAST: Final = 0x8F


@entered(LINK_TYPES, 101, 12, 14)
def read_raw(window: Window, draft: Draft) -> None:
    """Read a packet that starts with its IP header."""
    draft.name("N/A")
    draft.addresses("N/A", "N/A")
    draft.write("Raw packet data")
    window.check(0, _LEAST_RAW)
    version = window.u8(0) >> 4
    if version in {4, 6}:
        ETHERTYPES[_IPV4 if version == 4 else _IPV6](window, draft)


@entered(LINK_TYPES, 228)
def read_raw_ipv4(window: Window, draft: Draft) -> None:
    """Read a packet that is IPv4 by its link type."""
    version = window.u8(0) >> 4
    if version in {4, 6}:
        ETHERTYPES[_IPV4](window, draft)
    else:
        draft.name("IP")
        draft.write(f"Bogus IP version ({version})")


@entered(LINK_TYPES, 229)
def read_raw_ipv6(window: Window, draft: Draft) -> None:
    """Read a packet that is IPv6 by its link type."""
    ETHERTYPES[_IPV6](window, draft)


@entered(LINK_TYPES, 0)
def read_null(window: Window, draft: Draft) -> None:
    """Read a packet behind a BSD address family in the byte order of the capturing host."""
    _start_loopback(draft)
    family = window.u32(0)
    if family & 0xFFFF0000:
        family = window.le32(0)
    # families of this size are taken for EtherTypes, which some systems write here
    _read_family(_LOOPBACK_FAMILIES.get(family, family), window, draft)


@entered(LINK_TYPES, 108)
def read_loop(window: Window, draft: Draft) -> None:
    """Read a packet behind a BSD address family in network order."""
    _start_loopback(draft)
    _read_family(_LOOPBACK_FAMILIES.get(window.u32(0), 0), window, draft)


def _start_loopback(draft: Draft) -> None:
    draft.name("N/A")
    draft.addresses("N/A", "N/A")
    draft.write("Null/Loopback")


def _read_family(ethertype: int, window: Window, draft: Draft) -> None:
    body = window.sub(4)
    reader = ETHERTYPES.get(ethertype)
    if reader is not None:
        body.check(0, 1)
        reader(body, draft)


def _read_cooked_payload(protocol: int, body: Window, draft: Draft) -> None:
    if protocol >= MIN_ETHERTYPE:
        read_ethertype(protocol, body, draft)
    elif protocol == _ETH_P_802_2:
        read_llc(body, draft)
    elif protocol == _ETH_P_802_3:
        ETHERTYPES[_IPX](body, draft)
    elif protocol == _ETH_P_CAN:
        read_cooked_can(body, draft)
    elif protocol == _ETH_P_CANFD:
        read_cooked_can_fd(body, draft)


@entered(LINK_TYPES, 104)
def read_cisco_hdlc(window: Window, draft: Draft) -> None:
    """Read Cisco's HDLC framing (RFC 1547, 4.3.1): an address, and an EtherType."""
    draft.name("CHDLC")
    draft.addresses("N/A", "N/A")
    draft.write("")
    if window.u8(0) in {_CISCO_UNICAST, _CISCO_BROADCAST}:
        protocol = window.u16(2)
        padding = 1 if protocol == _OSI else 0
        read_ethertype(protocol, window.sub(4 + padding), draft)


@entered(LINK_TYPES, 113)
def read_sll(window: Window, draft: Draft) -> None:
    """Read a Linux cooked capture header, version 1 (LINKTYPE_LINUX_SLL)."""
    draft.name("SLL")
    kind, size, protocol = window.u16(0), window.u16(4), window.u16(14)
    draft.write(_PACKET_TYPES.get(kind, f"Unknown ({kind})"))
    _show_sender(window.take(6, 8), size, draft)
    draft.ethertype = f"0x{protocol:04x}"
    _read_cooked_payload(protocol, window.sub(16), draft)


@entered(LINK_TYPES, 276)
def read_sll2(window: Window, draft: Draft) -> None:
    """Read a Linux cooked capture header, version 2 (LINKTYPE_LINUX_SLL2)."""
    draft.name("SLL")
    protocol, kind, size = window.u16(0), window.u8(10), window.u8(11)
    draft.write(_PACKET_TYPES.get(kind, f"Unknown ({kind})"))
    _show_sender(window.take(12, 8), size, draft)
    draft.ethertype = f"0x{protocol:04x}"
    _read_cooked_payload(protocol, window.sub(20), draft)


def _show_sender(address: bytes, size: int, draft: Draft) -> None:
    if size == 6:
        draft.mac_source = mac_text(address[:6])
        draft.addresses(draft.mac_source, "")
    elif size == 4:
        draft.addresses(".".join(map(str, address[:4])), "")
