"""What TCP and UDP carry: the application's protocols of a payload, without its headers."""

from __future__ import annotations

from typing import Final

from tunscope.filter.assignments import assignments
from tunscope.filter.deep.decode import decode_payloads
from tunscope.filter.deep.registry import decoder_of
from tunscope.filter.layers.dissection import Dissection, Network, Octets, Payload
from tunscope.packet.linktype import CUSTOM_BLOCK
from tunscope.packet.record import PacketRecord

#: No fields are asked for: only the names of protocols.
NOTHING: Final[frozenset[str]] = frozenset({""})
#: A packet of no importance around the payloads: their decoders look at no header.
_AROUND: Final = PacketRecord(b"", 0, 0, CUSTOM_BLOCK, 0)
#: Pairs of ports that are remembered; there are more than anybody needs.
_MOST_PAIRS: Final = 1 << 16

Ports = tuple[int, int]


class CarriedProtocols:
    """Names payloads as the dissection of the whole packet does."""

    def __init__(self) -> None:
        self._by_ports: Final[dict[Ports, tuple[str, ...] | None]] = {}

    def of(self, transport: str, ports: Ports, data: bytes, reported: int) -> tuple[str, ...]:
        """Return the protocols of a payload of `reported` bytes, of which `data` was captured."""
        certain = self._certain(ports) if transport == "udp" else None
        if certain is not None:
            return certain
        payload = Payload(transport, *ports, Octets(data, reported), Network())
        dissection = Dissection(_AROUND, NOTHING, payloads=[payload])
        decode_payloads(dissection)
        return tuple(dissection.protocols)

    def _certain(self, ports: Ports) -> tuple[str, ...] | None:
        """Return the name that UDP ports give to every payload, None where bytes have a say."""
        if ports not in self._by_ports:
            if len(self._by_ports) >= _MOST_PAIRS:
                self._by_ports.clear()
            names = assignments("udp.port")
            named = [names[port] for port in sorted(set(ports)) if port in names]
            unread = all(decoder_of("udp", name) is None for name in named)
            self._by_ports[ports] = (named[0],) if named and unread else None
        return self._by_ports[ports]
