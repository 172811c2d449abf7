"""LLC (802.2) and SNAP."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, u16, u24
from tunscope.filter.layers.ethernet import dissect_named_type
from tunscope.filter.layers.registry import dissect_next, takes

_SNAP: Final = 0xAA
#: OUIs whose SNAP protocol number is an EtherType (RFC 1042, 802.1H).
_ETHERTYPE_OUIS: Final = frozenset({0x000000, 0x0000F8})
_UNNUMBERED: Final = 3
#: EtherType of LLC in frames too large for a length (draft-ietf-isis-ext-eth).
_JUMBO: Final = 0x8870
_CISCO: Final = 0x00000C
#: Service access point of IP (RFC 948).
_IP: Final = 0x06


@takes("llc", 0)
@takes("ethertype", _JUMBO)
def dissect_llc(dissection: Dissection, octets: Octets) -> None:
    """Dissect an LLC header and, for SNAP, the protocol it names."""
    data = octets.data
    wanted = dissection.begin("llc", octets)
    dsap = data[0]
    if wanted:
        dissection.add("llc.dsap", dsap)
        dissection.add("llc.dsap.sap", dsap >> 1)
        dissection.add("llc.dsap.ig", dsap & 1)
    ssap = data[1]
    if wanted:
        dissection.add("llc.ssap", ssap)
        dissection.add("llc.ssap.sap", ssap >> 1)
        dissection.add("llc.ssap.cr", ssap & 1)
    control = data[2]
    unnumbered = control & 3 == _UNNUMBERED
    size = 1 if unnumbered else 2
    if wanted:
        _add_control(dissection, data, response=bool(ssap & 1))
    if dsap & ssap & 0xFE == _SNAP and unnumbered and control & 0xEF == _UNNUMBERED:
        _dissect_snap(dissection, octets.rest(2 + size), wanted=wanted)
        return
    information = (unnumbered and control & 0xEF == _UNNUMBERED) or not control & 1
    payload = octets.rest(2 + size)
    if information and dsap == _IP:
        dissect_next(dissection, "ethertype", 0x0800, payload)
        return
    dissect_next(dissection, "dsap" if information else "none", dsap, payload)


def _add_control(dissection: Dissection, data: bytes, *, response: bool) -> None:
    """Note the control field; the poll or final bit only where it is set."""
    control = data[2]
    add = dissection.add
    poll = "llc.control.f" if response else "llc.control.p"
    if control & 3 == _UNNUMBERED:
        add("llc.control", control)
        modifier = "llc.control.u_modifier_resp" if response else "llc.control.u_modifier_cmd"
        add(modifier, control >> 2 & 0x3B)
        if control & 0x10:
            add(poll, 1)
        add("llc.control.ftype", 3)
        return
    wide = data[2] | data[3] << 8
    add("llc.control", wide)
    add("llc.control.n_r", wide >> 9)
    if control & 1:
        add("llc.control.s_ftype", control >> 2 & 3)
    else:
        add("llc.control.n_s", wide >> 1 & 0x7F)
    if wide & 0x100:
        add(poll, 1)
    add("llc.control.ftype", control & 1)


def _dissect_snap(dissection: Dissection, octets: Octets, *, wanted: bool) -> None:
    oui = u24(octets.data, 0)
    number = u16(octets.data, 3)
    if wanted:
        dissection.add("llc.oui", oui)
    payload = octets.rest(5)
    if oui in _ETHERTYPE_OUIS:
        if wanted:
            dissection.add("llc.type", number)
        dissect_named_type(dissection, number, payload)
        return
    if wanted and oui == _CISCO:
        dissection.add("llc.cisco_pid", number)
    elif wanted and oui != 0x0080C2:
        dissection.add("llc.pid", number)
    if oui == 0x0080C2 and number in (1, 7):
        dissect_next(dissection, "ethertype", 0x6558, payload)
        return
    dissect_next(dissection, "none", number, payload)
