"""Which fields depend on what their application remembers of earlier packets."""

from __future__ import annotations

from typing import Final

#: Protocols whose packets cannot be read without those before them.
_PROTOCOLS: Final = frozenset({"http", "tls", "ssh", "quic"})
#: Single fields of the others.
_FIELDS: Final = frozenset(
    {
        "dns.response_to", "dns.time", "dns.retransmission", "dns.retransmit_request",
        "dns.retransmit_response", "dns.retransmit_request_in", "dns.retransmit_response_in",
        "dns.unsolicited", "dhcpv6.time", "nbns.response_to", "nbns.time", "ntp.response_to",
        "ntp.delta_time", "icmpv6.resp_to", "icmpv6.resptime", "icmp.resp_to", "icmp.resptime",
        "wg.stream", "wg.response_to", "wg.receiver_pubkey",
        "openvpn.fragment", "openvpn.fragments", "openvpn.fragment.count",
        "openvpn.fragment_bytes", "openvpn.reassembled.length",
    }
)  # fmt: skip


def is_remembered(field: str) -> bool:
    """Whether the occurrences of `field` depend on the packets before."""
    return field.partition(".")[0] in _PROTOCOLS or field in _FIELDS
