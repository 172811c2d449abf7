"""What a TLS connection remembers from one segment to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

#: An end of a connection: address and port.
Side: TypeAlias = tuple[bytes, int]

#: Bytes of a handshake message that are kept until the rest comes.
_MOST_PENDING: Final = 1 << 18
#: What servers agree to speak by ALPN, and what is spoken on ports.
_AGREED: Final = {
    "h2": "HyperText Transfer Protocol 2",
    "http/1.1": "Hypertext Transfer Protocol",
    "dot": "Domain Name System",
}
_BY_PORT: Final = {
    21: "File Transfer Protocol (FTP)",
    25: "Simple Mail Transfer Protocol",
    110: "Post Office Protocol",
    143: "Internet Message Access Protocol",
    443: "Hypertext Transfer Protocol",
    465: "Simple Mail Transfer Protocol",
    636: "Lightweight Directory Access Protocol",
    853: "Domain Name System",
    993: "Internet Message Access Protocol",
    995: "Post Office Protocol",
    5061: "Session Initiation Protocol",
}


@dataclass(slots=True)
class Pending:
    """The beginning of a handshake message, and the packets it came in."""

    data: bytes = b""
    packets: list[int] = field(default_factory=list)


@dataclass(slots=True)
class TlsConnection:
    """One connection: what was agreed upon, and who has begun to encrypt."""

    known: bool = False
    #: Its messages go in QUIC's frames.
    quic: bool = False
    port: int = 0
    #: The server chose TLS 1.3.
    newest: bool = False
    #: The version (of the two that TLS 1.3 names, the older one) and the cipher suite the server
    #: chose; 0 for a suite that was not seen.
    version: int = 0x0303
    suite: int = 0
    agreed: str = ""
    client: Side | None = None
    #: No whole handshake was seen since the client's hello.
    resumed: bool = False
    encrypted: set[Side] = field(default_factory=set)
    pending: dict[Side, Pending] = field(default_factory=dict)

    @property
    def carried(self) -> str:
        """What the connection protects, by Wireshark's name for it, if that is known."""
        return _AGREED.get(self.agreed) or _BY_PORT.get(self.port, "")

    def change_cipher(self, side: Side) -> bool:
        """Take in that `side` encrypts from now on; return whether that resumes a session."""
        self.encrypted.add(side)
        resumes = self.resumed and not self.newest and self.client not in (None, side)
        if resumes:
            self.resumed = False
        return resumes

    def complete(self, side: Side, data: bytes, packet: int) -> tuple[bytes, list[int]]:
        """Return `data` behind what was kept of `side`, and the packets all of it came in."""
        kept = self.pending.pop(side, None)
        if kept is None:
            return data, [packet]
        return kept.data + data, [*kept.packets, packet]

    def keep(self, side: Side, data: bytes, packets: list[int]) -> None:
        """Keep the beginning of a message until its rest comes."""
        if len(data) <= _MOST_PENDING:
            self.pending[side] = Pending(data, packets)
