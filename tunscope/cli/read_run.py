"""`tunscope read` at work: packets in, through the filter, to the printer and the file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tunscope.capfile.writer import CaptureWriter
from tunscope.cli.read_columns import Columns
from tunscope.cli.read_lines import LineOutput
from tunscope.cli.read_packets import ReadPacket
from tunscope.cli.read_printers import Printer
from tunscope.cli.read_times import TimeColumn
from tunscope.filter.layers.dissection import Dissection
from tunscope.summary.conversation import ConversationTracker


class PacketSource(Protocol):
    """Packets in order, and which of them are shown.

    Every packet that a later one's text may refer to comes, shown or not.
    """

    def __iter__(self) -> Iterator[tuple[ReadPacket, bool]]: ...


class Dissector(Protocol):
    """Takes packets apart into fields."""

    def dissect(self, packet: ReadPacket) -> Dissection:
        """Return the fields of one packet, as far as they are wanted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where packets go. None stands for nowhere; `lines` is what `printer` prints to."""

    times: TimeColumn
    printer: Printer | None
    lines: LineOutput
    dissector: Dissector | None
    writer: CaptureWriter | None

    def run(self, source: PacketSource) -> int:
        """Take all packets of `source` and return how many were shown.

        What was printed and written is whole even if the source raises half way.
        """
        with contextlib.ExitStack() as ending:
            if self.writer is not None:
                ending.enter_context(self.writer)
            if self.printer is not None:
                ending.callback(self.printer.end)
                self.printer.begin()
            return self._run(source)

    def _run(self, source: PacketSource) -> int:
        printer, writer, dissector = self.printer, self.writer, self.dissector
        tracker = ConversationTracker() if printer is not None and printer.columns else None
        count = 0
        shown_ns: int | None = None
        for packet, shown in source:
            summary = None
            if tracker is not None:
                tracker.number = packet.number - 1
                summary = tracker.summarize(packet.record)
            if shown:
                count += 1
                if writer is not None:
                    writer.write(packet.record)
                if printer is not None:
                    packet.shown_ns = packet.shown_ns if shown_ns is None else shown_ns
                    shown_ns = packet.record.ts_ns
                    columns = None
                    if summary is not None:
                        columns = Columns(packet, self.times.text(packet), summary)
                    dissection = None if dissector is None else dissector.dissect(packet)
                    printer.show(packet, columns, dissection)
            self.lines.tick()
        return count
