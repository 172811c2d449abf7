"""Protocols that scapy decodes, by the numbers that Wireshark too goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.ethernet import decode_ethernet
from tunscope.dissect.llc import SERVICE_POINTS, decode_llc
from tunscope.dissect.packet import (
    ETHERTYPES,
    IP_PROTOCOLS,
    LINK_TYPES,
    TCP_PORTS,
    UDP_PORTS,
    Decoder,
)
from tunscope.dissect.scapy_import import packet_class
from tunscope.dissect.scapy_tree import DECODED_HERE, add_scapy

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window


def _by_scapy(module: str, name: str, marker: int = 0) -> Decoder:
    """Return the decoder that hands what stands behind `marker` bytes to scapy's protocol."""

    def decode(window: Window, parent: Tree, dissection: Dissection) -> None:
        for words in _CARRIED.get(name, ()):
            packet_class(*words.split())
        add_scapy(module, name, window.sub(marker), parent, dissection)

    return decode


#: What scapy finds behind a protocol only where it is loaded.
_CARRIED: Final = {"PPI": ("layers.dot11 Dot11", "layers.bluetooth4LE BTLE")}
_UDP: Final = {
    "layers.dhcp6 DHCP6": (546, 547),
    "layers.tftp TFTP": (69,),
    "layers.ntp NTP": (123,),
    "layers.netbios NBNSHeader": (137,),
    "layers.netbios NBTDatagram": (138,),
    "layers.snmp SNMP": (161, 162),
    "layers.isakmp ISAKMP": (500,),
    "layers.rip RIP": (520,),
    "layers.radius Radius": (1645, 1646, 1812, 1813, 3799),
    "layers.l2tp L2TP": (1701,),
    "layers.hsrp HSRP": (1985,),
    "layers.netflow NetflowHeader": (2055, 4739, 9996),
    "contrib.gtp GTP_U_Header": (2152,),
    "contrib.bfd BFD": (3784,),
    "contrib.pfcp PFCP": (8805,),
    "contrib.coap CoAP": (5683,),
}
_TCP: Final = {
    "layers.netbios NBTSession": (139, 445),
    "contrib.bgp BGP": (179,),
    "contrib.modbus ModbusADURequest": (502,),
    "layers.pptp PPTP": (1723,),
    "contrib.mqtt MQTT": (1883,),
}
_IP: Final = {
    "layers.igmp IGMP": (2,),
    "contrib.eigrp EIGRP": (88,),
    "contrib.ospf OSPF_Hdr": (89,),
    "contrib.pim PIMv2Hdr": (103,),
    "layers.sctp SCTP": (132,),
}
_ETHERTYPES: Final = {
    "layers.eap EAPOL": (0x888E,),
    "contrib.lldp LLDPDU": (0x88CC,),
}
_SERVICE_POINTS: Final = {"layers.l2 STP": (0x42,)}
_LINK_TYPES: Final = {
    "layers.ppp PPP": (9,),
    "layers.ppp HDLC": (50,),
    "layers.dot11 Dot11": (105,),
    "layers.pflog PFLog": (117,),
    "layers.dot11 PrismHeader": (119,),
    "layers.dot11 RadioTap": (127,),
    "layers.bluetooth HCI_Hdr": (187,),
    "layers.ppi PPI": (192,),
    "layers.dot15d4 Dot15d4FCS": (195,),
    "layers.bluetooth HCI_PHDR_Hdr": (201,),
    "layers.can CAN": (227,),
    "layers.dot15d4 Dot15d4": (230,),
    "layers.bluetooth4LE BTLE": (251,),
    "layers.bluetooth4LE BTLE_RF": (256,),
}

DECODED_HERE.update(
    Ether=decode_ethernet,
    LLC=decode_llc,
    ARP=ETHERTYPES[0x0806],
    IP=ETHERTYPES[0x0800],
    IPv6=ETHERTYPES[0x86DD],
)
for _table, _protocols in (
    (UDP_PORTS, _UDP),
    (TCP_PORTS, _TCP),
    (IP_PROTOCOLS, _IP),
    (ETHERTYPES, _ETHERTYPES),
    (SERVICE_POINTS, _SERVICE_POINTS),
    (LINK_TYPES, _LINK_TYPES),
):
    for _words, _numbers in _protocols.items():
        _module, _name = _words.split()
        for _number in _numbers:
            _table.setdefault(_number, _by_scapy(_module, _name))
