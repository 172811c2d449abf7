"""The options of DHCP, by their numbers (IANA's bootp-dhcp-parameters)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import ERROR, PROTOCOL_GROUP, Dissection, u16, u32

#: Options that hold IPv4 addresses.
_ADDRESSES: Final = {
    1: "subnet_mask", 3: "router", 4: "time_server", 5: "name_server", 6: "domain_name_server",
    7: "log_server", 8: "quotes_server", 9: "lpr_server", 10: "impress_server",
    11: "resource_location_server", 16: "swap_server", 28: "broadcast_address",
    32: "router_solicitation_address", 41: "nis_server", 42: "ntp_server",
    44: "netbios_over_tcpip_name_server", 45: "netbios_over_tcpip_dd_name_server",
    48: "xwindows_system_font_server", 49: "xwindows_system_display_manager",
    50: "requested_ip_address", 54: "dhcp_server_id", 65: "nis_plus_server",
    68: "mobile_ip_home_agent", 69: "smtp_server", 70: "pop3_server", 71: "nntp_server",
    72: "default_www_server", 73: "default_finger_server", 74: "default_irc_server",
    75: "streettalk_server", 76: "streettalk_da_server", 118: "subnet_selection_option",
    150: "tftp_server_address",
}  # fmt: skip
_STRINGS: Final = {
    12: "hostname", 14: "merit_dump_file", 15: "domain_name", 17: "root_path",
    18: "extension_path", 40: "nis_domain", 47: "netbios_over_tcpip_scope", 56: "message",
    60: "vendor_class_id", 64: "nis_plus_domain", 66: "tftp_server_name", 67: "bootfile_name",
    98: "uap", 114: "captive_portal", 252: "private_proxy_autodiscovery",
    100: "tz_pcode", 101: "tz_tcode",
}  # fmt: skip
_U8: Final = {
    23: "default_ip_ttl", 37: "tcp_default_ttl", 46: "netbios_over_tcpip_node_type",
    52: "option_overload", 53: "dhcp",
}  # fmt: skip
_BOOLEANS: Final = {
    19: "ip_forwarding", 20: "non_local_source_routing", 27: "all_subnets_are_local",
    29: "perform_mask_discovery", 30: "mask_supplier", 31: "perform_router_discover",
    34: "trailer_encapsulation", 36: "ethernet_encapsulation", 39: "tcp_keepalive_garbage",
}  # fmt: skip
_U16: Final = {
    13: "boot_file_size", 22: "max_datagram_reassembly_size", 26: "interface_mtu",
    57: "dhcp_max_message_size", 93: "client_system_architecture",
}  # fmt: skip
_U32: Final = {
    24: "path_mtu_aging_timeout", 35: "arp_cache_timeout", 38: "tcp_keepalive_interval",
    51: "ip_address_lease_time", 58: "renewal_time_value", 59: "rebinding_time_value",
}  # fmt: skip

#: Options of one address; the others have a list.
_SINGLE: Final = frozenset({1, 16, 28, 32, 50, 54})
_EXACT: Final = {
    **dict.fromkeys(_SINGLE, 4),
    **dict.fromkeys(_U8.keys() - {52, 53}, 1),
    **dict.fromkeys(_BOOLEANS, 1),
    **dict.fromkeys(_U16.keys() - {93}, 2),
    **dict.fromkeys(_U32, 4),
    2: 4,
    116: 1,
}
_MULTIPLE: Final = {**dict.fromkeys(_ADDRESSES.keys() - _SINGLE, 4), 33: 8, 93: 2}
_AT_LEAST: Final = {52: 1, 81: 3, 121: 5, 249: 5}

_AGENT: Final = "dhcp.option.agent_information_option"


def add_option(dissection: Dissection, kind: int, body: bytes) -> None:
    """Note what option `kind` holds, where its meaning is known and its length can be."""
    add = dissection.add
    complaint = _complaint(kind, len(body))
    if complaint:
        dissection.expert("dhcp.bad_length", ERROR, PROTOCOL_GROUP, complaint)
        if kind not in _MULTIPLE:
            return
    if kind in _ADDRESSES:
        for place in range(0, len(body) - 3, 4):
            add(f"dhcp.option.{_ADDRESSES[kind]}", u32(body, place))
    elif kind in _STRINGS and body:
        add(f"dhcp.option.{_STRINGS[kind]}", body.rstrip(b"\0").decode("utf-8", "replace"))
    elif kind in _U8 and body:
        add(f"dhcp.option.{_U8[kind]}", body[0])
    elif kind in _BOOLEANS and body:
        add(f"dhcp.option.{_BOOLEANS[kind]}", body[0])
    elif kind in _U16 and len(body) >= 2:
        add(f"dhcp.option.{_U16[kind]}", u16(body, 0))
    elif kind in _U32 and len(body) >= 4:
        add(f"dhcp.option.{_U32[kind]}", u32(body, 0))
    else:
        _add_structured(dissection, kind, body)


def _complaint(kind: int, size: int) -> str:
    """Return what is wrong with an option of `size` bytes, an empty string if nothing is."""
    if size != _EXACT.get(kind, size):
        return f"length isn't {_EXACT[kind]}"
    if size % _MULTIPLE.get(kind, 1):
        return f"Option length isn't a multiple of {_MULTIPLE[kind]}"
    if size < _AT_LEAST.get(kind, 0):
        return f"length isn't >= {_AT_LEAST[kind]}"
    return ""


def _add_structured(dissection: Dissection, kind: int, body: bytes) -> None:
    add = dissection.add
    match kind:
        case 2 if len(body) == 4:
            offset = u32(body, 0)
            add("dhcp.option.time_offset", (offset - (offset >> 31 << 32)) * 10**9)
        case 55:
            for item in body:
                add("dhcp.option.request_list_item", item)
        case 61:
            _add_client_id(dissection, body)
        case 33:
            for place in range(0, len(body) - 7, 8):
                add("dhcp.option.static_route.ip", u32(body, place))
                add("dhcp.option.static_route.router", u32(body, place + 4))
        case 77:
            _add_user_classes(dissection, body)
        case 81 if len(body) >= 3:
            _add_client_name(dissection, body)
        case 82:
            _add_agent(dissection, body)
        case 94 if len(body) >= 3:
            add("dhcp.client_network_id_major", body[1])
            add("dhcp.client_network_id_minor", body[2])
        case 97 if len(body) == 17:
            add("dhcp.client_id.uuid", body[1:])
        case 116 if body:
            add("dhcp.option.dhcp_auto_configuration", body[0])
        case 119:
            _add_search_list(dissection, body)
        case 121 | 249:
            _add_routes(dissection, body)
        case _:
            pass


def _add_client_id(dissection: Dissection, body: bytes) -> None:
    """A hardware type and address, or whatever the client chose (RFC 2132, 9.14)."""
    if len(body) < 1:
        return
    add = dissection.add
    if body[0] == 0xFF and len(body) > 7:
        add("dhcp.client_id.iaid", u32(body, 1))
        add("dhcp.client_id.duid_type", u16(body, 5))
        return
    if len(body) == 7 and 0 < body[0] < 48:
        add("dhcp.hw.type", body[0])
        if body[0] in (1, 6):
            add("dhcp.hw.mac_addr", body[1:])
        else:
            add("dhcp.client_hardware_address", body[1:].hex())
    elif len(body) == 17 and body[0] == 0:
        add("dhcp.client_id.uuid", body[1:])
    else:
        add("dhcp.client_id.type", body[0])
        if body[0] == 0 and len(body) > 1:
            add("dhcp.client_id.undef", body[1:])


def _add_client_name(dissection: Dissection, body: bytes) -> None:
    """The client's full name (RFC 4702)."""
    add = dissection.add
    flags = body[0]
    add("dhcp.fqdn.flags", flags)
    add("dhcp.fqdn.mbz", flags >> 4)
    dissection.add_bits(
        flags,
        (("dhcp.fqdn.n", 8), ("dhcp.fqdn.e", 4), ("dhcp.fqdn.o", 2), ("dhcp.fqdn.s", 1)),
    )
    add("dhcp.fqdn.rcode1", body[1])
    add("dhcp.fqdn.rcode2", body[2])
    if len(body) > 3 and not flags & 4:
        add("dhcp.fqdn.name", body[3:].decode("utf-8", "replace"))


