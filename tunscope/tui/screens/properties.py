"""The properties of the capture, kept up to date; its hashes when somebody asks for them."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, ClassVar, Final

from tunscope.tui.capture_totals import CaptureTotals
from tunscope.tui.dialog_keys import PROPERTIES_KEYS
from tunscope.tui.properties import Group, properties
from tunscope.tui.screens.pager import Pager, PagerLine
from tunscope.tui.session import SessionState
from tunscope.tui.text import fit

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.screens.main import MainScreen

_LABEL_CELLS: Final = 26
_PIECE: Final = 1 << 20
_SECONDS: Final = 1.0
_HASHES: Final = ("sha256", "sha1")


class FileHashes:
    """SHA-256 and SHA-1 of a file, on a thread; `found` and `share` may be read at any time."""

    def __init__(self, path: str) -> None:
        self.found: dict[str, str] = {}
        self.share = 0.0
        self.failure = ""
        self._path = path
        self._cancelled = threading.Event()
        threading.Thread(target=self._run, name="hashes", daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether there is more to wait for."""
        return not (self.found or self.failure or self._cancelled.is_set())

    def cancel(self) -> None:
        """Stop soon."""
        self._cancelled.set()

    def _run(self) -> None:
        sums = [hashlib.new(name, usedforsecurity=False) for name in _HASHES]
        try:
            with open(self._path, "rb", buffering=0) as stream:
                size = max(1, stream.seek(0, 2))
                stream.seek(0)
                while data := stream.read(_PIECE):
                    if self._cancelled.is_set():
                        return
                    for one in sums:
                        one.update(data)
                    self.share = min(1.0, stream.tell() / size)
        except OSError as error:
            self.failure = error.strerror or str(error)
            return
        self.found = {name: one.hexdigest() for name, one in zip(_HASHES, sums, strict=True)}


class PropertiesScreen(Pager):
    """All that is known of the capture as a whole."""

    NAMESPACES = frozenset({"pager", "properties"})
    SHOWN_KEYS = ("properties.hashes", "pager.close")
    BINDINGS: ClassVar[list[BindingType]] = [*PROPERTIES_KEYS]

    def __init__(self, browser: MainScreen) -> None:
        super().__init__("Capture properties", [])
        self._browser = browser
        self._capture: CaptureIndex = browser.capture
        self._totals = CaptureTotals()
        self._hashes: FileHashes | None = None

    def on_mount(self) -> None:
        """Compute once, and again while anything can change."""
        super().on_mount()
        self.set_interval(_SECONDS, self._pull)
        self._pull()

    def on_unmount(self) -> None:
        """Leave hashing that nobody waits for."""
        if self._hashes is not None:
            self._hashes.cancel()

    def action_hashes(self) -> None:
        """Compute the hashes of the file."""
        if self._hashes is None or not self._hashes.running:
            self._hashes = FileHashes(self._capture.source.name)
        self._pull()

    def _pull(self) -> None:
        self._totals.update(self._capture)
        status = self._browser.status
        counters = None if status.state is SessionState.FILE else status.counters
        groups = properties(self._capture, self._totals, counters)
        if self._hashes is not None:
            groups.append(("Hashes of the file", self._hash_lines(self._hashes)))
        self.show_lines(list(_lines(groups)))

    @staticmethod
    def _hash_lines(hashes: FileHashes) -> list[tuple[str, str]]:
        if hashes.failure:
            return [("", f"cannot be computed: {hashes.failure}")]
        if hashes.running:
            return [("", f"computing: {hashes.share:.0%}")]
        names = {"sha256": "SHA-256", "sha1": "SHA-1"}
        return [(names[name], digest) for name, digest in hashes.found.items()]


def _lines(groups: list[Group]) -> list[PagerLine]:
    lines: list[PagerLine] = []
    for heading, facts in groups:
        if lines:
            lines.append(PagerLine())
        lines.append(PagerLine(((f" {heading}", "accent"),)))
        for label, value in facts:
            pieces = ((fit(f"   {label}", _LABEL_CELLS), "muted"), (f" {value}", "text"))
            lines.append(PagerLine(pieces if label else ((f"   {value}", "text"),)))
    return lines
