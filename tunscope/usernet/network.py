"""The small network between a private namespace and the program that leads outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Network:
    """IPv4 addresses of it: the namespace's own, the way out, and who answers DNS.

    The gateway also stands for the host: a connection to it arrives at the host's 127.0.0.1. `mac`
    is the namespace's hardware address.
    """

    mac: str
    address: str
    prefix: int
    gateway: str
    nameserver: str

    @property
    def interface(self) -> str:
        """The namespace's address in CIDR form."""
        return f"{self.address}/{self.prefix}"


#: What libslirp has always used (QEMU's `-netdev user`), and people know.
NETWORK: Final = Network("02:00:0a:00:02:64", "10.0.2.100", 24, "10.0.2.2", "10.0.2.3")
#: In bytes, the largest that passt takes; slirp4netns would take one more.
LARGEST_MTU: Final = 65520
