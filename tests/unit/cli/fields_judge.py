"""tshark as the judge of `-T fields`: the same packets, field by field."""

from __future__ import annotations

import contextlib
import io
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from summary_judge import OPTIONS

from tunscope.cli.read import read

_FIELDS: Final = """
    frame.number frame.time_epoch frame.time_delta frame.time_relative frame.len frame.cap_len
    frame.encap_type frame.interface_id frame.comment frame.packet_flags frame.section_number
    eth.src eth.dst eth.addr eth.type eth.len eth.padding eth.trailer eth.dst.ig eth.src.lg
    vlan.id vlan.priority vlan.dei vlan.etype
    llc.dsap llc.ssap llc.control llc.type
    sll.pkttype sll.halen sll.etype
    null.family
    arp.opcode arp.hw.type arp.proto.type arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac
    arp.dst.proto_ipv4 arp.isgratuitous
    ip.version ip.hdr_len ip.dsfield ip.dsfield.dscp ip.dsfield.ecn ip.len ip.id ip.flags
    ip.flags.df ip.flags.mf ip.frag_offset ip.ttl ip.proto ip.checksum ip.checksum.status ip.src
    ip.dst ip.addr ip.opt.type
    ipv6.version ipv6.tclass ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst ipv6.addr
    ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident ipv6.opt.type
    icmp.type icmp.code icmp.checksum icmp.ident icmp.ident_le icmp.seq icmp.seq_le
    icmp.data_time icmp.mtu
    icmpv6.type icmpv6.code icmpv6.checksum icmpv6.echo.identifier icmpv6.nd.ns.target_address
    icmpv6.nd.na.flag.s icmpv6.opt.type icmpv6.opt.linkaddr icmpv6.mtu
    tcp.srcport tcp.dstport tcp.port tcp.stream tcp.len tcp.seq tcp.seq_raw tcp.nxtseq tcp.ack
    tcp.ack_raw tcp.hdr_len tcp.flags tcp.flags.syn tcp.flags.ack tcp.flags.fin tcp.flags.reset
    tcp.flags.push tcp.flags.str tcp.window_size_value tcp.window_size
    tcp.window_size_scalefactor tcp.checksum tcp.checksum.status tcp.urgent_pointer tcp.options
    tcp.option_kind tcp.option_len tcp.options.mss_val tcp.options.wscale.shift
    tcp.options.wscale.multiplier tcp.options.sack_perm tcp.options.sack.count
    tcp.options.sack_le tcp.options.sack_re tcp.options.timestamp.tsval
    tcp.options.timestamp.tsecr tcp.time_relative tcp.time_delta tcp.payload tcp.completeness
    tcp.analysis.acks_frame tcp.analysis.ack_rtt tcp.analysis.initial_rtt
    tcp.analysis.bytes_in_flight tcp.analysis.push_bytes_sent tcp.analysis.flags
    tcp.analysis.retransmission tcp.analysis.duplicate_ack tcp.analysis.duplicate_ack_num
    tcp.analysis.lost_segment tcp.analysis.out_of_order tcp.analysis.zero_window
    tcp.analysis.window_update tcp.analysis.keep_alive tcp.analysis.rto
    udp.srcport udp.dstport udp.port udp.length udp.checksum udp.checksum.status udp.stream
    udp.payload udp.time_delta udp.time_relative
    gre.proto gre.flags_and_version gre.key gre.flags.key gre.sequence_number
    vxlan.vni
    geneve.vni geneve.proto_type
    mpls.label mpls.exp mpls.bottom mpls.ttl
    pppoe.code pppoe.session_id pppoe.payload_length
    ppp.protocol
    igmp.type igmp.maddr
    dns.id dns.flags dns.flags.response dns.flags.rcode dns.flags.opcode dns.count.queries
    dns.count.answers dns.qry.name dns.qry.name.len dns.qry.type dns.qry.class dns.resp.name
    dns.resp.type dns.resp.ttl dns.resp.len dns.a dns.aaaa dns.cname dns.ptr.domain_name dns.txt
    dns.srv.port dns.mx.mail_exchange
    http.request.method http.request.uri http.request.version http.response.code
    http.response.phrase http.host http.user_agent http.content_type http.content_length
    http.server http.request.full_uri http.cookie http.location
    tls.record.content_type tls.record.version tls.record.length tls.handshake.type
    tls.handshake.length tls.handshake.version tls.handshake.extensions_server_name
    tls.handshake.extensions_alpn_str tls.handshake.ciphersuite tls.handshake.extension.type
    tls.alert_message.level
    dhcp.type dhcp.hw.mac_addr dhcp.id dhcp.ip.client dhcp.ip.your dhcp.option.type
    dhcp.option.dhcp dhcp.option.requested_ip_address dhcp.option.router dhcp.option.subnet_mask
    dhcp.option.ip_address_lease_time
    ntp.flags ntp.flags.mode ntp.flags.vn ntp.stratum ntp.ppoll ntp.refid ntp.xmt ntp.rootdelay
"""
#: Every one of them is held to 99 % of the packets.
FIELDS: Final = tuple(_FIELDS.split())
COLUMNS: Final = ("_ws.col.Protocol", "_ws.col.Info")
#: The protocols whose Info texts are judged.
CORE: Final = ("TCP", "UDP", "ICMP", "ICMPv6", "ARP", "DNS")
_SEPARATORS: Final = ("separator=\x01", "aggregator=\x02")

