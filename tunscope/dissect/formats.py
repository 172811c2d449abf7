"""Values as text, in the forms of Wireshark's field tree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from socket import AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Final

from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.dissect.fieldtable import Field

#: Bytes of a longer field that its label shows.
_SHOWN_BYTES: Final = 36
#: Characters of a text that a label or a value shows.
_SHOWN_TEXT: Final = 4096
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def mac_text(address: bytes) -> str:
    """Return bytes in hexadecimal with colons."""
    return address.hex(":")


def ipv4_text(address: bytes) -> str:
    """Return four bytes as a dotted quad."""
    return ".".join(map(str, address))


def ipv6_text(address: bytes) -> str:
    """Return sixteen bytes in the notation of RFC 5952."""
    return inet_ntop(AF_INET6, address)


def shown_text(text: str | bytes) -> str:
    """Return a text of the packet made safe to show, and cut where it is excessive."""
    cut = text[:_SHOWN_TEXT]
    return printable(cut) + ("…" if len(text) > len(cut) else "")


def bytes_label(data: bytes) -> str:
    """Return the beginning of `data` in hexadecimal."""
    return data[:_SHOWN_BYTES].hex() + ("…" if len(data) > _SHOWN_BYTES else "")


def time_text(nanoseconds: int) -> str:
    """Return a time since 1970 as Wireshark writes it, in UTC."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    try:
        when = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"{seconds}.{fraction:09d} seconds since 1970"
    return f"{when:%b} {when.day:2d}, {when:%Y %H:%M:%S}.{fraction:09d} UTC"


def seconds_text(nanoseconds: int) -> str:
    """Return a time in seconds with nine decimals."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, fraction = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{sign}{seconds}.{fraction:09d}"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def mask_text(value: int, mask: int, bits: int) -> str:
    """Return the bits of a container with those outside `mask` as dots: ``.1.. ....``."""
    digits = [
        (str(value >> place & 1) if mask >> place & 1 else ".") for place in range(bits - 1, -1, -1)
    ]
    # Groups of four are counted from the left, as Wireshark does.
    return " ".join("".join(digits[at : at + 4]) for at in range(0, bits, 4))


def number_value(field: Field, value: int) -> str:
    """Return the number as a filter compares it."""
    if field.kind == "BOOLEAN":
        return str(int(bool(value)))
    if field.base.startswith("HEX"):
        return f"0x{value:0{field.width * 2}x}"
    return str(value)


def number_label(field: Field, value: int) -> str:
    """Return the number with its name or unit as a label shows it."""
    if field.kind == "BOOLEAN":
        return field.names.get(int(bool(value))) or str(bool(value))
    number = number_value(field, value)
    if field.base == "DEC_HEX":
        number = f"{value} (0x{value:0{field.width * 2}x})"
    elif field.base == "HEX_DEC":
        number = f"{number} ({value})"
    if field.names:
        name = field.names.get(value)
        return (name or "Unknown") + ("" if field.base == "NONE" else f" ({number})")
    if field.unit[0]:
        return f"{number}{field.unit[value != 1]}"
    return number


def duration(seconds: int) -> str:
    """Return a time in days, hours, minutes and seconds."""
    parts = []
    rest = seconds
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"
