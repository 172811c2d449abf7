"""`tunscope read` at work: from packets to the printer and the file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.cli.read_columns import Columns
from tunscope.cli.read_lines import LineOutput
from tunscope.cli.read_packets import PacketSource, ReadPacket
from tunscope.cli.read_printers import Printer
from tunscope.cli.read_times import TimeColumn
from tunscope.summary.conversation import ConversationTracker

if TYPE_CHECKING:
    from tunscope.capfile.writer import CaptureWriter
    from tunscope.filter.layers.dissection import Dissection


@dataclass(frozen=True, slots=True)
class Reading:
    """Where packets go: `printer` prints to `lines`, `writer` saves. None is nowhere.

    `dissect` is there if the printer needs fields.
    """

    times: TimeColumn
    lines: LineOutput
    printer: Printer | None
    dissect: Callable[[ReadPacket], Dissection] | None
    writer: CaptureWriter | None

    def run(self, source: PacketSource) -> None:
        """Take all packets of `source`.

        What was printed and written is whole even if the source raises half way.
        """
        with contextlib.ExitStack() as ending:
            if self.writer is not None:
                ending.enter_context(self.writer)
            if self.printer is not None:
                ending.callback(self.printer.end)
                self.printer.begin()
            self._run(source)

    def _run(self, source: PacketSource) -> None:
        lines, printer, writer = self.lines, self.printer, self.writer
        tracker = ConversationTracker() if printer is not None and printer.columns else None
        for packet, shown in source:
            summary = None
            if tracker is not None:
                tracker.number = packet.number - 1
                summary = tracker.summarize(packet.record)
            if shown:
                if writer is not None:
                    writer.write(packet.record)
                if printer is not None:
                    columns = None
                    if summary is not None:
                        columns = Columns(packet, self.times.text(packet), summary)
                    dissection = None if self.dissect is None else self.dissect(packet)
                    printer.show(packet, columns, dissection)
            lines.tick()
