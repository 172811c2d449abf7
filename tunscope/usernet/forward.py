"""``--forward``: ports of the host that lead into the namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tunscope.errors import UsageError
from tunscope.packet.printable import printable

#: Where the host listens: only for itself.
LISTEN_ADDRESS: Final = "127.0.0.1"
_FORM: Final = "as in 8080, 8080:80 or 5353:53/udp"


@dataclass(frozen=True, slots=True)
class Forward:
    """`host_port` of 127.0.0.1 leads to `port` in the namespace."""

    host_port: int
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"

    def __str__(self) -> str:
        return f"{self.host_port}:{self.port}/{self.protocol}"


def parse_forward(text: str) -> Forward:
    """Read ``[HOSTPORT:]PORT[/udp]``; UsageError if it is something else."""
    shown = f"--forward {printable(text)}"
    ports, slash, protocol = text.partition("/")
    if slash and protocol not in {"tcp", "udp"}:
        raise UsageError(shown, f"{printable(protocol)!r} is neither tcp nor udp", _FORM)
    host, colon, inner = ports.partition(":")
    numbers = [_port(shown, word) for word in ((host, inner) if colon else (host, host))]
    return Forward(numbers[0], numbers[1], "udp" if protocol == "udp" else "tcp")


def _port(shown: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or not 0 < int(text) < 65536:
        raise UsageError(shown, f"{printable(text)!r} is no port", _FORM)
    return int(text)