Row = list[str]


def words(fields: Sequence[str]) -> list[str]:
    options = [word for one in _SEPARATORS for word in ("-E", one)]
    return ["-T", "fields", *options, *(word for name in fields for word in ("-e", name))]


def tshark_rows(path: Path, fields: Sequence[str]) -> list[Row]:
    """Return what tshark prints; also of a file that it then rejects."""
    command = ["tshark", *OPTIONS, "-r", str(path), *words(fields)]
    done = subprocess.run(command, capture_output=True, check=False)
    return _rows(done.stdout)


def tunscope_rows(path: Path, fields: Sequence[str]) -> list[Row]:
    """Return what `tunscope read` prints, in this process."""
    printed = io.BytesIO()
    with io.TextIOWrapper(printed) as stdout, contextlib.redirect_stdout(stdout):
        read.main([str(path), "--lenient", *words(fields)], standalone_mode=False)
        return _rows(printed.getvalue())


def _rows(printed: bytes) -> list[Row]:
    lines = printed.decode("utf-8", "replace").split("\n")
    return [line.split("\x01") for line in lines if line]


@dataclass
class Tally:
    """In how many packets each field is the same, and which ones are not."""

    captures: int = 0
    packets: int = 0
    present: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    infos: dict[str, list[bool]] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, theirs: list[Row], ours: list[Row]) -> None:
        """Compare a capture's packets; rows end with the columns."""
        assert len(ours) == len(theirs), f"{name}: {len(ours)} packets and not {len(theirs)}"
        self.captures += 1
        self.packets += len(theirs)
        for number, (expected, found) in enumerate(zip(theirs, ours, strict=True), 1):
            for one, theirs_, ours_ in zip((*FIELDS, *COLUMNS), expected, found, strict=True):
                self.present[one] += bool(theirs_ or ours_)
                self.same[one] += theirs_ == ours_
                if theirs_ != ours_:
                    line = f"{name} {number}: {theirs_!r} and not {ours_!r}"
                    self.differences.setdefault(one, []).append(line)
            protocol, info = expected[-2:]
            self.infos.setdefault(protocol, []).append(info == found[-1])

    def share(self, name: str) -> float:
        return self.same[name] / self.packets

    def info_share(self, protocol: str) -> float:
        judged = self.infos.get(protocol, [])
        return sum(judged) / len(judged) if judged else 0.0

    def table(self) -> str:
        """Return a line a field: packets that have it, and in how many of all it is equal."""
        lines = [f"{self.packets} packets of {self.captures} captures beside tshark"]
        lines.append(f"{'field':44}{'present':>9}{'equal':>9}")
        lines += [
            f"{name:44}{self.present[name]:9}{self.share(name):9.2%}"
            for name in (*FIELDS, *COLUMNS)
        ]
        for protocol in CORE:
            count = len(self.infos.get(protocol, []))
            lines.append(f"{'Info of ' + protocol:44}{count:9}{self.info_share(protocol):9.2%}")
        return "\n".join(lines)
