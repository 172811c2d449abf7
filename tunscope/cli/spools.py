"""The files of captures that nobody named: their sizes, what is in them, what a crash left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tunscope.capfile.rotation import Rotation
from tunscope.capfile.spool import Spool

if TYPE_CHECKING:
    from tunscope.engine.options import CaptureOptions

#: A spool goes on in a new segment after this many bytes, so that `--keep` can drop old ones.
_SEGMENT_SIZE: Final = 256_000_000
_SMALLEST_SEGMENT: Final = 1_000_000


class Orphans:
    """Tells once of captures that a crash left behind, and how to look at them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        found = Spool.orphans()  # oldest first
        if found:
            newest = found[-1]
            what = f"an unsaved capture of {newest.device} from {newest.started:%Y-%m-%d %H:%M:%S}"
            others = len(found) - 1
            more = f"; {others} more beside it" if others else ""
            self._lines.append(f"{what} is kept: tunscope {newest.folder}{more}")
        for spool in found:
            spool.close()

    def __call__(self) -> list[str]:
        """Return the lines; none the second time."""
        lines, self._lines = self._lines, []
        return lines


def has_packets(spool: Spool) -> bool:
    """Whether there is anything to keep, the last packets that the engine drained included."""
    from tunscope.capfile.reader import open_capture

    for path in spool.segments():
        if path.stat().st_size:
            with open_capture(path, lenient=True) as capture:
                if next(iter(capture), None) is not None:
                    return True
    return False


def spooled(options: CaptureOptions, keep: int | None) -> CaptureOptions:
    """Return `options` for a spool of at most `keep` bytes, in segments that can go one by one."""
    segment = _SEGMENT_SIZE
    if keep is not None:
        segment = max(_SMALLEST_SEGMENT, min(segment, keep // 4))
    return replace(options, rotate=Rotation(filesize=segment), rotation_patience=0.0)
