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
    (
        "eth",
        "vlan",
        "arp",
        "ip",
        "ipv6",
        "icmp",
        "icmpv6",
        "tcp",
        "udp",
        "dns",
        "mdns",
        "llmnr",
        "carp",
    )
)
#: Fields that need the packets before this one.
STATEFUL = frozenset(
    (
        "arp.duplicate-address-detected",
        "dns.response_in",
        "dns.response_to",
        "dns.retransmission",
        "dns.retransmit_request",
        "dns.retransmit_request_in",
        "dns.retransmit_response",
        "dns.retransmit_response_in",
        "dns.time",
        "dns.unsolicited",
        "icmp.data_time_relative",
        "icmp.no_resp",
        "icmp.resp_in",
        "icmp.resp_to",
        "icmp.resptime",
        "icmpv6.no_resp",
        "icmpv6.resp_in",
        "icmpv6.resp_to",
        "icmpv6.resptime",
        "tcp.ack",
        "tcp.analysis",
        "tcp.completeness",
        "tcp.nxtseq",
        "tcp.options.sack_le",
        "tcp.options.sack_re",
        "tcp.pdu.last_frame",
        "tcp.pdu.size",
        "tcp.pdu.time",
        "tcp.reassembled_in",
        "tcp.segment_data",
        "tcp.segments",
        "tcp.seq",
        "tcp.stream",
        "tcp.time_delta",
        "tcp.time_relative",
        "tcp.window_size",
        "tcp.window_size_scalefactor",
        "udp.stream",
        "udp.time_delta",
        "udp.time_relative",
    )
)
#: A node by name, place, size and value, or by name, place and label.
Item = tuple[object, ...]


def packets_of(capture: Path, *options: str) -> list[ET.Element]:
    """Return tshark's dissection of each packet, under more `options`."""
    run = subprocess.run(
        ["tshark", *OPTIONS, *options, "-r", str(capture), "-T", "pdml"],
        capture_output=True,
        check=True,
    )
    return list(ET.fromstring(run.stdout).iter("packet"))


def items_of_tshark(packet: ET.Element) -> Counter[Item]:
    """Return name, place, size and value of each compared node of a packet."""
    return Counter(
        (
            element.get("name"),
            _number(element, "pos"),
            _number(element, "size"),
            element.get("show", "") if "." in element.get("name", "") else "",
        )
        for element in _elements(packet)
    )


def labels_of_tshark(packet: ET.Element) -> Counter[Item]:
    """Return name, place and label of each compared field of a packet."""
    return Counter(
        (element.get("name"), _number(element, "pos"), element.get("showname", ""))
        for element in _elements(packet)
        if "." in element.get("name", "")
    )


def _number(element: ET.Element, name: str) -> int:
    return int(element.get(name, "0"))


def _elements(parent: ET.Element) -> Iterator[ET.Element]:
    for child in parent:
        name = child.get("name", "")
        if child.get("hide") == "yes" or name in STATEFUL or name == "_ws.expert":
            continue
        if name.split(".", maxsplit=1)[0] in LAYERS:
            yield child
        yield from _elements(child)


def items_of(root: FieldNode) -> Counter[Item]:
    """Return name, place, size and value of each compared node of a field tree."""
    return Counter(
        (node.name, node.start, node.stop - node.start, node.value) for node in _nodes(root)
    )


def labels_of(root: FieldNode) -> Counter[Item]:
    """Return name, place and label of each compared field, brackets around it taken off."""
    return Counter(
        (node.name, node.start, _plain(node.label)) for node in _nodes(root) if "." in node.name
    )


def _plain(label: str) -> str:
    return label[1:-1] if label.startswith("[") and label.endswith("]") else label


def _nodes(parent: FieldNode) -> Iterator[FieldNode]:
    for child in parent.children:
        if child.name in STATEFUL or child.name == "_ws.expert":
            continue
        if child.name.split(".", maxsplit=1)[0] in LAYERS:
            yield child
        yield from _nodes(child)


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
    def total(self) -> int:
        """Nodes of either side, the same ones once."""
        return self.same + self.missing.total() + self.extra.total()

    @property
    def share(self) -> float:
        """Nodes that are the same among all of them."""
        return self.same / max(self.total, 1)

    def differences(self) -> str:
        """Return the commonest differences for a failure's message."""
        sides = (("only tshark", self.missing), ("only here", self.extra))
        return "; ".join(f"{side}: {items.most_common(12)}" for side, items in sides)
