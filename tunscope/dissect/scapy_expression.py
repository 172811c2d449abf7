"""A packet as the Python expression that builds it in scapy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tunscope.dissect.scapy_import import packet_class

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

#: LINKTYPE_ numbers to scapy's classes; raw IP is told by its version.
_LINKS: Final = {
    0: "layers.l2 Loopback",
    1: "layers.l2 Ether",
    108: "layers.l2 Loopback",
    113: "layers.l2 CookedLinux",
    228: "layers.inet IP",
    229: "layers.inet6 IPv6",
    276: "layers.l2 CookedLinuxV2",
}
_RAW_IP: Final = frozenset({12, 14, 101})
_VERSIONS: Final = {4: "layers.inet IP", 6: "layers.inet6 IPv6"}
_RAW: Final = "packet Raw"
#: What ``from scapy.all import *`` brings, loaded so that a packet is taken apart as there.
_USUAL: Final = ("layers.inet IP", "layers.inet6 IPv6", "layers.dns DNS", "layers.dhcp BOOTP")


def scapy_expression(record: PacketRecord) -> str:
    """Return an expression that gives the packet's bytes after ``from scapy.all import *``.

    Where scapy would build other bytes from the fields, the bytes themselves are in it.
    """
    data = bytes(record.data)
    for words in _USUAL:
        packet_class(*words.split())
    kind = packet_class(*_outermost(record.linktype, data).split())
    try:
        packet = kind(data)
        _keep_to_usual(packet)
        rebuilt = packet.copy()
        rebuilt.clear_cache()
        if bytes(rebuilt) == data:
            return str(packet.command())
    except Exception:  # noqa: BLE001  scapy raises what it likes; the bytes say it as well
        pass
    return f'{kind.__name__}(bytes.fromhex("{data.hex()}"))'


def _outermost(linktype: int, data: bytes) -> str:
    if linktype in _RAW_IP and data:
        return _VERSIONS.get(data[0] >> 4, _RAW)
    return _LINKS.get(linktype, _RAW)


def _keep_to_usual(packet: Any) -> None:
    """Turn what ``scapy.all`` does not know, below the first layer, into plain bytes."""
    usual = {f"scapy.layers.{name}" for name in packet_class("config", "conf").load_layers}
    usual.add("scapy.packet")
    layer = packet
    while layer.payload:
        inner = layer.payload
        if type(inner).__module__ not in usual:
            octets = inner.original or bytes(inner)
            layer.remove_payload()
            layer.add_payload(packet_class("packet", "Raw")(octets))
            return
        layer = inner
