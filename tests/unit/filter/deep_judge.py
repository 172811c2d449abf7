"""What tshark finds in the applications of a capture, and what our filters find there."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tunscope.capfile.reader import open_capture
from tunscope.filter.compiled import compile_filter
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.dissect import FrameContext, dissect
from tunscope.filter.errors import FilterError
from tunscope.filter.fieldtypes import BYTE_SEQUENCES, STRINGS, FieldType
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.table import lookup

#: No name look-ups, and nothing that needs several packets.
OPTIONS = (
    "-n",
    "-o", "ip.defragment:FALSE",
    "-o", "ipv6.defragment:FALSE",
    "-o", "tcp.desegment_tcp_streams:FALSE",
)  # fmt: skip
#: The protocols judged, by the first part of their fields' names.
PROTOCOLS = (
    "dns", "mdns", "llmnr", "nbns", "http", "ssdp", "tls", "dhcp", "dhcpv6", "ntp", "ssh", "igmp",
    "icmpv6", "quic", "wg", "openvpn",
)  # fmt: skip
#: Those of headers.
HEADERS = (
    "eth", "vlan", "ieee8021ad", "ieee8021ah", "ip", "ipv6", "icmp", "tcp", "udp", "gre", "pppoe",
    "pppoed", "mptcp",
)  # fmt: skip
#: Longer values are hard to write and say nothing more.
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Claim:
    """A filter, and the packets that tshark finds for it."""

    field: str
    text: str
    packets: frozenset[int]

    @property
    def protocol(self) -> str:
        return self.field.partition(".")[0]


def pdml(capture: Path) -> Iterator[dict[str, list[str]]]:
    """Yield each packet's fields as tshark shows them, in order."""
    command = ["tshark", *OPTIONS, "-r", str(capture), "-T", "pdml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for _, element in ET.iterparse(process.stdout):
            if element.tag != "packet":
                continue
            values = defaultdict(list)
            for node in element.iter():
                name = node.get("name")
                if name:
                    values[name].append(_shown(node))
            element.clear()
            yield values


def _shown(node: ET.Element) -> str:
    """A value as tshark shows it; lines with their ends, which attributes do not keep."""
    shown = node.get("show", "")
    if node.get("name", "").endswith((".line", ".chunked_trailer_part")):
        return bytes.fromhex(node.get("value", "")).decode("utf-8", "replace")
    return shown


def claims(capture: Path, protocols: Container[str] = PROTOCOLS) -> list[Claim]:
    """Return what tshark says of every field of `protocols` in a capture: where it exists, and
    where it equals its most frequent value."""
    existing: dict[str, set[int]] = defaultdict(set)
    equal: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, values in enumerate(pdml(capture), 1):
        for name, shown in values.items():
            if name.partition(".")[0] in protocols:
                existing[name].add(number)
                for value in shown:
                    equal[name][value].add(number)
    found = []
    for name, packets in sorted(existing.items()):
        found.append(Claim(name, name, frozenset(packets)))
        field = lookup(name)
        if field is None:
            continue
        counts = Counter({value: len(places) for value, places in equal[name].items()})
        value, _ = counts.most_common(1)[0]
        text = literal(field.type, value)
        if text:
            places = set().union(
                *(
                    places
                    for other, places in equal[name].items()
                    if literal(field.type, other) == text
                )
            )
            found.append(Claim(name, f"{name} == {text}", frozenset(places)))
    return found


def literal(kind: FieldType, shown: str) -> str:
    """Write a value that tshark shows as a filter does, an empty string where it cannot be."""
    if kind in (FieldType.NONE, FieldType.PROTOCOL) or len(shown) > LONGEST:
        return ""
    if kind in STRINGS:
        if not shown.isascii():
            return ""
        for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\r", "\\r"), ("\n", "\\n")):
            shown = shown.replace(plain, escaped)
        return f'"{shown}"' if shown.isprintable() else ""
    if kind in BYTE_SEQUENCES or kind is FieldType.GUID:
        return shown if kind is not FieldType.OID else ""
    if kind is FieldType.ABSOLUTE_TIME:
        # NTP's zero has no date.
        return f'"{shown}"' if shown != "NULL" else ""
    if kind is FieldType.CHAR:
        return str(ord(shown)) if len(shown) == 1 else shown
    return shown


def dissections(capture: Path) -> Iterator[Dissection]:
    """Yield our dissection of each packet, all of its fields."""
    tracker = ConversationTracker()
    first = previous = None
    with open_capture(str(capture)) as records:
        for number, record in enumerate(records, 1):
            first = record.ts_ns if first is None else first
            previous = record.ts_ns if previous is None else previous
            context = FrameContext(number, first, previous)
            yield dissect(record, context=context, conversations=tracker)
            previous = record.ts_ns


def found(texts: Iterable[str], packets: list[Dissection]) -> dict[str, frozenset[int] | str]:
    """Return which packets pass each filter, or why it is none."""
    results: dict[str, frozenset[int] | str] = {}
    for text in texts:
        try:
            compiled = compile_filter(text)
        except FilterError as error:
            results[text] = str(error)
            continue
        results[text] = frozenset(
            number for number, packet in enumerate(packets, 1) if compiled._holds(packet)
        )
    return results
