"""Sections of a pcapng file: byte order, interfaces, and what blocks that are no records say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from tunscope.capfile.blocks import BlockType, InterfaceDescription
from tunscope.capfile.contents import CaptureContents
from tunscope.capfile.decode import (
    decode_interface,
    decode_names,
    decode_section,
    decode_statistics,
)
from tunscope.capfile.options import ByteOrder
from tunscope.columns.interfaces import InterfaceTable

_SECTION: Final = int(BlockType.SECTION_HEADER)
_INTERFACE: Final = int(BlockType.INTERFACE_DESCRIPTION)
_NAMES: Final = int(BlockType.NAME_RESOLUTION)
_STATISTICS: Final = int(BlockType.INTERFACE_STATISTICS)
#: Block types that are read here.
DESCRIBING_BLOCKS: Final = frozenset({_SECTION, _INTERFACE, _NAMES, _STATISTICS})

#: What is to be done once it is sure that nothing before a block is damaged.
Note = Callable[[], None]


class Sections:
    """The section a walk has come to.

    Its interfaces are numbers `base` to `base + known - 1` of `interfaces`. A file that goes on
    where another one ended may describe the same interfaces again: those that `earlier`, the
    number of that file's first interface, and the following ones describe already are not added
    once more.
    """

    def __init__(
        self, interfaces: InterfaceTable, contents: CaptureContents, earlier: int | None
    ) -> None:
        self.interfaces: Final = interfaces
        self._contents: Final = contents
        self._earlier = earlier
        self.order: ByteOrder = "<"
        self.base = len(interfaces)
        self.known = 0
        self._section = 0

    def describe(self, kind: int, body: bytes) -> Note | None:
        """Take in a block that is no record; its interfaces count from now on.

        ValueError: the block contradicts the format.
        """
        contents = self._contents
        if kind == _SECTION:
            section = decode_section(body, self.order)
            self.base, self.known = len(self.interfaces), 0
            self._section += 1
            return partial(contents.add_section, section)
        if kind == _INTERFACE:
            self._add(decode_interface(body, self.order))
        elif kind == _NAMES:
            return partial(_add_names, contents.names, decode_names(body, self.order))
        elif kind == _STATISTICS:
            described = self.interfaces.descriptions
            statistics = decode_statistics(body, self.order, described, self.base)
            if statistics is not None:
                return partial(contents.statistics.append, statistics)
        return None

    def rewind(self, base: int, known: int, count: int) -> None:
        """Go back to an earlier section, and to the first `count` interfaces of the capture."""
        self.base, self.known = base, known
        self.interfaces.truncate(count)

    def _add(self, description: InterfaceDescription) -> None:
        interfaces, order = self.interfaces, self.order
        if self._earlier is not None and self.known == 0:
            if interfaces.describes(self._earlier, description, order):
                self.base = self._earlier
            self._earlier = None
        number = self.base + self.known
        if not interfaces.describes(number, description, order):
            if number < len(interfaces):
                # No longer the same: what was taken over so far is described anew after all.
                same = interfaces.descriptions[self.base : number]
                self.base = len(interfaces)
                for i, earlier in enumerate(same):
                    interfaces.add(replace(earlier, number=i, section=self._section), order, i)
            numbered = replace(description, number=self.known, section=self._section)
            interfaces.add(numbered, order, self.known)
        self.known += 1


def _add_names(names: dict[str, str], new: list[tuple[str, str]]) -> None:
    for address, name in new:
        names.setdefault(address, name)
