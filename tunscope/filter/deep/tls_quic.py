"""The transport parameters of QUIC in TLS hellos (RFC 9000, 18)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.numbers import read_number
from tunscope.filter.layers.dissection import Dissection, take, u32

_PREFIX: Final = "tls.quic.parameter"
#: Parameters that are a number.
_NUMBERS: Final = {
    0x01: "max_idle_timeout",
    0x03: "max_udp_payload_size",
    0x04: "initial_max_data",
    0x05: "initial_max_stream_data_bidi_local",
    0x06: "initial_max_stream_data_bidi_remote",
    0x07: "initial_max_stream_data_uni",
    0x08: "initial_max_streams_bidi",
    0x09: "initial_max_streams_uni",
    0x0A: "ack_delay_exponent",
    0x0B: "max_ack_delay",
    0x0E: "active_connection_id_limit",
    0x20: "max_datagram_frame_size",
    0x1057: "loss_bits",
    0x7158: "enable_time_stamp_v2",
    0x3127: "google.initial_rtt",
    0xDE1A: "min_ack_delay",
}
_BYTES: Final = {
    0x00: "original_destination_connection_id",
    0x02: "stateless_reset_token",
    0x0F: "initial_source_connection_id",
    0x10: "retry_source_connection_id",
    0x3128: "google.connection_options",
}
_USER_AGENT, _VERSION = 0x3129, 0x4752


def add_parameters(dissection: Dissection, data: bytes) -> None:
    """Note the parameters in an extension's data."""
    add = dissection.add
    offset = 0
    while offset < len(data):
        kind, offset = read_number(data, offset)
        size, offset = read_number(data, offset)
        body = take(data, offset, size)
        offset += size
        add(_PREFIX, None)
        add(f"{_PREFIX}.type", kind)
        add(f"{_PREFIX}.length", size)
        add(f"{_PREFIX}.value", body)
        if kind in _NUMBERS and body:
            add(f"{_PREFIX}.{_NUMBERS[kind]}", read_number(body, 0)[0])
        elif kind in _BYTES:
            add(f"{_PREFIX}.{_BYTES[kind]}", body)
        elif kind == _USER_AGENT:
            add(f"{_PREFIX}.google.user_agent", body.decode("utf-8", "replace"))
        elif kind == _VERSION:
            add(f"{_PREFIX}.google.quic_version", u32(body, 0))
