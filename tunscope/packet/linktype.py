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


#: Names of the registry for link types that are only shown.
_OTHERS: Final = {
    2: "EXP_ETHERNET", 6: "IEEE802_5", 7: "ARCNET_BSD", 8: "SLIP", 9: "PPP", 10: "FDDI",
    50: "PPP_HDLC", 51: "PPP_ETHER", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY",
    117: "PFLOG", 119: "IEEE802_11_PRISM", 127: "IEEE802_11_RADIOTAP", 129: "ARCNET_LINUX",
    138: "APPLE_IP_OVER_IEEE1394", 140: "MTP2", 141: "MTP3", 163: "IEEE802_11_AVS",
    165: "BACNET_MS_TP", 187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI",
    195: "IEEE802_15_4_WITHFCS", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 220: "USB_LINUX_MMAPPED",
    227: "CAN_SOCKETCAN", 230: "IEEE802_15_4_NOFCS", 231: "DBUS", 239: "NFLOG", 249: "USBPCAP",
    251: "BLUETOOTH_LE_LL", 253: "NETLINK", 254: "BLUETOOTH_LINUX_MONITOR",
    256: "BLUETOOTH_LE_LL_WITH_PHDR", 281: "DSA_TAG_BRCM", 284: "DSA_TAG_DSA",
}  # fmt: skip


def linktype_name(value: int) -> str:
    """Return the registry's name of link type `value`, or its number if it is not known here."""
    try:
        return LinkType(value).name
    except ValueError:
        return _OTHERS.get(value, f"LINKTYPE {value}")
