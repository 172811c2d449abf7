"""Fields that conversations bring, where columns have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.fields import Source
from tunscope.filter.columnar.run import Part, Run
from tunscope.filter.conversations.facts import Analysis

_COMPLETE: Final = Layer.TCP | Layer.TCP_COMPLETE
_SATURATED: Final = 0xFFFF
_ACK: Final = 0x10
_NO_ENTRIES: Final[list[Part]] = []


def _streams(bits: int) -> Source:
    def source(run: Run) -> list[Part]:
        streams = run.batch.flows.streams
        return [
            Part(
                streams[level["flow"]],
                run.has(number, bits) & (level["flow"] != 0),
                level.rows if number else None,
            )
            for number, level in enumerate(run.levels)
        ]

    return source


def _lengths(run: Run) -> list[Part]:
    """tcp.len; what errors quote has none, and neither have fragments."""
    unsized = np.uint32(Layer.QUOTED | Layer.FRAGMENT)
    return [
        Part(
            level["payload_len"],
            run.has(number, _COMPLETE) & (level["layers"] & unsized == 0),
            level.rows if number else None,
        )
        for number, level in enumerate(run.levels)
    ]


def _relative(column: str, *, own: bool) -> Source:
    """A sequence number less the base of the side that it counts bytes of."""

    def source(run: Run) -> list[Part]:
        parts = []
        for number, level in enumerate(run.levels):
            reverse = level["layers"] & np.uint32(Layer.REVERSE) != 0
            rows = level.rows + run.batch.start
            bases = run.batch.flows.sequence_bases(
                level["flow"], reverse if own else ~reverse, rows
            )
            values = level[column] - bases
            if not own:
                values = np.where(level["tcp_flags"] & _ACK, values, level[column])
            fragment = level["layers"] & np.uint32(Layer.FRAGMENT) != 0
            if fragment.any():
                values = np.where(fragment, level[column], values)
            parts.append(Part(values, run.has(number, _COMPLETE), level.rows if number else None))
        return parts

    return source


def _finding(analysis: Analysis) -> Callable[[Run], list[Part]]:
    def source(run: Run) -> list[Part]:
        found = run.replay("analysis")
        if found is None:
            return _NO_ENTRIES
        wanted = int(analysis)
        return [Part(found, run.has(0, _COMPLETE) & (found & wanted != 0), None)]

    return source


def _replayed(name: str) -> Source:
    def source(run: Run) -> list[Part]:
        values = run.replay(name)
        if values is None:
            return _NO_ENTRIES
        return [Part(values, run.has(0, _COMPLETE), None)]

    return source


#: Fields of conversations that stand in the index's own columns.
FLOW_SOURCES: Final[dict[str, Source]] = {
    "tcp.stream": _streams(_COMPLETE),
    "udp.stream": _streams(Layer.UDP | Layer.PORTS),
    "tcp.len": _lengths,
    "tcp.seq": _relative("seq", own=True),
    "tcp.ack": _relative("ack", own=False),
}
_REPEATED: Final = (
    Analysis.RETRANSMISSION | Analysis.FAST_RETRANSMISSION | Analysis.SPURIOUS_RETRANSMISSION
)
#: Fields that are known once the capture's conversations were replayed, for packets without
#: inner headers.
REPLAYED_SOURCES: Final[dict[str, Source]] = {
    **{
        f"tcp.analysis.{(finding.name or '').lower()}": _finding(finding)
        for finding in Analysis
        if finding is not Analysis.RETRANSMISSION
    },
    "tcp.analysis.retransmission": _finding(_REPEATED),
    "tcp.analysis.flags": _finding(Analysis((1 << 32) - 1)),
    "tcp.window_size": _replayed("window"),
    "tcp.time_delta": _replayed("delta_ns"),
    "tcp.time_relative": _replayed("relative_ns"),
}
