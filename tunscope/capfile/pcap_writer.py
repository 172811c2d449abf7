"""Writes packets of one link type as pcap with nanoseconds."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO, Final

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.packet_limits import max_caplen
from tunscope.capfile.pcap_header import FCS_PRESENT, NANOSECONDS
from tunscope.capfile.timestamps import SECOND_NS
from tunscope.errors import TunscopeError
from tunscope.packet.linktype import LinkType, linktype_name
from tunscope.packet.record import PacketRecord

_HEADER: Final = struct.Struct("<IHHiIII")
_RECORD: Final = struct.Struct("<4I")
_MAX_SECONDS: Final = 0xFFFFFFFF


class PcapWriter:
    """Writes the file header with the first packet, whose link type all others must have.

    pcap has no place for comments, flags, packet ids, names and interfaces: they are left out, as
    are custom blocks, which are counted. A time before 1970 or after 2106 becomes the nearest one
    that fits.
    """

    def __init__(self, stream: BinaryIO, interfaces: Sequence[InterfaceDescription] = ()) -> None:
        """Write to `stream`, which stays open when the writer closes."""
        self._write = stream.write
        self._interfaces = interfaces
        self._linktype: int | None = None
        self._left_out = 0

    def write(self, record: PacketRecord) -> None:
        """Append one packet; TunscopeError if its link type is not that of those before."""
        if record.custom is not None:
            self._left_out += 1
            return
        if record.linktype != self._linktype:
            if self._linktype is not None:
                names = linktype_name(self._linktype), linktype_name(record.linktype)
                raise TunscopeError(
                    "pcap holds packets of one link type",
                    f"these have {names[0]} and {names[1]}",
                    "save as .pcapng",
                )
            self._begin(record.linktype, record.interface)
        seconds, fraction = divmod(record.ts_ns, SECOND_NS)
        if not 0 <= seconds <= _MAX_SECONDS:
            seconds, fraction = (0, 0) if seconds < 0 else (_MAX_SECONDS, SECOND_NS - 1)
        self._write(_RECORD.pack(seconds, fraction, len(record.data), record.origlen))
        self._write(record.data)

    def close(self) -> None:
        """Write the file header if there was no packet."""
        if self._linktype is None:
            known = self._interfaces[0].linktype if self._interfaces else LinkType.ETHERNET
            self._begin(known, 0)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not written so far and is no mere annotation of packets."""
        if not self._left_out:
            return ()
        return (f"custom blocks, for which pcap has no place, left out: {self._left_out}",)

    def _begin(self, linktype: int, interface: int) -> None:
        fcs_length = None
        if interface < len(self._interfaces):
            fcs_length = self._interfaces[interface].fcs_length
        network = linktype
        if fcs_length is not None:
            # The header counts the frame check sequence in units of 16 bits.
            network |= FCS_PRESENT | (fcs_length // 16 & 0xF) << 28
        self._write(_HEADER.pack(NANOSECONDS, 2, 4, 0, 0, max_caplen(linktype), network))
        self._linktype = linktype
