"""What there is to say of a capture as a whole, in the words of capinfos where it has any. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from tunscope.packet.linktype import linktype_name
from tunscope.packet.printable import printable
from tunscope.tui import units

if TYPE_CHECKING:
    from tunscope.capfile.blocks import InterfaceDescription, InterfaceStatistics
    from tunscope.engine.counters import Counters
    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.capture_totals import CaptureTotals

#: A heading and what stands below it: labels and values, all printable.
Group: TypeAlias = tuple[str, list[tuple[str, str]]]

_SECOND = 1_000_000_000


def properties(
    capture: CaptureIndex, totals: CaptureTotals, counters: Counters | None
) -> list[Group]:
    """Return all groups; `counters` are those of the running or just ended capture."""
    groups = [("File", list(_file(capture, totals))), ("Time", list(_time(totals)))]
    contents = capture.tables.contents
    sections = dict.fromkeys(contents.sections)
    for section in sections:
        facts = (
            ("Application", section.application),
            ("Operating system", section.os),
            ("Hardware", section.hardware),
        )
        said = [(label, printable(text)) for label, text in facts if text]
        if said:
            groups.append(("Captured by", said))
    if contents.comments:
        comments = dict.fromkeys(contents.comments)
        groups.append(("Comments", [("", line) for text in comments for line in _lines(text)]))
    statistics = {one.interface: one for one in contents.statistics}
    for number, interface in enumerate(capture.interfaces):
        packets = int(totals.by_interface[number]) if number < len(totals.by_interface) else 0
        lines = list(_interface(interface, packets, statistics.get(number)))
        groups.append((f"Interface {number}", lines))
    if counters is not None:
        groups.append(("This capture", list(_counters(counters))))
    if capture.warnings:
        groups.append(("Warnings", [("", printable(text)) for text in capture.warnings]))
    return groups


def _file(capture: CaptureIndex, totals: CaptureTotals) -> Iterator[tuple[str, str]]:
    size = capture.source.size
    yield "Name", printable(capture.source.name)
    yield "Format", "pcapng" if capture.tables.contents.sections else "pcap"
    yield "Size", f"{units.size(size)} ({size:,} bytes)"
    kinds = dict.fromkeys(linktype_name(one.linktype) for one in capture.interfaces)
    if kinds:
        yield "Link type", ", ".join(kinds)
    yield "Packets", units.count(totals.packets)
    if capture.first_number > 1:
        yield "No longer kept", units.packets(capture.first_number - 1)
    yield "Data", f"{units.size(totals.octets)} ({totals.octets:,} bytes)"
    if totals.captured != totals.octets:
        yield "Captured", f"{units.size(totals.captured)} ({totals.captured:,} bytes)"
    if totals.packets:
        yield "Average packet", f"{totals.octets / totals.packets:,.2f} bytes"


def _time(totals: CaptureTotals) -> Iterator[tuple[str, str]]:
    if totals.first_ns is None or totals.last_ns is None:
        yield "", "no packet has a time"
        return
    yield "First packet", _moment(totals.first_ns)
    yield "Last packet", _moment(totals.last_ns)
    elapsed = totals.last_ns - totals.first_ns
    yield "Duration", f"{elapsed // _SECOND:,}.{elapsed % _SECOND:09} s"
    if elapsed:
        seconds = elapsed / _SECOND
        yield "Packet rate", units.packet_rate(totals.packets / seconds)
        yield "Data rate", units.bit_rate(8 * totals.octets / seconds)
    yield "Strict time order", "yes" if totals.in_order else "no"


def _moment(ts_ns: int) -> str:
    seconds, fraction = divmod(ts_ns, _SECOND)
    try:
        local = time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return f"{seconds}.{fraction:09} s since 1970"
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', local)}.{fraction:09} {local.tm_zone}"


def _interface(
    interface: InterfaceDescription, packets: int, statistics: InterfaceStatistics | None
) -> Iterator[tuple[str, str]]:
    mac = interface.mac.hex(":") if interface.mac else ""
    facts = (
        ("Name", interface.name),
        ("Description", interface.description),
        ("Link type", linktype_name(interface.linktype)),
        ("Packet limit", f"{interface.snaplen:,} bytes" if interface.snaplen else "none"),
        ("Capture filter", interface.filter),
        ("Operating system", interface.os),
        ("Hardware", interface.hardware),
        ("MAC address", mac),
        ("Addresses", ", ".join((*interface.ipv4, *interface.ipv6))),
        ("Speed", units.bit_rate(interface.speed) if interface.speed is not None else ""),
        ("Time resolution", _resolution(interface.tsresol)),
    )
    yield from ((label, printable(text)) for label, text in facts if text)
    for comment in interface.comments:
        yield from (("Comment", line) for line in _lines(comment))
    yield "Packets", units.count(packets)
    if statistics is not None:
        yield from _statistics(statistics)


def _statistics(statistics: InterfaceStatistics) -> Iterator[tuple[str, str]]:
    facts = (
        ("Received", statistics.ifrecv),
        ("Dropped by the interface", statistics.ifdrop),
        ("Passed the filter", statistics.filteraccept),
        ("Dropped by the system", statistics.osdrop),
        ("Delivered", statistics.usrdeliv),
    )
    yield from ((label, units.count(number)) for label, number in facts if number is not None)
    if statistics.comment:
        yield from (("Remark", line) for line in _lines(statistics.comment))


def _resolution(tsresol: int) -> str:
    exponent = tsresol & 0x7F
    if tsresol & 0x80:
        return f"2^-{exponent} s"
    names = {0: "seconds", 3: "milliseconds", 6: "microseconds", 9: "nanoseconds"}
    return names.get(exponent, f"10^-{exponent} s")


def _counters(counters: Counters) -> Iterator[tuple[str, str]]:
    facts = (
        ("Received", counters.received),
        ("Captured", counters.captured),
        ("Dropped by the kernel", counters.dropped_kernel),
        ("Dropped by the device queue", counters.dropped_queue),
        ("Not written", counters.dropped_output),
        ("Filtered out", counters.filtered),
    )
    yield from ((label, units.count(number)) for label, number in facts)


def _lines(text: str) -> Sequence[str]:
    return [printable(line) for line in text.splitlines()] or [""]
