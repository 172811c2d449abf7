"""Which protocol takes which number, by the names that tshark gives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def assignments(table: str) -> Mapping[int, str]:
    """Return which protocol takes each number of `table`: EtherTypes, IP protocols, ports."""
    numbers: dict[int, str] = {}
    text = files("tunscope.filter").joinpath("assignments.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, protocol, taken = line.split("\t")
        if name == table:
            numbers.update(dict.fromkeys(map(int, taken.split()), protocol))
    return numbers
