"""What becomes of a converted packet: rewritten, then made to fit the device's MTU. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunscope.packet.linktype import LinkType
from tunscope.replay.fitting import Fitting
from tunscope.replay.rewrite import Rewriter


@dataclass(frozen=True, slots=True)
class Changing:
    """Rewrites packets of `linktype`, then fits them."""

    linktype: LinkType
    rewrite: Rewriter
    fit: Fitting

    def __call__(self, data: bytes, flags: int) -> tuple[Sequence[bytes], Sequence[str]]:
        """Return what is sent instead of a packet, and words for what was done to it.

        Unsendable if nothing is.
        """
        rewritten = self.rewrite(data, self.linktype, flags)
        pieces = self.fit(rewritten)
        done = ["rewritten"] if rewritten != data else []
        if len(pieces) > 1:
            done.append("fragmented")
        elif pieces[0] != rewritten:
            done.append("truncated")
        return pieces, done
