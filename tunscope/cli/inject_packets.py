"""What `tunscope inject` sends: from hex, a capture file, a scapy expression or a template."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.errors import UsageError
from tunscope.packet import edit
from tunscope.packet.header_fields import header_field
from tunscope.packet.link_conversion import converted
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.dissect.building import Ends
    from tunscope.packet.header_fields import HeaderField

_MAX_SIZE = 0xFFFF + 18


@dataclass(frozen=True, slots=True)
class PacketOrder:
    """The packet to send, as the command line words it; exactly one of the first four is given."""

    hex: str | None
    file: str | None
    scapy: str | None
    template: str | None
    settings: tuple[str, ...]
    counted: tuple[str, ...]

    def check(self) -> None:
        """Raise UsageError for what is wrong whatever the device is."""
        given = [
            option
            for option, value in (
                ("--hex", self.hex), ("--file", self.file), ("--scapy", self.scapy),
                ("--template", self.template),
            )
            if value is not None
        ]  # fmt: skip
        if len(given) != 1:
            why = "says nothing about the packet" if not given else f"{' and '.join(given)} given"
            raise UsageError("inject", why, "one of --hex, --file, --scapy, --template")
        if self.hex is not None:
            bytes_of_hex(self.hex)
        for name in self.counted:
            header_field(name)

    def build(self, linktype: LinkType, ends: Ends) -> bytes:
        """Return the packet for a device of `linktype`, with its fields set."""
        data, found = self._source(linktype, ends)
        macs = [bytes.fromhex(m.replace(":", "")) for m in (ends.source_mac, ends.destination_mac)]
        data = converted(data, found, linktype, source=macs[0], destination=macs[1])
        if self.settings:
            from tunscope.dissect.editing import assign

            data = assign(data, linktype, self.settings).data
        if not 0 < len(data) <= _MAX_SIZE:
            raise UsageError("inject", f"a packet has 1 to {_MAX_SIZE} bytes, not {len(data)}")
        return data

    def comment(self, side: str) -> str:
        """Return what the capture says about the packet."""
        source = f", from {printable(self.file)}" if self.file else ""
        return f"tunscope: injected ({side} side{source})"

    def _source(self, linktype: LinkType, ends: Ends) -> tuple[bytes, int]:
        if self.hex is not None:
            return bytes_of_hex(self.hex), linktype
        if self.file is not None:
            return packet_of_file(self.file)
        from tunscope.dissect import building

        if self.scapy is not None:
            return building.build_expression(self.scapy, ends)
        return building.build_template(self.template or "", ends)


def series(
    packet: bytes, linktype: int, fields: tuple[HeaderField, ...], count: int
) -> Iterator[bytes]:
    """Yield `count` packets, each with the fields one higher than in the one before."""
    for number in range(count):
        yield packet
        if number + 1 < count:
            for field in fields:
                packet = edit.increment(packet, linktype, field, 1)


def bytes_of_hex(text: str) -> bytes:
    """Return the bytes that hex digits write, with any blanks and colons between them."""
    digits = "".join(text.split()).replace(":", "").removeprefix("0x")
    try:
        data = binascii.unhexlify(digits)
    except ValueError:
        wrong = next((c for c in digits if c not in "0123456789abcdefABCDEF"), "")
        why = f"{printable(wrong)!r} is no hex digit" if wrong else "an odd number of hex digits"
        raise UsageError("--hex", why, "as in 45000014...") from None
    if not data:
        raise UsageError("--hex", "no bytes at all")
    return data


def packet_of_file(word: str) -> tuple[bytes, int]:
    """Return a packet's bytes and link type; `word` is FILE:NUMBER, counted from 1."""
    from tunscope.capfile.reader import open_capture

    path, _, number = word.rpartition(":")
    if not path or not number.isdecimal() or not 0 < len(number) < 13 or not int(number):
        raise UsageError(f"--file {printable(word)}", "is not FILE:NUMBER", "as in out.pcapng:12")
    with open_capture(path) as reader:
        for at, record in enumerate(reader, 1):
            if at == int(number):
                if record.truncated:
                    size = f"{record.caplen} of {record.origlen} bytes"
                    raise UsageError(f"packet {number}", f"was cut when captured: {size}")
                return record.data, record.linktype
            if at > int(number):
                break
    raise UsageError(f"--file {printable(path)}", f"has no packet {number}")
