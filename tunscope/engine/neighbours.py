"""The resolve request: the MAC addresses of neighbours on an observed device, asked of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from typing import Any, Final

from tunscope.device import bpf
from tunscope.engine.protocol import Message
from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.neighbour_messages import neighbour_answer, neighbour_request

_ANSWERS: Final = "arp[6:2] == 2 or (icmp6 and ip6[40] == 136)"
_ETH_P_ALL: Final = 3
_MOST_ASKED: Final = 64
_LONGEST: Final = 2048
#: Addresses that were asked for and are still listened for, the latest.
_MOST_KNOWN: Final = 256
#: Frames that one call reads: others may send more than anybody asked for.
_MOST_READ: Final = 1024


class Neighbours:
    """Asks by `sock`, an unbound packet socket in the namespace of `device`."""

    def __init__(self, sock: socket.socket, device: str) -> None:
        program = bpf.compile_filter(_ANSWERS, LinkType.ETHERNET, _LONGEST)
        bpf.attach(sock, program)
        sock.bind((device, _ETH_P_ALL))
        sock.setblocking(False)
        self._socket = sock
        self._asked: dict[bytes, bytes | None] = {}

    def resolve(self, message: Message) -> dict[str, Any]:
        """Ask for addresses, and return what is known of those asked: ask for none to look again.

        ``{"mac": HEX, "sources": {"4": HEX, "6": HEX}, "addresses": [HEX, ...]}``, the sources
        being the device's own addresses by family; a family that has none is not asked for.
        The result is ``{"known": {ADDRESS: MAC}}``, of the 256 addresses asked for last.
        """
        mac = bytes.fromhex(message["mac"])
        addresses = [bytes.fromhex(text) for text in message["addresses"]]
        if len(mac) != 6 or len(addresses) > _MOST_ASKED:
            raise UsageError("resolve", f"takes a MAC address and {_MOST_ASKED} addresses at most")
        self._listen_for(addresses)
        for address in addresses:
            source = message["sources"].get("4" if len(address) == 4 else "6")
            if source is not None and len(bytes.fromhex(source)) == len(address):
                with contextlib.suppress(OSError):  # then nobody answers
                    self._socket.send(neighbour_request(mac, bytes.fromhex(source), address))
        self._hear()
        known = self._asked.items()
        return {"known": {address.hex(): mac.hex() for address, mac in known if mac is not None}}

    def _listen_for(self, addresses: Sequence[bytes]) -> None:
        for address in addresses:
            self._asked[address] = self._asked.pop(address, None)
        for address in list(self._asked)[:-_MOST_KNOWN]:
            del self._asked[address]

    def _hear(self) -> None:
        for _ in range(_MOST_READ):
            try:
                answer = neighbour_answer(self._socket.recv(_LONGEST))
            except OSError:  # EAGAIN: that was all
                return
            if answer is not None and answer[0] in self._asked:
                self._asked[answer[0]] = answer[1]
