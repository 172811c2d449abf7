"""Packets of a pcapng file, section after section."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from tunscope.capfile.blocks import BlockType, InterfaceDescription
from tunscope.capfile.contents import CaptureContents
from tunscope.capfile.decode import (
    decode_interface,
    decode_names,
    decode_packet_options,
    decode_section,
    decode_statistics,
    section_byte_order,
)
from tunscope.capfile.errors import BlockError, CutShortError
from tunscope.capfile.options import ByteOrder
from tunscope.capfile.packet_limits import max_caplen
from tunscope.capfile.resync import find_block
from tunscope.capfile.timestamps import MAX_NS, MIN_NS, SECOND_NS, Clock
from tunscope.capfile.window import Window
from tunscope.packet.custom_block import CustomBlock
from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.packet.record import PacketRecord

#: A block that claims more is damaged; Wireshark's limit.
MAX_BLOCK: Final = 32 + (128 << 20) + 131_072
#: Blocks up to this size are held whole; larger ones are passed over if nothing in them is needed.
_MAX_HELD: Final = 16 << 20

_SECTION: Final = int(BlockType.SECTION_HEADER)
_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_CUSTOM: Final = int(BlockType.CUSTOM)
_CUSTOM_NOT_COPIED: Final = int(BlockType.CUSTOM_NOT_COPIED)
_FRAME: Final = 12
_PACKET_FRAME: Final = 32
_SIMPLE_FRAME: Final = 16
_CUSTOM_FRAME: Final = 16
_FLAGS_ONLY: Final = {"<": b"\x02\x00\x04\x00", ">": b"\x00\x02\x00\x04"}
#: The end mark, of no length.
_END: Final = b"\0\0\0\0"
#: Blocks that are passed over, but have fields of their own that have to be there.
_LEAST: Final = {9: 36, 10: 20}


@dataclass(frozen=True, slots=True)
class _Interface:
    """What reading a packet needs to know of its interface.

    `factor` is nanoseconds of a tick, 0 if the clock has to be asked.
    """

    number: int
    linktype: int
    snaplen: int
    longest: int
    clock: Clock
    factor: int
    offset_ns: int

    @classmethod
    def of(cls, number: int, description: InterfaceDescription) -> _Interface:
        resolution = description.tsresol
        return cls(
            number,
            description.linktype,
            description.snaplen,
            max_caplen(description.linktype),
            Clock(resolution, description.tsoffset),
            int(10 ** (9 - resolution)) if resolution <= 9 else 0,
            description.tsoffset * SECOND_NS,
        )


class PcapngStream:
    """Reads block after block; what is neither packet nor custom block goes to `contents`."""

    def __init__(self, window: Window, contents: CaptureContents) -> None:
        """Start at the window's position, where a section header is expected."""
        self._window = window
        self._contents = contents
        self._interfaces: list[_Interface] = []
        self._base = 0
        self._section = 0
        self._set_order("<")
        self._others: dict[int, Callable[[memoryview], None]] = {
            BlockType.INTERFACE_DESCRIPTION: self._describe_interface,
            BlockType.NAME_RESOLUTION: self._take_names,
            BlockType.INTERFACE_STATISTICS: self._take_statistics,
        }

    def packets(self) -> Iterator[PacketRecord]:
        """Yield packets to the end of the file.

        BlockError, with the window at the damaged block (or at its end, where it was passed
        over): a block that contradicts itself. CutShortError: the file ends within a block.
        Reading may go on with another call.
        """
        window = self._window
        while window.has(8):
            kind, total = self._head(window.data, window.position)
            if kind == _SECTION:
                self._begin_section()
                continue
            # Some writers leave the padding out of the lengths; Wireshark takes that as well.
            total = total + 3 & ~3
            if kind in (_ENHANCED, _OBSOLETE):
                yield self._packet(kind, total)
            elif kind == _SIMPLE:
                yield self._simple_packet(total)
            elif kind in (_CUSTOM, _CUSTOM_NOT_COPIED):
                yield self._custom_block(kind, total)
            elif kind in self._others:
                start = self._hold(total, _FRAME, _MAX_HELD)
                body = memoryview(window.data)[start + 8 : start + total - 4]
                self._others[kind](body)
                window.position += total
            else:
                self._pass_over(kind, total)
        if window.buffered:
            raise CutShortError("the file ends within a block's header")

    def resynchronise(self) -> bool:
        """Move the window behind the damage to the next plausible block; False if none comes."""
        return find_block(self._window, self._order, len(self._interfaces))

    def _set_order(self, order: ByteOrder) -> None:
        self._order = order
        self._head = struct.Struct(f"{order}II").unpack_from
        self._word = struct.Struct(f"{order}I").unpack_from
        self._packet_fields = struct.Struct(f"{order}5I").unpack_from
        self._obsolete_fields = struct.Struct(f"{order}HH4I").unpack_from
        self._flags_only = _FLAGS_ONLY[order]

    def _begin_section(self) -> None:
        window = self._window
        if not window.has(28):
            raise CutShortError("the file ends within a section header")
        start = window.position
        order = section_byte_order(window.data[start + 8 : start + 12])
        self._set_order(order)
        total = self._word(window.data, start + 4)[0] + 3 & ~3
        start = self._hold(total, 28, _MAX_HELD)
        body = memoryview(window.data)[start + 8 : start + total - 4]
        self._contents.add_section(decode_section(body, order))
        self._base = len(self._contents.interfaces)
        self._interfaces = []
        self._section += 1
        window.position += total

    def _hold(self, total: int, least: int, most: int) -> int:
        """Buffer a whole block and check its lengths; return where it starts in the window."""
        window = self._window
        if not least <= total <= most:
            raise BlockError(f"a block claims {total} bytes")
        if not window.has(total):
            raise CutShortError("the file ends within a block")
        start = window.position
        (trailer,) = self._word(window.data, start + total - 4)
        if trailer + 3 & ~3 != total:
            raise BlockError(f"a block claims {total} bytes at its start and {trailer} at its end")
        return start

    def _pass_over(self, kind: int, total: int) -> None:
        window = self._window
        least = _LEAST.get(kind, _FRAME)
        if total <= _MAX_HELD:
            self._hold(total, least, _MAX_HELD)
            window.position += total
            return
        if total > MAX_BLOCK:
            raise BlockError(f"a block claims {total} bytes")
        if not window.skip(total - 4) or not window.has(4):
            raise CutShortError("the file ends within a block")
        (trailer,) = self._word(window.data, window.position)
        if trailer + 3 & ~3 != total:
            raise BlockError(f"a block claims {total} bytes at its start and {trailer} at its end")
        window.position += 4

    def _packet(self, kind: int, total: int) -> PacketRecord:
        window = self._window
        if not window.has(28):
            raise CutShortError("the file ends within a packet's header")
        place = window.position + 8
        if kind == _ENHANCED:
            number, high, low, caplen, origlen = self._packet_fields(window.data, place)
        else:
            number, _, high, low, caplen, origlen = self._obsolete_fields(window.data, place)
        padded = caplen + 3 & ~3
        options_size = total - _PACKET_FRAME - padded
        if options_size < 0:
            raise BlockError(f"a block of {total} bytes claims {caplen} bytes of packet")
        interface = self._interface(number)
        if caplen > interface.longest:
            raise BlockError(f"a packet claims {caplen} captured bytes")
        start = self._hold(total, _PACKET_FRAME, _MAX_HELD + padded) + 28
        data = window.data
        ticks = high << 32 | low
        time = ticks * interface.factor + interface.offset_ns
        if not (interface.factor and MIN_NS <= time <= MAX_NS):
            time = interface.clock.nanoseconds(ticks)
        flags, zero_flags = 0, False
        comments: tuple[str, ...] = ()
        packet_id: int | None = None
        if options_size:
            options = data[start + padded : start + padded + options_size]
            if options_size == 12 and options[:4] == self._flags_only and options[8:] == _END:
                (flags,) = self._word(options, 4)
                zero_flags = not flags
            else:
                said = decode_packet_options(options, self._order)
                flags, comments, packet_id = said.flags, said.comments, said.packet_id
                zero_flags = said.zero_flags
        window.position += total
        return PacketRecord(
            data[start : start + caplen],
            time,
            origlen,
            interface.linktype,
            interface.number,
            flags,
            comments,
            packet_id,
            zero_flags=zero_flags,
        )

    def _simple_packet(self, total: int) -> PacketRecord:
        """A simple packet block has no time (0 here) and belongs to the first interface."""
        window = self._window
        if not window.has(12):
            raise CutShortError("the file ends within a packet's header")
        interface = self._interface(0)
        (origlen,) = self._word(window.data, window.position + 8)
        caplen = min(origlen, interface.snaplen or origlen)
        padded = caplen + 3 & ~3
        if total != _SIMPLE_FRAME + padded:
            raise BlockError(f"a block of {total} bytes claims {caplen} bytes of packet")
        if caplen > interface.longest:
            raise BlockError(f"a packet claims {caplen} captured bytes")
        start = self._hold(total, _SIMPLE_FRAME, _MAX_HELD + padded) + 12
        data = window.data[start : start + caplen]
        window.position += total
        return PacketRecord(data, 0, origlen, interface.linktype, interface.number, timed=False)

    def _custom_block(self, kind: int, total: int) -> PacketRecord:
        """Custom data and options cannot be told apart; like Wireshark, take both as the data."""
        window = self._window
        start = self._hold(total, _CUSTOM_FRAME, MAX_BLOCK)
        (pen,) = self._word(window.data, start + 8)
        data = window.data[start + 12 : start + total - 4]
        window.position += total
        custom = CustomBlock(pen, kind == _CUSTOM)
        return PacketRecord(data, 0, len(data), CUSTOM_BLOCK, timed=False, custom=custom)

    def _interface(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise BlockError(
                f"a packet names interface {number}, the section has described "
                f"{len(self._interfaces)}"
            )
        return self._interfaces[number]

    def _describe_interface(self, body: memoryview) -> None:
        description = decode_interface(body, self._order)
        description = replace(description, number=len(self._interfaces), section=self._section)
        number = len(self._contents.interfaces)
        self._contents.interfaces.append(description)
        self._interfaces.append(_Interface.of(number, description))

    def _take_names(self, body: memoryview) -> None:
        for address, name in decode_names(body, self._order):
            self._contents.names.setdefault(address, name)

    def _take_statistics(self, body: memoryview) -> None:
        statistics = decode_statistics(body, self._order, self._contents.interfaces, self._base)
        if statistics is not None:
            self._contents.statistics.append(statistics)
