"""Services named by their port and read no further: the Protocol column only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, Guess

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_TCP: Final = {
    49: "TACACS+", 88: "KRB5", 111: "Portmap", 389: "LDAP", 502: "Modbus/TCP", 548: "DSI",
    873: "RSYNC", 1080: "Socks", 1723: "PPTP", 3268: "LDAP", 3306: "MySQL", 3868: "DIAMETER",
    5222: "XMPP/XML", 5432: "PGSQL", 5672: "AMQP", 5900: "VNC", 5901: "VNC", 6000: "X11",
    6001: "X11", 6653: "OpenFlow", 6881: "BitTorrent", 9092: "Kafka", 9418: "Git",
    44818: "ENIP",
}  # fmt: skip
_UDP: Final = {
    88: "KRB5", 111: "Portmap", 177: "XDMCP", 389: "CLDAP", 623: "IPMB", 1719: "H.225.0",
    2055: "CFLOW", 3222: "GLBP", 4341: "LISP", 4342: "LISP", 4739: "CFLOW",
    5246: "CAPWAP-Control", 5247: "CAPWAP-Data", 5351: "NAT-PMP", 6343: "sFlow",
    6696: "Babel", 9996: "CFLOW", 47808: "BACnet-APDU",
}  # fmt: skip


def _named(protocol: str) -> Guess:
    def read(window: Window, draft: Draft) -> bool:
        draft.name(protocol)
        draft.write("")
        return True

    return read


for _port, _protocol in _TCP.items():
    TCP_PORTS.setdefault(_port, _named(_protocol))
for _port, _protocol in _UDP.items():
    UDP_PORTS.setdefault(_port, _named(_protocol))