def _add_user_classes(dissection: Dissection, body: bytes) -> None:
    """Lengths and data, one instance after the other (RFC 3004)."""
    offset = instance = 0
    while offset < len(body):
        size = body[offset]
        dissection.add("dhcp.option.user_class", instance)
        dissection.add("dhcp.option.user_class.length", size)
        dissection.add("dhcp.option.user_class.data", body[offset + 1 : offset + 1 + size])
        offset += 1 + size
        instance += 1


def _add_agent(dissection: Dissection, body: bytes) -> None:
    """Relay agent information (RFC 3046)."""
    add = dissection.add
    offset = 0
    while offset + 2 <= len(body):
        kind, size = body[offset], body[offset + 1]
        value = body[offset + 2 : offset + 2 + size]
        add(f"{_AGENT}.suboption", kind)
        add("dhcp.option.suboption_length", size)
        if kind == 1:
            add(f"{_AGENT}.agent_circuit_id", value)
        elif kind == 2:
            add(f"{_AGENT}.agent_remote_id", value)
        elif kind in (5, 11) and size == 4:
            add(
                f"{_AGENT}.{'link_selection' if kind == 5 else 'server_id_override'}", u32(value, 0)
            )
        elif kind == 6:
            add(f"{_AGENT}.subscriber_id", value.rstrip(b"\0").decode("utf-8", "replace"))
        else:
            add(f"{_AGENT}.value", value)
        offset += 2 + size


def _add_search_list(dissection: Dissection, body: bytes) -> None:
    """Domain names that may point into each other (RFC 3397)."""
    offset = 0
    while offset < len(body):
        name, offset, _ = read_name(body, offset)
        dissection.add("dhcp.option.dhcp_dns_domain_search_list_fqdn", name)


def _add_routes(dissection: Dissection, body: bytes) -> None:
    """Classless static routes (RFC 3442)."""
    add = dissection.add
    offset = 0
    while offset < len(body):
        width = body[offset]
        if width > 32:
            return
        octets = (width + 7) // 8
        gateway = body[offset + 1 + octets : offset + 5 + octets]
        if len(gateway) < 4:
            return
        add("dhcp.option.classless_static_route", body[offset : offset + 5 + octets])
        offset += 5 + octets
