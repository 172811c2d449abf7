"""Writes packets of any interfaces as one pcapng section, with all that is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import BinaryIO, Final

from tunscope.capfile.blocks import (
    NANOSECONDS,
    InterfaceDescription,
    custom_block,
    enhanced_packet,
    interface_description,
    name_resolution,
    section_header,
    simple_packet,
)
from tunscope.packet.custom_block import CustomBlock
from tunscope.packet.record import PacketRecord

_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
#: Names a block holds at most, so that no reader has to hold a large one.
_NAMES_PER_BLOCK: Final = 1000


class PcapngWriter:
    """Writes each interface before its first packet.

    `interfaces` are those that records index, and may still grow, as a reader's do; they keep
    their order and numbers as far as they are known at the first packet. `names` (address text to
    name) may grow as well, and `comments` on the capture until the first packet. Timestamps are
    written in nanoseconds; packets without one become simple packet blocks again where those can
    hold them, elsewhere their time is 1970. Custom blocks that forbid to be copied
    are left out and counted.
    """

    def __init__(
        self,
        stream: BinaryIO,
        interfaces: Sequence[InterfaceDescription] = (),
        *,
        names: Mapping[str, str] = _NO_NAMES,
        comments: Sequence[str] = (),
        application: str = "tunscope",
    ) -> None:
        """Write to `stream`, which stays open when the writer closes."""
        self._write = stream.write
        self._interfaces = interfaces
        self._names = names
        self._comments = comments
        self._application = application
        self._begun = False
        self._names_written = 0
        self._described = 0
        self._blocks = 0
        self._left_out = 0
        #: Number in this file and description, by the record's interface and link type.
        self._known: dict[tuple[int, int], tuple[int, InterfaceDescription]] = {}

    def write(self, record: PacketRecord) -> None:
        """Append one packet with its comments, flags and packet id, or one custom block."""
        if record.custom is not None:
            self._write_custom(record, record.custom)
            return
        known = self._known.get((record.interface, record.linktype))
        if known is None or 0 < known[1].snaplen < len(record.data):
            known = self._describe(record)
        number, description = known
        if number != record.interface:
            record = replace(record, interface=number)
        if not record.timed and number == 0 and _is_simple(record, description.snaplen):
            self._write(simple_packet(record))
        else:
            self._write(enhanced_packet(record, description.tsoffset))

    def close(self) -> None:
        """Write what is known but was not needed yet: interfaces without packets, late names."""
        self._begin()
        self._describe_known()
        self._write_names()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not written so far."""
        if not self._left_out:
            return ()
        return (f"custom blocks that may not be copied, left out: {self._left_out}",)

    def _write_custom(self, record: PacketRecord, custom: CustomBlock) -> None:
        if not custom.copied:
            self._left_out += 1
            return
        self._begin()
        self._write(custom_block(record))

    def _describe(self, record: PacketRecord) -> tuple[int, InterfaceDescription]:
        """Return number and description of the interface that fits the record."""
        self._begin()
        self._write_names()
        self._describe_known()
        place = record.interface, record.linktype
        known = self._known.get(place)
        if known is not None and not 0 < known[1].snaplen < len(record.data):
            return known
        description = InterfaceDescription(record.linktype)
        if record.interface < len(self._interfaces):
            # The record contradicts its interface: an edited packet, a file that lies.
            description = replace(self._interfaces[record.interface], linktype=record.linktype)
        if 0 < description.snaplen < len(record.data):
            description = replace(description, snaplen=0)
        return self._add(place, description)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._write(section_header(self._application, comment="\n".join(self._comments)))

    def _describe_known(self) -> None:
        for interface in range(self._described, len(self._interfaces)):
            description = self._interfaces[interface]
            self._add((interface, description.linktype), description)
            self._described += 1

    def _add(
        self, place: tuple[int, int], description: InterfaceDescription
    ) -> tuple[int, InterfaceDescription]:
        description = replace(description, tsresol=NANOSECONDS)
        self._write(interface_description(description))
        self._known[place] = self._blocks, description
        self._blocks += 1
        return self._known[place]

    def _write_names(self) -> None:
        fresh = islice(self._names.items(), self._names_written, None)
        while block := dict(islice(fresh, _NAMES_PER_BLOCK)):
            self._write(name_resolution(block))
            self._names_written += len(block)


def _is_simple(record: PacketRecord, snaplen: int) -> bool:
    """Whether a simple packet block says all of a packet without a time."""
    said = record.comments or record.flags or record.zero_flags or record.packet_id is not None
    longest = snaplen or record.origlen
    return not said and len(record.data) == min(record.origlen, longest)
