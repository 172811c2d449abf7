"""Packets of a pcap file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tunscope.capfile.errors import BlockError, CutShortError
from tunscope.capfile.pcap_header import PcapFormat
from tunscope.capfile.resync import find_record
from tunscope.capfile.timestamps import SECOND_NS
from tunscope.capfile.window import Window
from tunscope.packet.record import PacketRecord


class PcapStream:
    """Reads the records behind the file header, one after the other."""

    def __init__(self, window: Window, form: PcapFormat) -> None:
        """Start at the window's position, where the first record is expected."""
        self._window = window
        self._form = form
        self._last_seconds: int | None = None

    def packets(self) -> Iterator[PacketRecord]:
        """Yield packets to the end of the file.

        BlockError, with the window at the damaged record: a length that no packet has.
        CutShortError: the file ends within a record. Reading may go on with another call.
        """
        window, form = self._window, self._form
        fields = struct.Struct(f"{form.order}4I").unpack_from
        linktype, fraction_ns = form.interface.linktype, form.fraction_ns
        record_size, padding, longest = form.record_size, form.padding, form.max_caplen
        while window.has(record_size):
            seconds, fraction, caplen, origlen = fields(window.data, window.position)
            if form.lengths != "caplen" and (form.lengths == "origlen" or caplen > origlen):
                caplen, origlen = origlen, caplen
            if not padding <= caplen <= longest:
                raise BlockError(f"a packet claims {caplen} captured bytes")
            if not window.has(record_size + caplen):
                raise CutShortError("the file ends within a packet")
            start = window.position + record_size
            end = start + caplen
            window.position = end
            self._last_seconds = seconds
            yield PacketRecord(
                window.data[start + padding : end],
                seconds * SECOND_NS + fraction * fraction_ns,
                max(origlen - padding, 0),
                linktype,
            )
        if window.buffered:
            raise CutShortError("the file ends within a packet's header")

    def resynchronise(self) -> bool:
        """Move the window behind the damage to the next plausible record; False if none comes."""
        return find_record(self._window, self._form, self._last_seconds)
