"""Options of DHCP (RFC 2132, 3004, 3397, 3442)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import all_fields, value_name
from tunscope.dissect.formats import duration

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_PAD: Final = 0
_MESSAGE_TYPE: Final = 53
_REQUEST_LIST: Final = 55
_CLIENT_ID: Final = 61
_END: Final = 255
#: Options that are a number of seconds.
_DURATIONS: Final = frozenset({24, 35, 38, 51, 58, 59})
#: Titles where they are not the label of the option's field, by the option's number.
_TITLES: Final = {
    33: "Static Route",
    43: "Vendor-Specific Information",
    _MESSAGE_TYPE: "DHCP Message Type",
    _REQUEST_LIST: "Parameter Request List",
    _CLIENT_ID: "Client identifier",
    57: "Maximum DHCP Message Size",
    77: "User Class Information",
    81: "Client Fully Qualified Domain Name",
    82: "Agent Information Option",
    90: "Authentication",
    93: "Client System Architecture",
    94: "Client Network Device Interface",
    97: "UUID/GUID-based Client Identifier",
    108: "IPv6-Only Preferred",
    114: "DHCP Captive-Portal",
    116: "DHCP Auto-Configuration",
    119: "Domain Search",
    121: "Classless Static Route",
    125: "V-I Vendor-specific Information",
    252: "Private/Proxy autodiscovery",
    _END: "End",
}
#: What the fields of options are called, by the option's number.
_FIELDS: Final = {
    1: "subnet_mask", 2: "time_offset", 3: "router", 4: "time_server", 5: "name_server",
    6: "domain_name_server", 7: "log_server", 8: "quotes_server", 9: "lpr_server",
    10: "impress_server", 11: "resource_location_server", 12: "hostname", 13: "boot_file_size",
    14: "merit_dump_file", 15: "domain_name", 16: "swap_server", 17: "root_path",
    18: "extension_path", 19: "ip_forwarding", 20: "non_local_source_routing",
    22: "max_datagram_reassembly_size", 23: "default_ip_ttl", 24: "path_mtu_aging_timeout",
    26: "interface_mtu", 27: "all_subnets_are_local", 28: "broadcast_address",
    29: "perform_mask_discovery", 30: "mask_supplier", 31: "perform_router_discover",
    32: "router_solicitation_address", 34: "trailer_encapsulation", 35: "arp_cache_timeout",
    36: "ethernet_encapsulation", 37: "tcp_default_ttl", 38: "tcp_keepalive_interval",
    39: "tcp_keepalive_garbage", 40: "nis_domain", 41: "nis_server", 42: "ntp_server",
    44: "netbios_over_tcpip_name_server", 45: "netbios_over_tcpip_dd_name_server",
    46: "netbios_over_tcpip_node_type", 47: "netbios_over_tcpip_scope",
    48: "xwindows_system_font_server", 49: "xwindows_system_display_manager",
    50: "requested_ip_address", 51: "ip_address_lease_time", 52: "option_overload", 53: "dhcp",
    54: "dhcp_server_id", 55: "request_list_item", 56: "message", 57: "dhcp_max_message_size",
    58: "renewal_time_value", 59: "rebinding_time_value", 60: "vendor_class_id",
    66: "tftp_server_name", 67: "bootfile_name", 69: "smtp_server", 70: "pop3_server",
    93: "client_system_architecture", 116: "dhcp_auto_configuration",
    118: "subnet_selection_option", 150: "tftp_server_address", 252: "private_proxy_autodiscovery",
}  # fmt: skip


def add_options(parent: Tree, window: Window, offset: int) -> int | None:
    """Add the options from `offset` on; return the message type if there is one."""
    message = None
    while offset < window.length:
        kind = window.u8(offset)
        if kind == _PAD:
            offset += _add_padding(parent, window, offset)
            continue
        if kind == _END:
            end = parent.field(
                "dhcp.option.type", offset, 1, value="0", label=f"Option: ({_END}) End"
            )
            end.field("dhcp.option.end", offset, 1)
            if window.captured > offset + 1:
                size = window.captured - offset - 1
                parent.field("dhcp.option.padding", offset + 1, size)
            break
        size = window.u8(offset + 1)
        option = parent.marked(
            "dhcp.option.type", f"Option: ({kind}) {title_of(kind)}", offset, 2 + size
        )
        option.value = str(kind)
        option.field("dhcp.option.length", offset + 1, 1)
        window.check(offset + 2, size)
        _add_value(option, window, kind, offset + 2, size)
        if kind == _MESSAGE_TYPE and size:
            message = window.u8(offset + 2)
        offset += 2 + size
    return message


def title_of(kind: int) -> str:
    """Return the title of an option."""
    field = all_fields().get(f"dhcp.option.{_FIELDS.get(kind, '')}")
    return _TITLES.get(kind) or (field.label if field else "Unassigned")


def _add_padding(parent: Tree, window: Window, offset: int) -> int:
    """Add the zeros at `offset` as one field; return how many there are."""
    zeros = window.rest(offset)
    count = max(len(zeros) - len(zeros.lstrip(b"\0")), 1)
    parent.field("dhcp.option.padding", offset, count)
    return count


def _add_value(option: Tree, window: Window, kind: int, offset: int, size: int) -> None:
    name = f"dhcp.option.{_FIELDS.get(kind, 'value')}"
    spec = all_fields().get(name)
    if spec is None or not size:
        if size:
            option.field("dhcp.option.value", offset, size)
        return
    if kind == _REQUEST_LIST:
        for at in range(offset, offset + size):
            item = window.u8(at)
            option.field(name, at, 1, text=f"({item}) {title_of(item)}")
    elif spec.kind == "IPv4":
        for at in range(offset, offset + size - 3, 4):
            node = option.field(name, at, 4)
            if size == 4:
                option.label += f" ({node.value})"
    elif spec.kind.startswith(("UINT", "INT")) and size in {1, 2, 4}:
        note = f" ({duration(window.number(offset, size))})" if kind in _DURATIONS else ""
        option.field(name, offset, size, note=note)
        if kind == _MESSAGE_TYPE:
            option.label += f" ({value_name(name, window.u8(offset))})"
    else:
        option.field(name if "STRING" in spec.kind else "dhcp.option.value", offset, size)
