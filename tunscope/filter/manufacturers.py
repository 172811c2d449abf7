"""Who makes a network card: the names that Wireshark, where it is installed, has for the first
three bytes of a MAC address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

#: Where packages put Wireshark's list. Without one, nobody has a name.
PLACES: Final = (
    "/usr/share/wireshark/manuf",
    "/usr/local/share/wireshark/manuf",
    "/opt/homebrew/share/wireshark/manuf",
)
_WIDTH: Final = len("00:00:00")


@cache
def manufacturers() -> Mapping[int, str]:
    """Return the names by 24-bit prefix, read once and when they are first asked for."""
    for place in PLACES:
        try:
            with Path(place).open(encoding="utf-8", errors="replace") as lines:
                return names_in(lines)
        except OSError:
            continue
    return {}


def names_in(lines: Iterable[str]) -> dict[int, str]:
    """Return the names in the lines of a `manuf` file: prefix, short name, long name, with tabs
    between them. Longer prefixes, which have a mask, are left out."""
    names = {}
    for line in lines:
        prefix, _, rest = line.partition("\t")
        prefix = prefix.strip()
        if len(prefix) != _WIDTH or line[0] == "#":
            continue
        short, _, long = rest.rstrip("\n").partition("\t")
        digits = prefix.replace(":", "").replace("-", "")
        try:
            names[int(digits, 16)] = (long or short).strip()
        except ValueError:
            continue
    return names
