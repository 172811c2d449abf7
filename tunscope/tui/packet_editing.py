"""A packet being edited: its form, what was changed, and the way back. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tunscope.packet.difference import field_changes

if TYPE_CHECKING:
    from tunscope.dissect.editing import EditableLayer, EditablePacket
    from tunscope.dissect.form_fields import EditableField
    from tunscope.packet.difference import FieldChange

#: Steps back that are kept.
_MOST_STEPS: Final = 1000

Change = Callable[["EditablePacket"], "EditablePacket"]


@dataclass(frozen=True, slots=True)
class FormRow:
    """A line of the form: a layer, or one of its fields with what it was, None if it is new."""

    layer: EditableLayer
    field: EditableField | None = None
    original: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the field is not what it was."""
        return self.field is not None and self.field.value != self.original

    @property
    def span(self) -> tuple[int, int]:
        """The bytes it is about."""
        shown = self.field or self.layer
        return shown.start, shown.stop


class PacketEditing:
    """The states that a packet went through; `packet` is the one now.

    `origin` names what it is made from, as in "#12" or "ping"; `generation` grows with every
    change.
    """

    def __init__(self, packet: EditablePacket, origin: str) -> None:
        self.origin: Final = origin
        self.original: Final = packet.data
        self.linktype: Final = packet.linktype
        self.generation = 0
        self._first: Final = packet
        self._states = [packet]
        self._at = 0
        self._rows: tuple[int, tuple[FormRow, ...]] | None = None
        self._before: Final = {
            (key, field.name): field.value
            for key, layer in _keyed(packet.layers())
            for field in layer.fields
        }

    @property
    def packet(self) -> EditablePacket:
        """The packet as it is now."""
        return self._states[self._at]

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.packet.data

    @property
    def edited(self) -> bool:
        """Whether its bytes are not the original's."""
        return self.data != self.original

    def apply(self, change: Change) -> bool:
        """Change the packet; return whether that made a difference. UsageError: it cannot be."""
        changed = change(self.packet)
        if changed == self.packet:
            return False
        del self._states[self._at + 1 :]
        self._states.append(changed)
        del self._states[:-_MOST_STEPS]
        self._go(len(self._states) - 1)
        return True

    def undo(self) -> bool:
        """Take the last change back; False if there is none."""
        return self._step(-1)

    def redo(self) -> bool:
        """Make the change that was taken back last again; False if there is none."""
        return self._step(1)

    def revert(self) -> bool:
        """Go back to the original, which can be undone."""
        return self.apply(lambda _: self._first)

    def rows(self) -> tuple[FormRow, ...]:
        """Return the form's lines."""
        if self._rows is None or self._rows[0] != self.generation:
            self._rows = (self.generation, self.rows_of(self.packet))
        return self._rows[1]

    def rows_of(self, packet: EditablePacket) -> tuple[FormRow, ...]:
        """Return the lines of a form for `packet`, which may become this one."""
        rows = []
        for key, layer in _keyed(packet.layers()):
            rows.append(FormRow(layer))
            rows += [
                FormRow(layer, field, self._before.get((key, field.name))) for field in layer.fields
            ]
        return tuple(rows)

    def changes(self) -> tuple[FieldChange, ...]:
        """Return what was changed, by display filter names."""
        return field_changes(self.original, self.data, self.linktype)

    def changed_bytes(self) -> frozenset[int]:
        """Return the offsets of the bytes that are not what they were.

        Of a packet that grew or shrank, what is alike from its end is not counted as changed.
        """
        return changed_offsets(self.original, self.data)

    def _step(self, step: int) -> bool:
        if not 0 <= self._at + step < len(self._states):
            return False
        self._go(self._at + step)
        return True

    def _go(self, place: int) -> None:
        self._at = place
        self.generation += 1


def changed_offsets(before: bytes, after: bytes) -> frozenset[int]:
    """Return the offsets in `after` of the bytes that `before` does not have there."""
    if len(before) == len(after):
        return frozenset(at for at in range(len(after)) if before[at] != after[at])
    tail, most = 0, min(len(before), len(after))
    while tail < most and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    stop = len(after) - tail
    return frozenset(at for at in range(stop) if before[at : at + 1] != after[at : at + 1])


def _keyed(
    layers: tuple[EditableLayer, ...],
) -> list[tuple[tuple[str, int], EditableLayer]]:
    """Return layers with what names them however many others there are: protocol and occurrence."""
    seen: dict[str, int] = {}
    keyed = []
    for layer in layers:
        seen[layer.protocol] = seen.get(layer.protocol, 0) + 1
        keyed.append(((layer.protocol, seen[layer.protocol]), layer))
    return keyed
