"""The fields of one of scapy's layers as lines of a form: shown, explained, and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tunscope.dissect.expression import check_address, first_line
from tunscope.dissect.scapy_import import packet_class
from tunscope.errors import UsageError
from tunscope.packet.header_fields import parse_bytes
from tunscope.packet.printable import printable

#: Names that scapy gives to lengths and checksums.
COMPUTED: Final = frozenset({"len", "plen", "chksum", "cksum", "ihl", "dataofs"})
_MOST_CHOICES: Final = 256
_BYTE: Final = 8
#: Bytes that are rather read than counted.
_WORDS: Final = re.compile(rb"[ -~\t\r\n]+")


@dataclass(frozen=True, slots=True)
class EditableField:
    """A field of a form: its value as text, what may be written, the names its values have.

    Its bits lie in bytes `start` to `stop` of the packet. Where `editable` is False, the bytes
    are what can be changed.
    """

    name: str
    value: str
    description: str
    choices: tuple[tuple[int, str], ...] = ()
    computed: bool = False
    start: int = 0
    stop: int = 0
    editable: bool = True

    @property
    def meaning(self) -> str:
        """The name that the value has, "" if it has none."""
        try:
            value = int(self.value, 0)
        except ValueError:
            return ""
        return next((name for number, name in self.choices if number == value), "")


def form_fields(layer: Any, start: int, stop: int) -> Iterator[EditableField]:
    """Yield the fields that have a place in `layer`, whose own bytes are `start` to `stop`.

    Never raises: what scapy cannot place ends the form, and the bytes are still there.
    """
    built: Any = b""
    for field in layer.fields_desc:
        first = _bits(built)
        # Each of scapy's fields encodes values in a way of its own and raises what it likes.
        try:
            value = layer.getfieldval(field.name)
            built = field.addfield(layer, built, value)
            if _bits(built) > first:
                yield EditableField(
                    field.name,
                    printable(_text(field, value)),
                    _description(layer, field, value, _bits(built) - first),
                    tuple(_choices(field)),
                    field.name in COMPUTED,
                    min(start + first // _BYTE, stop),
                    min(start + -(-_bits(built) // _BYTE), stop),
                    not isinstance(value, list),
                )
        except Exception:  # noqa: BLE001
            return


def encoded(layer: Any, name: str, text: str) -> bytes:
    """Return the own bytes of `layer` after its field `name` was set; UsageError: does not fit."""
    layer = layer.copy()
    layer.remove_payload()
    field = next((one for one in layer.fields_desc if one.name == name), None)
    if field is None:
        raise UsageError(printable(name), f"{type(layer).__name__} has no such field")
    try:
        layer.setfieldval(name, _field_value(layer, field, layer.getfieldval(name), text))
        layer.clear_cache()
        if name == "options":
            for length in ("ihl", "dataofs"):
                if length in layer.fields:
                    delattr(layer, length)
        return own_bytes(layer)
    except UsageError:
        raise
    # Each of scapy's fields encodes values in a way of its own and raises what it likes.
    except Exception as error:  # noqa: BLE001
        raise UsageError(
            f"{printable(name)}={printable(text)}", f"does not fit: {printable(first_line(error))}"
        ) from None


def own_bytes(layer: Any) -> bytes:
    """Return the bytes of a layer without what it carries; it may raise whatever scapy raises."""
    return bytes(layer.post_build(layer.self_build(), b""))


def _named(layer: Any, field: Any, old: Any, text: str) -> Any:
    """Return what the name of a value, or the letters of flags, mean."""
    plain = _concrete(layer, field)
    numbers = getattr(plain, "s2i", None)
    if hasattr(old, "flagrepr") or (isinstance(numbers, dict) and text in numbers):
        return text
    names = " or a name" if isinstance(numbers, dict) else ""
    bits = _bits(field.addfield(layer, b"", old))
    raise UsageError(f"{field.name}={printable(text)}", f"is not 0 to {(1 << bits) - 1}{names}")


def _bits(built: Any) -> int:
    """Return how many bits scapy has built: bytes, or bytes and some bits beyond."""
    return len(built) * _BYTE if isinstance(built, bytes) else len(built[0]) * _BYTE + built[1]


def _description(layer: Any, field: Any, value: Any, bits: int) -> str:
    """Return what may be written, for a person."""
    plain = _concrete(layer, field)
    kind = type(plain).__name__
    if isinstance(value, list):
        return "a list: change its bytes"
    if isinstance(value, bytes):
        return 'hex digits, or text in "double quotes"'
    if hasattr(value, "flagrepr"):
        names = plain.names
        return f"of {names}" if isinstance(names, str) else f"of {'+'.join(map(str, names))}"
    for word, meaning in (("IP6", "IPv6 address"), ("MAC", "MAC address"), ("IP", "IPv4 address")):
        if word in kind and isinstance(value, str):
            return meaning
    if isinstance(value, int):
        return f"0 to {(1 << bits) - 1}"
    return kind.removesuffix("Field").lower()


def _concrete(layer: Any, field: Any) -> Any:
    """Return the field behind scapy's fields that only wrap another."""
    wrapper = packet_class("fields", "_FieldContainer")
    chooser = packet_class("fields", "MultipleTypeField")
    for _ in range(8):
        if isinstance(field, chooser):
            field = field._find_fld_pkt(layer)
        elif isinstance(field, wrapper):
            field = field.fld
    return field


def _text(field: Any, value: Any) -> str:
    """Return the value as it may be written."""
    if isinstance(value, bytes):
        if _WORDS.fullmatch(value):
            return f'"{value.decode("ascii").encode("unicode_escape").decode("ascii")}"'
        return value.hex()
    if isinstance(value, list):
        return ", ".join(_text(field, item) for item in value)
    if isinstance(value, tuple):  # an option: its name, and its value if it has one
        return " ".join(_text(field, item) for item in value if item not in (None, b"", ""))
    if isinstance(value, int) and type(field).__name__.startswith("X"):
        return f"{value:#x}"
    return str(value)


def _choices(field: Any) -> Iterator[tuple[int, str]]:
    names = getattr(field, "i2s", None)
    if isinstance(names, dict):
        for number, name in list(names.items())[:_MOST_CHOICES]:
            if isinstance(number, int):
                yield number, printable(str(name))


def _field_value(layer: Any, field: Any, old: Any, text: str) -> Any:
    """Read `text` as the kind of value that the field has now; a host's name is never looked up."""
    try:
        check_address(_concrete(layer, field), text)
    except ValueError as error:
        raise UsageError(f"{field.name}={printable(text)}", str(error)) from None
    if isinstance(old, bytes):
        return parse_bytes(text)
    if (isinstance(old, int) and not isinstance(old, bool)) or hasattr(old, "flagrepr"):
        try:
            value = int(text, 0)
        except ValueError:
            return _named(layer, field, old, text)
        most = (1 << _bits(field.addfield(layer, b"", old))) - 1
        if not 0 <= value <= most:
            raise UsageError(f"{field.name}={printable(text)}", f"is not 0 to {most}")
        return value
    if isinstance(old, list):
        raise UsageError("edit", "a list is edited by its bytes")
    return text
