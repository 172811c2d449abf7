"""Which protocol speaks next: tables from a number in one header to the reader of the next.

A reader takes a `Window` on its own bytes and the `Draft`, and writes what it finds. It may
raise `CaptureCut` or `Malformed` at any point; what it wrote before stays. The modules of this
package enter their readers with the decorators below when `tunscope.summary.protocols` imports
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from tunscope.summary.draft import Draft
from tunscope.summary.window import Window

Reader = Callable[[Window, Draft], None]
#: A reader that may decline the bytes; it returns False then and has written nothing.
Guess = Callable[[Window, Draft], bool]

_Entry = TypeVar("_Entry")
_Number = TypeVar("_Number")

#: LINKTYPE_ numbers.
LINK_TYPES: Final[dict[int, Reader]] = {}
#: EtherTypes, of Ethernet II, VLAN, SNAP, SLL, GRE and others.
ETHERTYPES: Final[dict[int, Reader]] = {}
#: IP protocol numbers and IPv6 next headers.
IP_PROTOCOLS: Final[dict[int, Reader]] = {}
#: Application protocols by port, tried before any guess.
TCP_PORTS: Final[dict[int, Guess]] = {}
UDP_PORTS: Final[dict[int, Guess]] = {}
#: Application protocols by the name under which a conversation remembers them.
APPLICATIONS: Final[dict[str, Guess]] = {}
#: Application protocols by look, tried in order when no port decides.
TCP_GUESSES: Final[list[Guess]] = []
UDP_GUESSES: Final[list[Guess]] = []


def entered(table: dict[_Number, _Entry], *numbers: _Number) -> Callable[[_Entry], _Entry]:
    """Enter the decorated reader into `table` under each of `numbers`."""

    def enter(reader: _Entry) -> _Entry:
        for number in numbers:
            table[number] = reader
        return reader

    return enter


def guessed(*lists: list[Guess]) -> Callable[[Guess], Guess]:
    """Append the decorated guess to each of `lists`."""

    def enter(guess: Guess) -> Guess:
        for candidates in lists:
            candidates.append(guess)
        return guess

    return enter


def application(name: str) -> Callable[[Guess], Guess]:
    """Enter the decorated reader as the one for conversations whose application is `name`."""

    def enter(reader: Guess) -> Guess:
        APPLICATIONS[name] = reader
        return reader

    return enter
