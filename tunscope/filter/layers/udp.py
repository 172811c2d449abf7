"""UDP and UDP-Lite (RFC 768, RFC 3828)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.assignments import assignments
from tunscope.filter.layers.dissection import (
    CHECKSUM_GROUP,
    ERROR,
    MALFORMED_GROUP,
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Octets,
    Payload,
    u16,
)
from tunscope.filter.layers.registry import dissector_of, takes
from tunscope.filter.layers.tcp_conversation import udp_facts

_IPV6: Final = 6
#: States of a checksum that is 0: where there may be none, and where there must be one.
_ABSENT, _ILLEGAL = 3, 4


@takes("ip.proto", 136)
def dissect_udplite(dissection: Dissection, octets: Octets) -> None:
    """Dissect a UDP-Lite header and hand on what it carries."""
    wanted = dissection.begin("udplite", octets, 8, needs=4)
    data = octets.data
    source, destination = u16(data, 0), u16(data, 2)
    add = dissection.add
    if wanted:
        add("udp.srcport", source)
        add("udp.dstport", destination)
        add("udp.port", source)
        add("udp.port", destination)
    coverage = u16(data, 4)
    if wanted:
        add("udp.checksum_coverage", coverage)
        add("udp.length", octets.reported)
        bad = 0 < coverage < 8 or coverage > octets.reported
        if bad and not dissection.network.quoted:
            message = f"Bad checksum coverage length value {coverage}"
            group = MALFORMED_GROUP
            dissection.expert("udplite.checksum_coverage.bad", ERROR, group, message)
    checksum = u16(data, 6)
    if wanted:
        add("udp.checksum", checksum)
        add("udp.checksum.status", 2 if checksum else 4)
        if not checksum:
            message = "Illegal checksum value (0)"
            dissection.expert("udp.checksum.zero", ERROR, CHECKSUM_GROUP, message)
    facts = udp_facts(dissection, source, destination, timed=False)
    if facts is not None and wanted:
        add("udp.stream", facts.stream)
    payload = octets.rest(8)
    if wanted and payload.reported and payload.data:
        add("udp.payload", payload.data)
    _hand_on(dissection, payload, source, destination, -1 if facts is None else facts.stream)


@takes("ip.proto", 17)
def dissect_udp(dissection: Dissection, octets: Octets) -> None:
    """Dissect a UDP header and hand on what it carries."""
    wanted = dissection.begin("udp", octets, 8, needs=4)
    data = octets.data
    source, destination = u16(data, 0), 0
    if wanted:
        destination = u16(data, 2)
        dissection.add("udp.srcport", source)
        dissection.add("udp.dstport", destination)
        dissection.add_all(("udp.port",), source)
        dissection.add_all(("udp.port",), destination)
    destination = u16(data, 2)
    length = u16(data, 4)
    jumbo = not length and octets.reported > 0xFFFF
    if wanted:
        dissection.add("udp.length", octets.reported if jumbo else length)
        if not length and not jumbo and dissection.network.version == _IPV6:
            message = "Length is zero but payload < 65536"
            dissection.expert("udp.length.bad_zero", WARN, PROTOCOL_GROUP, message)
    if jumbo or (not length and dissection.network.version == _IPV6):
        length = octets.reported
    if length < 8:
        if wanted:
            message = f"Bad length value {length} < 8"
            dissection.expert("udp.length.bad", ERROR, MALFORMED_GROUP, message)
        return
    too_long = length > octets.reported
    if too_long and not dissection.network.fragment and wanted and not dissection.network.quoted:
        message = f"Bad length value {length} > IP payload length"
        dissection.expert("udp.length.bad", ERROR, MALFORMED_GROUP, message)
    unbounded = octets.rest(8)
    octets.trim(length)
    data = octets.data
    checksum = u16(data, 6)
    if wanted:
        dissection.add("udp.checksum", checksum)
        if checksum:
            dissection.add("udp.checksum.status", 2)
        elif dissection.network.version != _IPV6:
            dissection.add("udp.checksum.status", _ABSENT)
        else:
            dissection.add("udp.checksum.status", _ILLEGAL)
            message = "Illegal checksum value (0)"
            dissection.expert("udp.checksum.zero", ERROR, CHECKSUM_GROUP, message)
    timed = payload_follows(octets) and not dissection.network.quoted
    facts = udp_facts(dissection, source, destination, timed=timed)
    if facts is not None and wanted:
        dissection.add("udp.stream", facts.stream)
        if timed:
            dissection.add("udp.time_relative", facts.relative_ns)
            dissection.add("udp.time_delta", facts.delta_ns)
    payload = octets.rest(8)
    if wanted and payload.reported and unbounded.data:
        # As tshark has it: up to the end of what IP carries, whatever the length says.
        dissection.add("udp.payload", unbounded.data)
    _hand_on(dissection, payload, source, destination, -1 if facts is None else facts.stream)


def payload_follows(octets: Octets) -> bool:
    """Whether the datagram `octets` carries anything."""
    return octets.reported > 8


def _hand_on(
    dissection: Dissection, payload: Octets, source: int, destination: int, stream: int
) -> None:
    """Give the payload to whoever takes one of the ports, the lower one first."""
    if not payload.reported:
        return
    for port in sorted((source, destination)):
        dissector = dissector_of("udp.port", port)
        if dissector is not None:
            dissector(dissection, payload)
            return
        if port in assignments("udp.port"):
            break
    network = dissection.network
    dissection.payloads.append(Payload("udp", source, destination, payload, network, stream=stream))
