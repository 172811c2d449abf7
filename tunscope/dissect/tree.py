"""The tree under construction: decoders add fields to it by name, offset and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import Field, all_fields
from tunscope.dissect.formats import (
    bytes_label,
    ipv4_text,
    ipv6_text,
    mac_text,
    mask_text,
    number_label,
    number_value,
    shown_text,
    time_text,
)
from tunscope.dissect.node import FieldNode

if TYPE_CHECKING:
    from tunscope.dissect.window import Window

#: Fields of one packet; the rest of a packet that has more is not shown.
MAX_FIELDS: Final = 20_000


class TooManyFields(Exception):
    """The packet has more fields than anybody could look at."""


class Budget:
    """How many fields the packet may still have."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_FIELDS

    def spend(self) -> None:
        """Account for one field."""
        if not self.left:
            raise TooManyFields
        self.left -= 1


class Tree:
    """A field under construction, with the window that the offsets of its children refer to.

    Adding a field reads its bytes and raises, without adding it, if they are not all there.
    """

    __slots__ = ("_budget", "children", "label", "name", "start", "stop", "value", "window")

    def __init__(self, window: Window, budget: Budget) -> None:
        self.window = window
        self.name = self.label = self.value = ""
        self.start = self.stop = window.start
        self.children: list[Tree] = []
        self._budget = budget

    def _child(
        self, name: str, label: str, value: str, start: int, stop: int, window: Window
    ) -> Tree:
        self._budget.spend()
        child = Tree(window, self._budget)
        child.name, child.label, child.value = name, label, value
        child.start, child.stop = start, stop
        self.children.append(child)
        return child

    def protocol(self, name: str, label: str, window: Window, size: int | None = None) -> Tree:
        """Add a protocol that fills `size` bytes of `window`, by default as far as it goes."""
        stop = window.stop if size is None else min(window.stop, window.start + size)
        return self._child(name, label, "", window.start, stop, window)

    def group(self, label: str, offset: int, size: int | None = None) -> Tree:
        """Add a heading for fields that belong together."""
        return self.marked("", label, offset, size)

    def marked(self, name: str, label: str, offset: int, size: int | None = None) -> Tree:
        """Add a field that is only a range of bytes with a label."""
        size = self.window.length - offset if size is None else size
        start = min(self.window.start + offset, self.window.stop)
        return self._child(
            name, label, "", start, min(start + max(size, 0), self.window.stop), self.window
        )

    def octets(self, name: str, label: str, offset: int, size: int) -> Tree:
        """Add a range of bytes with a label whose value are the bytes themselves."""
        place = self.window.check(offset, size)
        data = self.window.data[place : place + size]
        return self._child(name, label, data.hex(":"), place, place + size, self.window)

    def field(
        self,
        name: str,
        offset: int,
        size: int,
        *,
        value: int | str | None = None,
        text: str | None = None,
        label: str | None = None,
        note: str = "",
        little: bool = False,
    ) -> Tree:
        """Add a field of the table whose `size` bytes begin at `offset`.

        `value` replaces the value read (a number before masking is none of it), `text` the part
        of the label behind its colon, `label` all of it but the bits; `note` is put behind it.
        `little` reads a number with its lowest byte first.
        """
        window = self.window
        place = window.check(offset, size)
        data = window.data[place : place + size]
        spec = all_fields()[name]
        shown, worded, bits = _render(spec, data, value, little=little)
        head = spec.label if text is None and label is None else ""
        if label is not None:
            line = label
        elif text is not None:
            line = f"{spec.label}: {text}"
        else:
            line = f"{head}: {worded}" if worded or "STRING" in spec.kind else head
        return self._child(name, f"{bits}{line}{note}", shown, place, place + size, window)

    def bits(
        self,
        name: str,
        bit: int,
        count: int,
        *,
        value: int | None = None,
        text: str | None = None,
    ) -> Tree:
        """Add a field of `count` bits from the one numbered `bit`, counted from the window's start.

        `value` replaces the number read, `text` the part of the label behind the colon.
        """
        first = bit >> 3
        size = (bit + count - 1 >> 3) - first + 1
        place = self.window.check(first, size)
        raw = self.window.number(first, size)
        shift = size * 8 - (bit & 7) - count
        mask = (1 << count) - 1 << shift
        spec = all_fields()[name]
        number = raw >> shift & (1 << count) - 1 if value is None else value
        worded = number_label(spec, number) if text is None else text
        line = f"{mask_text(raw, mask, size * 8)} = {spec.label}: {worded}"
        shown = number_value(spec, number)
        return self._child(name, line, shown, place, place + size, self.window)

    def derived(
        self, name: str, value: int | str = "", offset: int = 0, *, text: str | None = None
    ) -> Tree:
        """Add a field that stands nowhere in the packet; its label is in square brackets."""
        spec = all_fields()[name]
        shown = value if isinstance(value, str) else number_value(spec, value)
        worded = text
        if worded is None:
            worded = value if isinstance(value, str) else number_label(spec, value)
        line = f"[{spec.label}: {worded}]" if worded else f"[{spec.label}]"
        place = min(self.window.start + offset, self.window.stop)
        return self._child(name, line, shown, place, place, self.window)

    def expert(self, name: str, kind: str, text: str) -> None:
        """Add a remark of `kind` (``Warning/Protocol``) about this field."""
        remark = self._child(
            "_ws.expert",
            f"[Expert Info ({kind}): {text}]",
            "",
            self.start,
            self.start,
            self.window,
        )
        remark._child(name, f"[{text}]", "", self.start, self.start, self.window)

    def end(self, offset: int) -> None:
        """Make this field end at `offset` of its window."""
        self.stop = max(self.start, min(self.window.start + offset, self.window.stop))

    def frozen(self) -> FieldNode:
        """Return the finished field with everything below it."""
        return FieldNode(
            self.name,
            self.label,
            self.value,
            self.start,
            self.stop,
            tuple(child.frozen() for child in self.children),
        )


def _render(
    spec: Field, data: bytes, value: int | str | None, *, little: bool
) -> tuple[str, str, str]:
    """Return value, wording and bit text of a field with these bytes."""
    bits = ""
    if isinstance(value, str):
        return shown_text(value), shown_text(value), bits
    match spec.kind:
        case "ETHER" | "EUI64":
            text = mac_text(data)
        case "IPv4" if len(data) == 4:
            text = ipv4_text(data)
        case "IPv6" if len(data) == 16:
            text = ipv6_text(data)
        case "BYTES" | "UINT_BYTES" | "IPv4" | "IPv6":
            return mac_text(data), bytes_label(data), bits
        case "STRING" | "STRINGZ":
            text = shown_text(data.rstrip(b"\0"))
        case "NONE" | "PROTOCOL":
            text = ""
        case "ABSOLUTE_TIME":
            text = time_text(int.from_bytes(data, "big") * 1_000_000_000)
        case _:
            raw = int.from_bytes(data, "little" if little else "big")
            if spec.mask:
                bits = f"{mask_text(raw, spec.mask, spec.container_bits)} = "
                raw = (raw & spec.mask) >> (spec.mask & -spec.mask).bit_length() - 1
            elif spec.kind.startswith("INT") and data and raw >> len(data) * 8 - 1:
                raw -= 1 << len(data) * 8
            number = raw if value is None else value
            return number_value(spec, number), number_label(spec, number), bits
    return text, text, bits
