"""Values that need more than a Python number, string or bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ProtocolValue:
    """A protocol in a packet: the bytes from its start to the end of what it carries.

    `length` bytes of `data` count as the protocol's own for comparisons, slices and len();
    contains and matches look at all of `data`.
    """

    data: bytes
    length: int

    @property
    def own(self) -> bytes:
        """The protocol's own bytes."""
        return self.data[: self.length]


@dataclass(frozen=True, slots=True)
class Network:
    """An address with a prefix length, as in CIDR notation. Only literals are networks.

    IPv4: `address` and `mask` are 32-bit numbers; IPv6: 128-bit numbers.
    """

    address: int
    mask: int


#: What a field's occurrence can be, see FieldType. None stands for a label's presence.
Value: TypeAlias = int | float | str | bytes | ProtocolValue | Network | None
