"""What tshark makes of a capture, as the tuples that field trees are compared by."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tunscope.dissect import FieldNode

OPTIONS = (
    "-n",
    "-o", "ip.defragment:FALSE",
    "-o", "ipv6.defragment:FALSE",
    "-o", "tcp.desegment_tcp_streams:FALSE",
)  # fmt: skip
#: The layers that are compared, field by field.
LAYERS = frozenset(
    ("eth", "vlan", "arp", "ip", "ipv6", "icmp", "icmpv6", "tcp", "udp", "dns", "mdns", "llmnr")
)
#: Fields that need the packets before this one.
STATEFUL = frozenset(
    (
        "tcp.stream",
        "tcp.completeness",
        "tcp.seq",
        "tcp.nxtseq",
        "tcp.ack",
        "tcp.window_size",
        "tcp.window_size_scalefactor",
        "tcp.pdu.size",
        "tcp.pdu.time",
        "tcp.pdu.last_frame",
        "tcp.time_relative",
        "tcp.time_delta",
        "tcp.analysis",
        "udp.stream",
        "udp.time_relative",
        "udp.time_delta",
        "icmp.resp_in",
        "icmp.resp_to",
        "icmp.resptime",
        "icmp.no_resp",
        "icmpv6.resp_in",
        "icmpv6.resp_to",
        "icmpv6.resptime",
        "icmpv6.no_resp",
        "dns.response_in",
        "dns.response_to",
        "dns.time",
        "dns.unsolicited",
        "dns.retransmission",
        "dns.retransmit_request",
        "dns.retransmit_response",
        "dns.retransmit_request_in",
        "dns.retransmit_response_in",
        "tcp.segment_data",
        "tcp.reassembled_in",
        "tcp.segments",
        "arp.duplicate-address-detected",
        "tcp.options.sack_le",
        "tcp.options.sack_re",
        "icmp.data_time_relative",
    )
)
Item = tuple[str, int, int, str]


def items_of_tshark(capture: Path) -> list[Counter[Item]]:
    """Return name, position, size and value of each compared node of each packet."""
    run = subprocess.run(
        ["tshark", *OPTIONS, "-r", str(capture), "-T", "pdml"], capture_output=True, check=False
    )
    text = run.stdout
    if b"</pdml>" not in text:
        text += b"</pdml>"
    return [Counter(_walk_element(packet)) for packet in ET.fromstring(text).iter("packet")]


def _walk_element(element: ET.Element) -> Iterator[Item]:
    for child in element:
        name = child.get("name", "")
        if child.get("hide") == "yes" or name in STATEFUL or name == "_ws.expert":
            continue
        if name.split(".")[0] in LAYERS:
            shown = child.get("show", "") if "." in name else ""
            yield name, int(child.get("pos", "0")), int(child.get("size", "0")), shown
        yield from _walk_element(child)


def items_of(root: FieldNode) -> Counter[Item]:
    """Return the same of a field tree."""
    return Counter(_walk_node(root))


def _walk_node(node: FieldNode) -> Iterator[Item]:
    for child in node.children:
        if child.name in STATEFUL or child.name == "_ws.expert":
            continue
        if child.name.split(".")[0] in LAYERS:
            yield child.name, child.start, child.stop - child.start, child.value
        yield from _walk_node(child)


@dataclass
class Agreement:
    """How many nodes are the same, and which ones only one side has."""

    same: int = 0
    missing: Counter[Item] = field(default_factory=Counter)
    extra: Counter[Item] = field(default_factory=Counter)

    def add(self, theirs: Counter[Item], ours: Counter[Item]) -> None:
        """Take in a packet."""
        self.same += (theirs & ours).total()
        self.missing += theirs - ours
        self.extra += ours - theirs

    @property
    def share(self) -> float:
        """Nodes that are the same among all nodes of either side."""
        return self.same / max(self.same + self.missing.total() + self.extra.total(), 1)
