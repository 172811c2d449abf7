"""Lines typed in former runs (filters, commands, file names), the newest last, in a file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_KEPT = 500


class LineHistory:
    """Remembers lines; `path` None keeps them for this run only.

    A file that cannot be read or written costs the memory of former runs, never the line.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries = _read(path) if path else []
        self._at = len(self._entries)

    @property
    def entries(self) -> tuple[str, ...]:
        """The lines, the newest last."""
        return tuple(self._entries)

    def add(self, text: str) -> None:
        """Remember `text` as the newest and stand behind it again."""
        if text.strip():
            line = " ".join(text.split("\n"))
            self._entries = [entry for entry in self._entries if entry != line][1 - _KEPT :]
            self._entries.append(line)
            self._write()
        self._at = len(self._entries)

    def step(self, step: int) -> str:
        """Go `step` entries on (older: negative) and return that one, "" behind the newest."""
        self._at = max(0, min(len(self._entries), self._at + step))
        return self._entries[self._at] if self._at < len(self._entries) else ""

    def _write(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            fresh.write_text("".join(f"{entry}\n" for entry in self._entries), "utf-8")
            fresh.replace(self._path)


def _read(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("utf-8").split("\n") if line.strip()][-_KEPT:]
    except (OSError, UnicodeDecodeError):
        return []
