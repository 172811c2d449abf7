"""What a capture that is shown is written to: a file with a name, or a private spool."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

from tunscope.capfile.spool import Spool
from tunscope.cli.engine_session import NamedFile, SpoolStorage, Storage
from tunscope.cli.outputs import SingleFile
from tunscope.cli.privilege import as_invoking_user
from tunscope.cli.spools import has_packets
from tunscope.index.source import FileSource, SpoolSource

if TYPE_CHECKING:
    from pathlib import Path

    from tunscope.cli.kept_engine import Opener
    from tunscope.engine.client import EngineClient, Opening


class LiveOutput(Protocol):
    """Belongs to the person who asked, whoever makes it."""

    def open(self, opener: Opener) -> tuple[EngineClient, Opening]:
        """Make it and have `opener` open a device for it; nothing stays if that fails."""

    def begun(self) -> tuple[Storage, FileSource | SpoolSource]:
        """Take leave of what was there; return what the engine writes into, and how it is read."""

    def end(self, *, released: bool) -> None:
        """Close it after the capture; what has no name goes if it is `released` or empty."""


class NamedOutput:
    """Implements `LiveOutput` with a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = SingleFile(path)

    def open(self, opener: Opener) -> tuple[EngineClient, Opening]:
        """Open the file, and the device."""
        fd = self._file.open()
        try:
            return opener(fd)
        except BaseException:
            self._file.undo()
            raise

    def begun(self) -> tuple[NamedFile, FileSource]:
        """Empty the file."""
        self._file.ready()
        return NamedFile(), FileSource(self._path, growing=True)

    def end(self, *, released: bool) -> None:
        """Close the file, which stays."""
        del released
        self._file.close()


class SpoolOutput:
    """Implements `LiveOutput` with a spool of at most `keep` bytes for the packets of `device`."""

    def __init__(self, device: str, keep: int | None = None) -> None:
        self._device = device
        self._keep = keep

    def open(self, opener: Opener) -> tuple[EngineClient, Opening]:
        """Make the spool with its first segment, and open the device."""
        with as_invoking_user():
            self._spool = Spool.create(self._device)
            _, fd = self._spool.open_next()
        try:
            return opener(fd)
        except BaseException:
            self._spool.discard()
            raise
        finally:
            os.close(fd)

    def begun(self) -> tuple[SpoolStorage, SpoolSource]:
        """Nothing was there."""
        return SpoolStorage(self._spool, self._keep), SpoolSource(self._spool.folder)

    def end(self, *, released: bool) -> None:
        """Remove the spool, or say where it is kept."""
        spool = self._spool
        if released or not has_packets(spool):
            spool.discard()
        else:
            spool.close()
            print(f"tunscope: the capture is kept in {spool.folder}", file=sys.stderr)
