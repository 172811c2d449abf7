"""The MAC addresses of those that packets of a replay go to, asked of an engine."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from tunscope.device.facts import DeviceFacts
from tunscope.engine.protocol import Message
from tunscope.errors import TunscopeError
from tunscope.packet.neighbour_messages import multicast_mac

_LOOKS: Final = 15
_LOOK_SECONDS: Final = 0.03
#: Looks after which a question is asked again: the first may have been lost, or came too early
#: for a link that has just come up.
_AGAIN: Final = 5
#: So many that do not answer, and nobody is asked any more.
_PATIENCE: Final = 8

#: Makes the resolve request with these arguments.
Resolve = Callable[[Mapping[str, Any]], Message]


class Neighbours:
    """Tells the MAC address for an IP address; `silent` are those that nobody answered for.

    Networks' own broadcast addresses and groups need no question.
    """

    def __init__(self, facts: DeviceFacts, resolve: Resolve) -> None:
        self.silent: set[bytes] = set()
        self._resolve = resolve
        self._mac = (facts.mac or "").replace(":", "")
        interfaces = [ipaddress.ip_interface(text) for text in facts.addresses]
        self._sources = {"4": "00000000"} | {
            str(one.version): one.ip.packed.hex() for one in reversed(interfaces)
        }
        self._everybody = {
            one.network.broadcast_address.packed for one in interfaces if one.version == 4
        }
        self._known: dict[bytes, bytes] = {}

    def __call__(self, address: bytes) -> bytes | None:
        """Return the MAC address, None if nobody answers for half a second."""
        if address in self._everybody:
            return b"\xff" * 6
        known = self._known.get(address) or multicast_mac(address)
        if known is not None or address in self.silent:
            return known
        if self._mac and len(self.silent) < _PATIENCE:
            self._ask(address)
        if address not in self._known:
            self.silent.add(address)
        return self._known.get(address)

    def _ask(self, address: bytes) -> None:
        for look in range(_LOOKS):
            asked = [address.hex()] if look % _AGAIN == 0 else []
            try:
                answer = self._resolve(
                    {"mac": self._mac, "sources": self._sources, "addresses": asked}
                )
            except TunscopeError:  # such a device has no neighbours that could be asked
                self._mac = ""
                return
            self._known |= {
                bytes.fromhex(one): bytes.fromhex(mac) for one, mac in answer["known"].items()
            }
            if address in self._known:
                return
            time.sleep(_LOOK_SECONDS)
