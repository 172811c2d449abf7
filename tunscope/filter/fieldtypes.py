"""The types a field can have (Wireshark's FT_ types), and what each may take part in."""

from __future__ import annotations

from enum import Enum
from typing import Final


class FieldType(Enum):
    """A field's type; the value is the name that `tshark -G fields` prints, without `FT_`.

    Python values: int for numbers, frame numbers, booleans, EUI64 and IPv4; float for FLOAT and
    DOUBLE; int nanoseconds for both times; bytes for byte sequences, MAC, IPv6, GUID and OID; str
    for strings; `ProtocolValue` for protocols; None for labels.
    """

    NONE = "NONE"
    PROTOCOL = "PROTOCOL"
    BOOLEAN = "BOOLEAN"
    CHAR = "CHAR"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT24 = "UINT24"
    UINT32 = "UINT32"
    UINT40 = "UINT40"
    UINT48 = "UINT48"
    UINT56 = "UINT56"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT24 = "INT24"
    INT32 = "INT32"
    INT64 = "INT64"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    ABSOLUTE_TIME = "ABSOLUTE_TIME"
    RELATIVE_TIME = "RELATIVE_TIME"
    STRING = "STRING"
    STRINGZ = "STRINGZ"
    UINT_STRING = "UINT_STRING"
    STRINGZPAD = "STRINGZPAD"
    STRINGZTRUNC = "STRINGZTRUNC"
    ETHER = "ETHER"
    BYTES = "BYTES"
    UINT_BYTES = "UINT_BYTES"
    IPV4 = "IPv4"
    IPV6 = "IPv6"
    FRAMENUM = "FRAMENUM"
    GUID = "GUID"
    OID = "OID"
    EUI64 = "EUI64"

    @property
    def label(self) -> str:
        """What the type is called towards people."""
        return _LABELS[self]


STRINGS: Final = frozenset(
    {
        FieldType.STRING,
        FieldType.STRINGZ,
        FieldType.UINT_STRING,
        FieldType.STRINGZPAD,
        FieldType.STRINGZTRUNC,
    }
)
#: Bits of the integer types, by which literals are checked.
UNSIGNED_BITS: Final = {
    FieldType.CHAR: 8,
    FieldType.UINT8: 8,
    FieldType.UINT16: 16,
    FieldType.UINT24: 24,
    FieldType.UINT32: 32,
    FieldType.UINT40: 40,
    FieldType.UINT48: 48,
    FieldType.UINT56: 56,
    FieldType.UINT64: 64,
    FieldType.FRAMENUM: 32,
}
SIGNED_BITS: Final = {
    FieldType.INT8: 8,
    FieldType.INT16: 16,
    FieldType.INT24: 24,
    FieldType.INT32: 32,
    FieldType.INT64: 64,
}
INTEGERS: Final = frozenset(UNSIGNED_BITS) | frozenset(SIGNED_BITS)
#: Integers that are compared and computed in 64 bits, the others in 32.
WIDE: Final = frozenset(
    kind for kind, bits in {**UNSIGNED_BITS, **SIGNED_BITS}.items() if bits > 32
) | {FieldType.EUI64}
FLOATS: Final = frozenset({FieldType.FLOAT, FieldType.DOUBLE})
#: Types whose value is a sequence of bytes, as far as comparing them goes.
BYTE_SEQUENCES: Final = frozenset(
    {FieldType.BYTES, FieldType.UINT_BYTES, FieldType.ETHER, FieldType.OID}
)

_ARITHMETIC: Final = INTEGERS | FLOATS | {FieldType.EUI64}

CAN_COMPARE: Final = frozenset(FieldType) - {FieldType.NONE}
CAN_CONTAIN: Final = STRINGS | BYTE_SEQUENCES | {FieldType.PROTOCOL}
CAN_MATCH: Final = CAN_CONTAIN - {FieldType.UINT_BYTES, FieldType.OID}
CAN_SLICE: Final = CAN_CONTAIN | {FieldType.IPV4, FieldType.IPV6}
CAN_BITAND: Final = INTEGERS | BYTE_SEQUENCES | {FieldType.IPV4, FieldType.IPV6, FieldType.EUI64}
CAN_ADD: Final = _ARITHMETIC | {FieldType.RELATIVE_TIME}
CAN_MULTIPLY: Final = _ARITHMETIC - {FieldType.EUI64}
CAN_MODULO: Final = CAN_MULTIPLY - FLOATS
CAN_NEGATE: Final = CAN_ADD
CAN_ABS: Final = CAN_NEGATE | {FieldType.BOOLEAN}
CAN_STRING: Final = (
    (INTEGERS - {FieldType.CHAR, FieldType.INT24})
    | FLOATS
    | {
        FieldType.ETHER,
        FieldType.OID,
        FieldType.EUI64,
        FieldType.IPV4,
        FieldType.IPV6,
        FieldType.GUID,
    }
)


def compatible(left: FieldType, right: FieldType) -> bool:
    """Whether a value of type `left` may stand left of one of type `right`."""
    for family in (INTEGERS | {FieldType.EUI64}, FLOATS, STRINGS):
        if left in family:
            return right in family
    if left in BYTE_SEQUENCES or left is FieldType.GUID:
        return right in BYTE_SEQUENCES
    return left is right and left is not FieldType.NONE


def _integer_label(kind: FieldType) -> str:
    signed = kind in SIGNED_BITS
    size = (SIGNED_BITS if signed else UNSIGNED_BITS)[kind] // 8
    return f"{'signed' if signed else 'unsigned'} integer ({size} byte{'s' if size > 1 else ''})"


_LABELS: Final[dict[FieldType, str]] = {
    **{kind: _integer_label(kind) for kind in INTEGERS},
    **dict.fromkeys(STRINGS, "character string"),
    FieldType.NONE: "label",
    FieldType.PROTOCOL: "protocol",
    FieldType.BOOLEAN: "boolean",
    FieldType.CHAR: "character (1 byte)",
    FieldType.FRAMENUM: "frame number",
    FieldType.FLOAT: "floating point (single precision)",
    FieldType.DOUBLE: "floating point (double precision)",
    FieldType.ABSOLUTE_TIME: "date and time",
    FieldType.RELATIVE_TIME: "time offset",
    FieldType.ETHER: "MAC address",
    FieldType.BYTES: "byte sequence",
    FieldType.UINT_BYTES: "byte sequence",
    FieldType.IPV4: "IPv4 address",
    FieldType.IPV6: "IPv6 address",
    FieldType.GUID: "GUID",
    FieldType.OID: "object identifier",
    FieldType.EUI64: "EUI64 address",
}
