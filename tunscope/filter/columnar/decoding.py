"""Payloads decoded without their headers, and only those that may matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.carriers import CARRIERS, TRANSPORTS, ports_of
from tunscope.filter.columnar.looking import may_look
from tunscope.filter.conversations.recording import Recorded
from tunscope.filter.deep.decode import decode_payloads
from tunscope.filter.layers.dissection import Dissection, Payload
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from tunscope.filter.columnar.carriers import Look
    from tunscope.filter.columnar.looking import PayloadHeads
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask
    from tunscope.filter.conversations.memory import ApplicationMemory


class PayloadDecoder:
    """Decodes payloads of the applications `heads` (first parts of fields' names).

    With a `memory` applications remember from one payload to the next: then every packet that
    the applications may stand in has to be shown in the order of the capture, and once.
    """

    def __init__(
        self,
        heads: Iterable[str],
        wanted: Container[str],
        memory: ApplicationMemory | None = None,
    ) -> None:
        self._wanted: Final = wanted
        self._memory: Final = memory
        #: Conversations that applications were found in, by transport: whether, by number.
        self._met: Final = {transport: np.zeros(1024, np.bool_) for transport in TRANSPORTS}
        carriers = [CARRIERS[head] for head in heads]
        self._named: Final[dict[str, bytes]] = {}
        self._looks: Final[dict[str, tuple[Look, ...]]] = {}
        for transport in TRANSPORTS:
            names = frozenset().union(*(one.named.get(transport, ()) for one in carriers))
            self._named[transport] = ports_of(transport, names).tobytes()
            looks = {look for one in carriers for look in one.looks.get(transport, ())}
            self._looks[transport] = tuple(looks)

    def decode(self, number: int, ts_ns: int, payload: Payload) -> Dissection:
        """Return the fields of what packet `number` carries."""
        record = PacketRecord(b"", ts_ns, 0, LinkType.RAW)
        dissection = Dissection(record, self._wanted)
        dissection.number = number
        if self._memory is not None:
            dissection.conversations = Recorded((), self._memory)
        dissection.network = payload.network
        dissection.payloads.append(payload)
        decode_payloads(dissection)
        return dissection

    def may_matter(self, payload: Payload) -> bool:
        """Whether a payload may be one of the applications; ask once, in order."""
        transport = payload.transport
        named = self._named[transport]
        if named[payload.source_port] or named[payload.destination_port]:
            return True
        looks = self._looks[transport]
        if not looks:
            return False
        met = self._met[transport]
        if self._memory is not None and payload.stream < len(met) and met[payload.stream]:
            return True
        data = payload.octets.data
        if not any(look(data) for look in looks):
            return False
        if self._memory is not None:
            self._meet(transport, payload.stream)
        return True

    def matters(self, heads: PayloadHeads) -> Mask:
        """Return the payloads of which `may_matter` may say yes; others need not be asked.

        All payloads before these must have been asked, as far as this let them.
        """
        mask: Mask = np.zeros(len(heads.starts), np.bool_)
        for transport in TRANSPORTS:
            there = heads.tcp if transport == "tcp" else ~heads.tcp
            named = np.frombuffer(self._named[transport], np.bool_)
            mask |= there & (named[heads.sport] | named[heads.dport])
            looks = self._looks[transport]
            if not looks:
                continue
            found: Mask = np.zeros(len(mask), np.bool_)
            for look in looks:
                found |= there & may_look(look, heads)
            if self._memory is not None:
                met = self._met[transport]
                known = heads.stream < len(met)
                found |= np.isin(heads.stream, heads.stream[found])
                found |= known & met[np.where(known, heads.stream, 0)]
            mask |= there & found
        return mask

    def _meet(self, transport: str, stream: int) -> None:
        met = self._met[transport]
        if stream >= len(met):
            grown = np.zeros(2 * stream + 1, np.bool_)
            grown[: len(met)] = met
            self._met[transport] = met = grown
        met[stream] = True

    def meet(self, run: Run, row: int) -> None:
        """Take all conversations of a packet of a run, dissected elsewhere, for applications'."""
        streams = run.batch.flows.streams
        for level in run.levels:
            first, last = np.searchsorted(level.rows, [row, row + 1])
            for entry in range(int(first), int(last)):
                transport = "tcp" if int(level["layers"][entry]) & Layer.TCP else "udp"
                self._meet(transport, int(streams[level["flow"][entry]]))
