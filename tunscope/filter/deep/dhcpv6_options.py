"""What the options of DHCPv6 hold, by their numbers (IANA's dhcpv6-parameters)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import Dissection, take, u16, u32

#: 2000-01-01, from which DUIDs count seconds.
_TO_2000: Final = 946_684_800
_LINK_TIME, _ENTERPRISE, _LINK, _UUID = 1, 2, 3, 4
#: Messages that clients send; the others are servers'.
_CLIENT_MESSAGES: Final = frozenset({1, 3, 5, 6})

_ADDRESSES: Final = {
    22: "sip_server_a", 23: "dns_server", 27: "nis_server", 28: "nisp_server",
    31: "sntp_server", 34: "bcmcs_server_a", 40: "pana_agent", 48: "lq_client_link",
    52: "capwap_ac_v6", 90: "s46_br.address", 165: "mip6_home_agent", 166: "mip6_home_address",
}  # fmt: skip
_DOMAINS: Final = {
    21: "sip_server_domain_search_fqdn", 24: "search_list_entry", 29: "nis_fqdn",
    30: "nisp_fqdn", 33: "bcmcs_server_fqdn", 64: "aftr_name",
}  # fmt: skip
_TEXTS: Final = {38: "subscriber_id", 41: "timezone", 42: "tzdb", 103: "captive_portal"}
_BYTES: Final = {18: "interface_id"}
_NUMBERS_8: Final = {7: "option_preference", 19: "reconf_msg"}
_NUMBERS_16: Final = {135: "relay_port"}
_NUMBERS_32: Final = {32: "lifetime", 46: "clt_time"}


def add_body(dissection: Dissection, kind: int, body: bytes, message: int) -> None:
    """Note what option `kind` of a message of type `message` holds, its own options left out."""
    add = dissection.add
    if kind in _ADDRESSES:
        for place in range(0, len(body) - 15, 16):
            add(f"dhcpv6.{_ADDRESSES[kind]}", body[place : place + 16])
    elif kind in _DOMAINS:
        _add_domains(dissection, f"dhcpv6.{_DOMAINS[kind]}", body)
    elif kind in _TEXTS and body:
        add(f"dhcpv6.{_TEXTS[kind]}", body.decode("utf-8", "replace"))
    elif kind in _BYTES and body:
        add(f"dhcpv6.{_BYTES[kind]}", body)
    elif kind in _NUMBERS_8 and len(body) == 1:
        add(f"dhcpv6.{_NUMBERS_8[kind]}", body[0])
    elif kind in _NUMBERS_16 and len(body) == 2:
        add(f"dhcpv6.{_NUMBERS_16[kind]}", u16(body, 0))
    elif kind in _NUMBERS_32 and len(body) == 4:
        add(f"dhcpv6.{_NUMBERS_32[kind]}", u32(body, 0))
    elif kind == _CLIENT_NAME and body:
        _add_client_name(dissection, body, message)
    elif kind in _STRUCTURED:
        _STRUCTURED[kind](dissection, body)


def _add_domains(dissection: Dissection, name: str, body: bytes) -> None:
    offset = 0
    while offset < len(body):
        text, offset, _ = read_name(body, offset)
        dissection.add(name, "." if text == "<Root>" else f"{text}.")


_CLIENT_NAME: Final = 39


def _add_client_name(dissection: Dissection, body: bytes, message: int) -> None:
    """The client's full name (RFC 4704)."""
    flags = body[0]
    dissection.add("dhcpv6.client_fqdn_flags", flags)
    side = "client" if message in _CLIENT_MESSAGES else "server"
    bits = [("n", 4), ("s", 1)] if side == "client" else [("n", 4), ("o", 2), ("s", 1)]
    dissection.add_bits(flags, [(f"dhcpv6.clientfqdn.{side}.{bit}", mask) for bit, mask in bits])
    labels = body[1:]
    if not labels:
        return
    text, _, _ = read_name(labels + b"\0", 0)
    whole = labels.endswith(b"\0")
    dissection.add("dhcpv6.client_domain", f"{text}." if whole else text)


def _add_duid(dissection: Dissection, body: bytes) -> None:
    """A DHCP unique identifier (RFC 8415, 11)."""
    add = dissection.add
    add("dhcpv6.duid.bytes", body)
    if len(body) < 2:
        return
    kind = u16(body, 0)
    add("dhcpv6.duid.type", kind)
    if kind == _LINK_TIME and len(body) >= 8:
        add("dhcpv6.duidllt.hwtype", u16(body, 2))
        add("dhcpv6.duidllt.time", (u32(body, 4) + _TO_2000) * 10**9)
        if len(body) > 8:
            add("dhcpv6.duidllt.link_layer_addr", body[8:].hex(":"))
    elif kind == _ENTERPRISE and len(body) >= 6:
        add("dhcpv6.duiden.enterprise", u32(body, 2))
        if len(body) > 6:
            add("dhcpv6.duiden.identifier", body[6:])
    elif kind == _LINK and len(body) >= 4:
        add("dhcpv6.duidll.hwtype", u16(body, 2))
        if len(body) > 4:
            add("dhcpv6.duidll.link_layer_addr", body[4:].hex(":"))
    elif kind == _UUID:
        add("dhcpv6.duiduuid.bytes", body[2:])


def _add_association(dissection: Dissection, body: bytes) -> None:
    if len(body) < 12:
        return
    dissection.add("dhcpv6.iaid", body[:4].hex())
    dissection.add("dhcpv6.iaid.t1", u32(body, 4))
    dissection.add("dhcpv6.iaid.t2", u32(body, 8))


def _add_temporary(dissection: Dissection, body: bytes) -> None:
    if len(body) >= 4:
        dissection.add("dhcpv6.iata", body[:4].hex())


