"""SNMP (RFC 1157, 3416, 3412)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_OBJECT: Final = 0x06
_VERSION_3: Final = 3
_PDUS: Final = {
    0xA0: "get-request", 0xA1: "get-next-request", 0xA2: "get-response", 0xA3: "set-request",
    0xA4: "trap", 0xA5: "getBulkRequest", 0xA6: "informRequest", 0xA7: "snmpV2-trap",
    0xA8: "report",
}  # fmt: skip
_TRAP_1: Final = 0xA4
_ENCRYPTED: Final = 2
_MAX_BINDINGS: Final = 128


class _Values:
    """The values of a BER encoding (X.690), one after the other."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.offset = 0

    @property
    def more(self) -> bool:
        return self.offset < self.window.length

    def next(self) -> tuple[int, Window]:
        tag, first = self.window.u8(self.offset), self.window.u8(self.offset + 1)
        start = self.offset + 2
        length = first
        if first & 0x80:
            count = first & 0x7F
            if count > 4:
                raise Malformed
            length = int.from_bytes(self.window.take(start, count), "big")
            start += count
        if start + length > self.window.length:
            self.window.check(start, length)
        self.offset = start + length
        return tag, self.window.sub(start, length)


@entered(UDP_PORTS, 161, 162, 8161)
@entered(TCP_PORTS, 161, 162)
def read_snmp(window: Window, draft: Draft) -> bool:
    """Read the operation and the object identifiers it is about."""
    draft.name("SNMP")
    draft.write("")
    _, message = _Values(window).next()
    values = _Values(message)
    _, version = values.next()
    if version.length and version.u8(version.length - 1) == _VERSION_3:
        _, header = values.next()
        _, security = values.next()
        _read_scoped(header, values, draft)
        security.check(0, security.length)
        return True
    values.next()  # the community
    _read_operation(values, draft)
    return True


def _read_scoped(header: Window, values: _Values, draft: Draft) -> None:
    """Read version 3's scoped operation unless it is encrypted (RFC 3412, 6)."""
    fields = _Values(header)
    fields.next()
    fields.next()
    _, flags = fields.next()
    if flags.length and flags.u8(0) & _ENCRYPTED:
        draft.write("encryptedPDU: privKey Unknown")
        return
    _, scoped = values.next()
    inner = _Values(scoped)
    inner.next()
    inner.next()
    _read_operation(inner, draft)


def _read_operation(values: _Values, draft: Draft) -> None:
    tag, body = values.next()
    draft.write(_PDUS.get(tag, f"unknown ({tag:#x})"))
    fields = _Values(body)
    if tag == _TRAP_1:
        _, enterprise = fields.next()
        draft.append(f" {object_text(enterprise)}")
        for _ in range(4):
            fields.next()
    else:
        for _ in range(3):
            fields.next()
    _, bindings = fields.next()
    listed = _Values(bindings)
    for _ in range(_MAX_BINDINGS):
        if not listed.more:
            return
        _, binding = listed.next()
        kind, name = _Values(binding).next()
        if kind == _OBJECT:
            draft.append(f" {object_text(name)}")


def object_text(window: Window) -> str:
    """Return an object identifier in dotted decimal (X.690, 8.19)."""
    numbers: list[int] = []
    value = 0
    for byte in window.take(0, min(window.length, 256)):
        value = (value << 7 | byte & 0x7F) & 0xFFFFFFFF
        if byte & 0x80:
            continue
        if not numbers:
            first = min(value // 40, 2)
            numbers += [first, value - 40 * first]
        else:
            numbers.append(value)
        value = 0
    return ".".join(map(str, numbers))
