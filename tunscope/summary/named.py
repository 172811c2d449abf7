"""Protocols that are named in the Protocol column and read no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, Reader

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

#: Protocol and Info texts by EtherType.
_BY_ETHERTYPE: Final = {
    0x22EA: ("MRP-MSRP", "Multiple Stream Reservation Protocol"),
    0x22F0: ("IEEE1722", "Audio Video Transport Protocol"),
    0x4305: ("BATADV", ""),
    0x6003: ("DEC DNA", ""),
    0x809B: ("LLAP", ""),
    0x80F3: ("AARP", ""),
    0x887B: ("HomePlug", "MAC Management"),
    0x8892: ("PN-RT", ""),
    0x88A2: ("AoE", ""),
    0x88A4: ("ECAT", ""),
    0x88B8: ("GOOSE", ""),
    0x88CA: ("TIPC", ""),
    0x88DC: ("WSMP", "WAVE Short Message Protocol IEEE P1609.3"),
    0x88E1: ("HomePlug AV", ""),
    0x88E3: ("PN-MRP", ""),
    0x88F5: ("MRP-MVRP", "Multiple VLAN Registration Protocol"),
    0x88F6: ("MRP-MMRP", "Multiple Mac Registration Protocol"),
    0x88FB: ("HSR/PRP", "HSR or PRP Supervision"),
    0x8902: ("CFM", ""),
    0x8906: ("FC", ""),
    0x8914: ("FIP", ""),
    0x8915: ("RoCE", ""),
    0x892F: ("HSR", "HSR-Data Frame"),
    0xAEFE: ("eCPRI", ""),
}
#: EtherTypes without a reader, in the words of Wireshark's Info column.
_DESCRIBED: Final = {
    0x8819: "Cirrus Cobranet Packet",
    0x88AB: "ETHERNET Powerlink v2",
    0x88B5: "Local Experimental Ethertype 1",
    0x88B6: "Local Experimental Ethertype 2",
}
#: Protocol texts by IP protocol number.
_BY_NUMBER: Final = {
    9: "IGRP",
    33: "DCCP",
    46: "RSVP",
    48: "DSR",
    54: "NHRP",
    62: "MIPv6",
    97: "EtherIP",
    113: "PGM",
    115: "L2TPv3",
    134: "RSVP-E2EI",
    135: "MIPv6",
    136: "UDP-Lite",
    139: "HIP",
    140: "Shim6",
    173: "AX4000",
    224: "NCS",
}


def _named(protocol: str, info: str) -> Reader:
    def read(window: Window, draft: Draft) -> None:
        draft.name(protocol)
        draft.write(info)

    return read


for _number, (_protocol, _info) in _BY_ETHERTYPE.items():
    ETHERTYPES.setdefault(_number, _named(_protocol, _info))
for _number, _info in _DESCRIBED.items():
    ETHERTYPES.setdefault(_number, _named(f"0x{_number:04x}", _info))
for _number, _protocol in _BY_NUMBER.items():
    IP_PROTOCOLS.setdefault(_number, _named(_protocol, ""))
