"""The columns of a capture: names, types and meaning. Whoever evaluates columns reads this.

Four kinds of table, all of them flat numpy arrays that only grow:

* the **packet table** (`PACKET_COLUMNS` and `HEADER_COLUMNS`), one row a packet. Row = packet
  number - 1. Its header columns describe the *outer* headers: the link layer, the first network
  header and its transport header.
* one **inner table** a nesting level (`INNER_COLUMNS` and `HEADER_COLUMNS`), one row for every
  header stack found inside the previous level: behind IPIP, 6in4, GRE, ERSPAN, VXLAN, GENEVE,
  GTP-U, Teredo, or quoted by an ICMP or ICMPv6 error. Sparse and in packet order; column
  `packet` names the row of the packet table. A level holds each kind of header at most once.
* the **shim table** (`SHIM_COLUMNS`), one row for every header that stands between link, network
  and transport header: VLAN tags, MPLS labels, PPPoE, GRE, IPv6 extension headers and so on.
* the **dictionaries**: IPv6 addresses and MACs (`columns.addresses`), conversations
  (`columns.flows`). Columns hold their ids. In every dictionary id 0 means "none".

A column that does not apply to a packet holds 0; whether it applies, `layers` says. Numbers are
in host order. Offsets count bytes from the start of the packet. Nothing is ever read past
caplen: what was not captured holds 0. In the header that Layer.CUT is about, a field counts only
if it lies before caplen; Layer.ADDRESSES, PORTS and the TCP bits have seen to that already, but
an IPv4 or IPv6 header that is cut may have `ttl` and `src` without ADDRESSES.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

#: A column's name and its numpy type code.
ColumnTypes = dict[str, str]

#: Bits of `offset` that hold the place in the file; the segment number stands above them.
OFFSET_BITS: Final = 48
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
#: Segments that `offset` can tell apart.
MAX_SEGMENTS: Final = 1 << (64 - OFFSET_BITS)
#: Levels of headers decoded at most, the outer one included. What lies deeper is payload.
MAX_LEVELS: Final = 10
#: The id that means "none" in address and flow columns.
NO_ID: Final = 0
#: What stands in the column `flow` until somebody asks for it; no reader ever sees it.
UNNUMBERED: Final = 0xFFFFFFFF

#: What the capture file says about a packet.
PACKET_COLUMNS: Final[ColumnTypes] = {
    # Place of the packet's first byte in its file; top 16 bits: number of the spool segment.
    "offset": "u8",
    # Nanoseconds since 1970-01-01T00:00:00Z, saturated to what 64 bits hold.
    "ts_ns": "i8",
    # Captured bytes and bytes on the device (frame.cap_len, frame.len).
    "caplen": "u4",
    "origlen": "u4",
    # Index into the capture's interfaces across all sections; it knows the link type. 0 for a
    # custom block, which has none.
    "interface": "u2",
    # RecordFlag bits.
    "flags": "u1",
}

#: What the headers of one level say. The same columns in the packet table and in inner tables.
HEADER_COLUMNS: Final[ColumnTypes] = {
    # Layer bits: which headers are there, and what became of them.
    "layers": "u4",
    # The type field of the link header (eth.type, sll.etype, the protocol of GRE for what stands
    # behind GRE): 0x8100 for a tagged frame, 0 for a length. Shims hold the types behind tags.
    "ethertype": "u2",
    # Tag control information (priority, DEI, 12 bits id) of the first 802.1Q tag.
    "vlan": "u2",
    # Where the IPv4, IPv6 or ARP header starts; 0 where there is none and in raw IP captures.
    "l3_offset": "u2",
    # Where the bytes of `ip_proto` start; 0 if not reached (later fragment, cut short).
    "l4_offset": "u2",
    # Protocol number behind the IP header and, for IPv6, behind its extension headers.
    "ip_proto": "u1",
    # ip.ttl or ipv6.hlim.
    "ttl": "u1",
    # IPv4: the address as a number. IPv6: id in the IPv6 dictionary. Valid with Layer.ADDRESSES.
    # ARP over Ethernet and IPv4: protocol address of sender and target, without ADDRESSES.
    "src": "u4",
    "dst": "u4",
    # Ids in the MAC dictionary. ETHERNET: both. SLL, SLL2: the sender's, if it has 6 bytes.
    "mac_src": "u4",
    "mac_dst": "u4",
    # TCP, UDP, UDP-Lite and SCTP ports, valid with Layer.PORTS. ICMP and ICMPv6: type in
    # `sport`, code in `dport`, without PORTS. ARP: opcode in `sport`.
    "sport": "u2",
    "dport": "u2",
    # The 12 flag bits of TCP (tcp.flags) and the raw window, valid with TCP_COMPLETE.
    "tcp_flags": "u2",
    "window": "u2",
    # TCP: raw sequence number, valid with TCP_SEQUENCE, and acknowledgement, with TCP_COMPLETE.
    # `FlowTable.sequence_bases` makes them relative.
    "seq": "u4",
    "ack": "u4",
    # TCP and UDP payload as their headers and IP's say it (tcp.len, udp.length - 8), whatever
    # was captured; saturated at 65535. tshark has a tcp.len only with TCP_SEQUENCE and without
    # QUOTED, FRAGMENT and MALFORMED.
    "payload_len": "u2",
    # Id of the TCP or UDP conversation in `columns.flows`; 0 for none. Conversations are numbered
    # when this column or the flow table is first asked for, or when the indexer has time.
    "flow": "u4",
}

#: Additional columns of an inner table.
INNER_COLUMNS: Final[ColumnTypes] = {
    # Row of the packet table. Ascending; a packet may occur more than once in a level.
    "packet": "u4",
    # Where this level's first header starts.
    "start": "u2",
}

#: Columns of the shim table, ordered by packet, then level, then offset.
SHIM_COLUMNS: Final[ColumnTypes] = {
    "packet": "u4",
    # 0 for the outer headers, n for inner table n - 1 of `CaptureIndex.inner`.
    "level": "u1",
    # A Shim number.
    "kind": "u1",
    # Where the header starts.
    "offset": "u2",
    # What makes the header interesting; see Shim.
    "value": "u4",
}


class RecordFlag(IntFlag):
    """Bits of the column `flags`."""

    #: Direction as in `epb_flags`, see packet.direction.
    DIRECTION = 0b11
    #: Reception type as in `epb_flags`: unicast, multicast, broadcast, promiscuous.
    RECEPTION = 0b11100
    #: The packet has at least one comment in the file.
    COMMENT = 1 << 5
    #: The block has options: `CaptureIndex.record` reads them.
    OPTIONS = 1 << 6
    #: The file holds no timestamp (simple packet block, custom block); `ts_ns` is 0.
    NO_TIMESTAMP = 1 << 7
    #: Both bits, which no packet has: the row is a pcapng Custom Block, without interface and
    #: headers.
    CUSTOM_BLOCK = OPTIONS | NO_TIMESTAMP


class Layer(IntFlag):
    """Bits of the column `layers`.

    A protocol's bit says that tshark would show the protocol, be it cut short or malformed.
    """

    ETHERNET = 1 << 0
    #: At least one 802.1Q tag; all of them, and those of 802.1ad, are in the shim table.
    VLAN = 1 << 1
    ARP = 1 << 2
    IPV4 = 1 << 3
    IPV6 = 1 << 4
    ICMP = 1 << 5
    ICMPV6 = 1 << 6
    TCP = 1 << 7
    UDP = 1 << 8
    SCTP = 1 << 9
    GRE = 1 << 10
    VXLAN = 1 << 11
    GENEVE = 1 << 12
    MPLS = 1 << 13
    PPPOE = 1 << 14
    LLC = 1 << 15
    #: Linux cooked capture, version 1 or 2.
    COOKED = 1 << 16
    #: The 4-byte family header of BSD loopback devices.
    LOOPBACK = 1 << 17
    #: IPv6 with at least one extension header; they are in the shim table.
    EXTENSION = 1 << 18
    #: More fragments follow, or this is not the first one.
    FRAGMENT = 1 << 19
    #: A fragment whose offset is not 0: no transport header in it.
    LATER_FRAGMENT = 1 << 20
    #: The capture ends before the headers do.
    CUT = 1 << 21
    #: A header contradicts itself or its surroundings.
    MALFORMED = 1 << 22
    #: The next level's inner table has rows of this packet.
    INNER = 1 << 23
    #: `src` and `dst` hold the addresses of the IPv4 or IPv6 header.
    ADDRESSES = 1 << 24
    #: `sport` and `dport` hold ports.
    PORTS = 1 << 25
    #: The TCP header's first 16 bytes are there and its length is possible: flags, window,
    #: acknowledgement are valid.
    TCP_COMPLETE = 1 << 26
    #: `seq` is valid: the first 16 bytes are there, or the 8 that an ICMP error quotes.
    TCP_SEQUENCE = 1 << 27
    #: The shim table has rows for this level of the packet.
    SHIMS = 1 << 28
    #: The packet goes from endpoint b to endpoint a of its conversation; see columns.flows.
    REVERSE = 1 << 29
    #: Inner tables only: these headers are, or lie within, what an ICMP or ICMPv6 error quotes.
    QUOTED = 1 << 30
    #: They are what an ICMP error quotes; tshark shows tcp.seq there, but no tcp.seq_raw.
    ICMP_QUOTE = 1 << 31


class Shim(IntEnum):
    """Values of the shim table's `kind`, and what its `value` holds."""

    #: An 802.1Q tag: control information in the top 16 bits, the type behind the tag below.
    VLAN = 1
    #: The label stack entry: label (20 bits), traffic class, bottom of stack, TTL.
    MPLS = 2
    #: Session id in the top 16 bits, the PPP protocol (session stage) or code in the others.
    PPPOE = 3
    #: The first 4 bytes: flags and version, protocol type.
    GRE = 4
    #: The 24-bit VNI.
    VXLAN = 5
    #: The 24-bit VNI.
    GENEVE = 6
    #: IPv6 extension headers and AH: next header in the top 8 bits, and below it, for FRAGMENT,
    #: the 16 bits of offset and flags; for ROUTING the type.
    HOP_BY_HOP = 7
    ROUTING = 8
    FRAGMENT = 9
    DESTINATION = 10
    AH = 11
    MOBILITY = 12
    #: DSAP and SSAP in the top 16 bits, the first byte of control below.
    LLC = 13
    #: An 802.1ad service tag (ieee8021ad), in the form of VLAN.
    SERVICE_VLAN = 14
