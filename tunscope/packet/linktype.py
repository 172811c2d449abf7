"""Link-layer header types, as numbered by the pcap and pcapng registries."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class LinkType(IntEnum):
    """The LINKTYPE_ values whose headers tunscope decodes (tcpdump.org/linktypes.html)."""

    NULL = 0
    ETHERNET = 1
    RAW_BSD = 12
    RAW_OPENBSD = 14
    RAW = 101
    LOOP = 108
    LINUX_SLL = 113
    IPV4 = 228
    IPV6 = 229
    LINUX_SLL2 = 276


#: Stands for the link type of a pcapng Custom Block, which has none. The registries' numbers have
#: 16 bits, so no interface of a capture can have this one.
CUSTOM_BLOCK: Final = 0x10000

#: ARPHRD_ values of include/uapi/linux/if_arp.h to what an AF_PACKET socket delivers.
_ARPHRD_LINKTYPES: Final = {
    1: LinkType.ETHERNET,
    772: LinkType.ETHERNET,  # ARPHRD_LOOPBACK frames carry a zeroed Ethernet header
    65534: LinkType.RAW,  # ARPHRD_NONE: tun, wireguard
    512: LinkType.RAW,  # ARPHRD_PPP: cooked by the kernel to bare IP on SOCK_RAW
    768: LinkType.RAW,  # ARPHRD_TUNNEL (ipip)
    769: LinkType.RAW,  # ARPHRD_TUNNEL6
    776: LinkType.RAW,  # ARPHRD_SIT
    778: LinkType.RAW,  # ARPHRD_IPGRE
    823: LinkType.RAW,  # ARPHRD_IP6GRE
    519: LinkType.RAW,  # ARPHRD_RAWIP
}


def from_arphrd(hatype: int) -> LinkType | None:
    """Return the link type of an AF_PACKET capture on a device of ARPHRD_ type `hatype`."""
    return _ARPHRD_LINKTYPES.get(hatype)


def linktype_name(value: int) -> str:
    """Return the registry's name of link type `value`, or its number if it is not decoded here."""
    try:
        return LinkType(value).name
    except ValueError:
        return f"LINKTYPE {value}"