def _add_address(dissection: Dissection, body: bytes) -> None:
    if len(body) < 24:
        return
    dissection.add("dhcpv6.iaaddr.ip", body[:16])
    dissection.add("dhcpv6.iaaddr.pref_lifetime", u32(body, 16))
    dissection.add("dhcpv6.iaaddr.valid_lifetime", u32(body, 20))


def _add_prefix(dissection: Dissection, body: bytes) -> None:
    if len(body) < 25:
        return
    dissection.add("dhcpv6.iaprefix.pref_lifetime", u32(body, 0))
    dissection.add("dhcpv6.iaprefix.valid_lifetime", u32(body, 4))
    dissection.add("dhcpv6.iaprefix.pref_len", body[8])
    dissection.add("dhcpv6.iaprefix.pref_addr", body[9:25])


def _add_requests(dissection: Dissection, body: bytes) -> None:
    for place in range(0, len(body) - 1, 2):
        dissection.add("dhcpv6.requested_option_code", u16(body, place))


def _add_elapsed(dissection: Dissection, body: bytes) -> None:
    """Hundredths of a second on the wire, milliseconds in the field."""
    if len(body) == 2:
        dissection.add("dhcpv6.elapsed_time", u16(body, 0) * 10)


def _add_authentication(dissection: Dissection, body: bytes) -> None:
    if len(body) < 11:
        return
    add = dissection.add
    add("dhcpv6.auth.protocol", body[0])
    add("dhcpv6.auth.algorithm", body[1])
    add("dhcpv6.auth.rdm", body[2])
    add("dhcpv6.auth.replay_detection", body[3:11])
    if len(body) > 11:
        add("dhcpv6.auth.info", body[11:])


def _add_unicast(dissection: Dissection, body: bytes) -> None:
    if len(body) == 16:
        dissection.add("dhcpv6.unicast", body)


def _add_status(dissection: Dissection, body: bytes) -> None:
    dissection.add("dhcpv6.status_code", u16(body, 0))
    if len(body) > 2:
        dissection.add("dhcpv6.status_msg", body[2:].decode("utf-8", "replace"))


def _add_user_class(dissection: Dissection, body: bytes) -> None:
    offset = 0
    while offset + 2 <= len(body):
        size = u16(body, offset)
        dissection.add("dhcpv6.userclass.length", size)
        if size:
            dissection.add("dhcpv6.userclass.opaque_data", take(body, offset + 2, size))
        offset += 2 + size


def _add_vendor_class(dissection: Dissection, body: bytes) -> None:
    if len(body) < 4:
        return
    dissection.add("dhcpv6.vendorclass.enterprise", u32(body, 0))
    offset = 4
    while offset + 2 <= len(body):
        size = u16(body, offset)
        text = body[offset + 2 : offset + 2 + size].partition(b"\0")[0]
        dissection.add("dhcpv6.vendorclass.data", text.decode("utf-8", "replace"))
        offset += 2 + size


def _add_vendor_options(dissection: Dissection, body: bytes) -> None:
    if len(body) < 4:
        return
    dissection.add("dhcpv6.vendoropts.enterprise", u32(body, 0))
    name = "dhcpv6.vendoropts.enterprise.option"
    offset = 4
    while offset + 4 <= len(body):
        size = u16(body, offset + 2)
        dissection.add(f"{name}_code", u16(body, offset))
        dissection.add(f"{name}_length", size)
        dissection.add(f"{name}_data", body[offset + 4 : offset + 4 + size])
        offset += 4 + size


def _add_remote_identifier(dissection: Dissection, body: bytes) -> None:
    if len(body) < 4:
        return
    dissection.add("dhcpv6.remoteid.enterprise", u32(body, 0))
    if len(body) > 4:
        dissection.add("dhcpv6.remoteid_enterprise_id", body[4:])


def _add_excluded(dissection: Dissection, body: bytes) -> None:
    """A prefix that delegation leaves out (RFC 6603)."""
    if len(body) >= 2:
        dissection.add("dhcpv6.pd_exclude.pref_len", body[0])
        dissection.add("dhcpv6.pd_exclude.subnet_id", body[1:])


def _add_lease_query(dissection: Dissection, body: bytes) -> None:
    if len(body) < 17:
        return
    dissection.add("dhcpv6.lq_query", body[0])
    dissection.add("dhcpv6.lq_query_link_address", body[1:17])


def _add_time_servers(dissection: Dissection, body: bytes) -> None:
    """Time servers as suboptions (RFC 5908)."""
    offset = 0
    while offset + 4 <= len(body):
        kind, size = u16(body, offset), u16(body, offset + 2)
        dissection.add("dhcpv6.ntpserver.option.type", kind)
        dissection.add("dhcpv6.ntpserver.option.length", size)
        value = take(body, offset + 4, size)
        if kind in (1, 2) and size == 16:
            dissection.add(f"dhcpv6.ntpserver.{'addr' if kind == 1 else 'mc_addr'}", value)
        elif kind == 3:
            _add_domains(dissection, "dhcpv6.ntpserver.fqdn", value)
        offset += 4 + size


_Adder: TypeAlias = Callable[[Dissection, bytes], None]

_STRUCTURED: Final[dict[int, _Adder]] = {
    1: _add_duid,
    2: _add_duid,
    3: _add_association,
    4: _add_temporary,
    5: _add_address,
    6: _add_requests,
    8: _add_elapsed,
    11: _add_authentication,
    12: _add_unicast,
    13: _add_status,
    15: _add_user_class,
    16: _add_vendor_class,
    17: _add_vendor_options,
    25: _add_association,
    26: _add_prefix,
    37: _add_remote_identifier,
    44: _add_lease_query,
    53: _add_duid,
    56: _add_time_servers,
    67: _add_excluded,
}
