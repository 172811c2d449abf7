"""How a packet that cannot be read to its end is marked in its Info text."""

from __future__ import annotations

from tunscope.summary.window import CaptureCut, Malformed, Overlong, Unfinished


def failure_text(failure: CaptureCut | Malformed) -> str:
    """Return Wireshark's mark for what stopped the reading of a packet."""
    if isinstance(failure, CaptureCut):
        return "[Packet size limited during capture]"
    if isinstance(failure, Unfinished):
        return "[BoundErrorUnreassembled Packet]"
    if isinstance(failure, Overlong):
        return "[Malformed Packet: length of contained item exceeds length of containing item]"
    return "[Malformed Packet]"
