"""Decodes the selected packet on a thread of its own, always the latest one asked for.

The dissector is imported there too (a third of a second), and a hostile packet that keeps it
busy delays no key press.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tunscope.dissect import FieldNode
    from tunscope.packet.record import PacketRecord

    Learn: TypeAlias = Callable[[int, PacketRecord], Mapping[str, int]]


def _nothing(number: int, record: PacketRecord) -> Mapping[str, int]:
    del number, record
    return {}


@dataclass(frozen=True, slots=True)
class Dissection:
    """The fields of packet `number`, or in `note` why there are none."""

    number: int
    root: FieldNode | None
    note: str = ""


class Dissector:
    """A daemon thread that decodes the latest request and tells `done`, on that thread.

    `learn` tells there what other packets say of one, see `field_tree`.
    """

    def __init__(self, done: Callable[[Dissection], object], learn: Learn = _nothing) -> None:
        self._done = done
        self._learn = learn
        self._wanted: tuple[int, PacketRecord] | None = None
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="dissector", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the packet it may be at; does not wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def request(self, number: int, record: PacketRecord) -> None:
        """Ask for a packet; a request not yet begun is replaced."""
        with self._changed:
            self._wanted = (number, record)
            self._changed.notify()

    def _next(self) -> tuple[int, PacketRecord] | None:
        with self._changed:
            while self._wanted is None and not self._stopped:
                self._changed.wait()
            wanted, self._wanted = self._wanted, None
            return None if self._stopped else wanted

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            self._done(_dissected(*wanted, self._learn))


def _dissected(number: int, record: PacketRecord, learn: Learn) -> Dissection:
    try:
        from tunscope.dissect import field_tree

        return Dissection(number, field_tree(record, learn(number, record)))
    except Exception as error:  # noqa: BLE001  one packet's fault must not cost all later ones
        return Dissection(number, None, f"cannot be decoded: {type(error).__name__}: {error}")
