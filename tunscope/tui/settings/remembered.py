"""What the screen remembers of a person's own arranging: columns and sizes of panes.

It lives in a file of JSON that nobody needs to read. What is remembered was an answer to what the
configuration file said then; when that says something else now, it is forgotten.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tunscope.errors import UsageError
from tunscope.tui.settings import values
from tunscope.tui.settings.model import ColumnChoice, PaneSizes

#: Bytes of a file that can have been written here.
_LARGEST: Final = 200_000


class RememberedLayout:
    """Remembers in the file at `path`, None for this run only.

    A file that cannot be read, or holds what is none of ours, costs the memory and nothing else.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entries: dict[str, Any] = _read(path) if path else {}

    def columns(self, kind: str, configured: tuple[ColumnChoice, ...]) -> tuple[ColumnChoice, ...]:
        """Return the columns of lists of `kind`, those `configured` if nobody chose others."""
        found = self._answer(f"columns.{kind}", [asdict(choice) for choice in configured])
        with contextlib.suppress(UsageError):
            if found is not None:
                return values.columns(_PLACE, [_without_defaults(item) for item in found])
        return configured

    def keep_columns(
        self,
        kind: str,
        configured: tuple[ColumnChoice, ...],
        chosen: tuple[ColumnChoice, ...] | None,
    ) -> None:
        """Remember the columns `chosen` for lists of `kind`, or with None forget them."""
        answer = None if chosen is None else [asdict(choice) for choice in chosen]
        self._keep(f"columns.{kind}", [asdict(choice) for choice in configured], answer)

    def panes(self, configured: PaneSizes) -> PaneSizes:
        """Return the sizes of the panes."""
        found = self._answer("panes", asdict(configured))
        with contextlib.suppress(UsageError):
            if found is not None:
                return values.layout(_PLACE, found)
        return configured

    def keep_panes(self, configured: PaneSizes, chosen: PaneSizes) -> None:
        """Remember the sizes `chosen`."""
        self._keep("panes", asdict(configured), asdict(chosen))

    def _answer(self, name: str, configured: Any) -> Any:
        entry = self._entries.get(name)
        if isinstance(entry, dict) and entry.get("configured") == configured:
            return entry.get("chosen")
        return None

    def _keep(self, name: str, configured: Any, chosen: Any) -> None:
        if chosen is None:
            self._entries.pop(name, None)
        else:
            self._entries[name] = {"configured": configured, "chosen": chosen}
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            fresh.write_text(json.dumps(self._entries, indent=1), "utf-8")
            fresh.replace(self._path)


_PLACE: Final = values.Place("remembered layout")


def _without_defaults(item: object) -> object:
    return {k: v for k, v in item.items() if v} if isinstance(item, dict) else item


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        entries = json.loads(data) if len(data) <= _LARGEST else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}
