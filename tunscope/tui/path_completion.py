"""File names that what is typed may become."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

_MOST: Final = 50
_CAPTURES: Final = (".pcapng", ".pcap", ".cap", ".gz", ".zst", ".ntar")


def paths(text: str) -> Sequence[str]:
    """Return files and folders (with a slash) that begin as `text` does, captures first.

    Hidden ones only if a dot was typed; names that cannot be printed never.
    """
    start = text.rpartition("/")[2]
    before = text[: len(text) - len(start)]
    place = os.path.expanduser(before) if before else "."
    found = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                if not name.startswith(start) or not name.isprintable():
                    continue
                if name.startswith(".") and not start.startswith("."):
                    continue
                is_folder = entry.is_dir()
                found.append((_rank(name, is_folder), name, "/" if is_folder else ""))
    except OSError:
        return ()
    return [before + name + slash for _, name, slash in sorted(found)[:_MOST]]


def _rank(name: str, is_folder: bool) -> int:
    if is_folder:
        return 1
    return 0 if name.endswith(_CAPTURES) else 2
