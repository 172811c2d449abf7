"""The rest of a filter asked of payloads, one after the other, without their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from tunscope.filter.columnar.carriers import CARRIERS, TRANSPORTS, ports_of
from tunscope.filter.columnar.payloads import payloads
from tunscope.filter.columnar.residual import Partial
from tunscope.filter.conversations.recording import Recorded
from tunscope.filter.deep.decode import decode_payloads
from tunscope.filter.layers.dissection import Dissection, Payload
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

if TYPE_CHECKING:
    from tunscope.columns.batch import Rows
    from tunscope.filter.columnar.carriers import Look
    from tunscope.filter.columnar.residual import Residual
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.conversations.memory import ApplicationMemory

#: Whether the payload of row `row` of a run comes again, or not in its turn.
IsStale: TypeAlias = Callable[[int], bool]


class PayloadAsker:
    """Asks payloads in the order of the capture, and decodes those that may matter.

    With a `memory` applications remember from one payload to the next: then every packet that
    the applications may stand in has to be shown, and shown once.
    """

    def __init__(self, residual: Residual, memory: ApplicationMemory | None = None) -> None:
        self._residual: Final = residual
        self._memory: Final = memory
        #: Conversations that applications were found in.
        self._met: Final[set[tuple[str, int]]] = set()
        carriers = [CARRIERS[head] for head in residual.heads]
        self._named: Final[dict[str, bytes]] = {}
        self._looks: Final[dict[str, tuple[Look, ...]]] = {}
        for transport in TRANSPORTS:
            names = frozenset().union(*(one.named.get(transport, ()) for one in carriers))
            self._named[transport] = ports_of(transport, names).tobytes()
            looks = {look for one in carriers for look in one.looks.get(transport, ())}
            self._looks[transport] = tuple(looks)

    def ask(
        self,
        run: Run,
        rows: Rows,
        decided: Sequence[Sequence[bool]],
        is_stale: IsStale | None = None,
    ) -> Iterator[tuple[int, bool]]:
        """Yield each of `rows` with whether it passes; see `Residual.decide` for `decided`."""
        holds = self._residual.holds
        times = run.batch["ts_ns"][rows].tolist()
        place = 0
        wanted = rows.tolist()
        for row, payload in payloads(run, rows):
            while wanted[place] < row:
                place += 1
            if not self._may_matter(payload) or (is_stale is not None and is_stale(row)):
                yield row, holds(Partial({}, {}, row, decided))
                continue
            record = PacketRecord(b"", times[place], 0, LinkType.RAW)
            dissection = Dissection(record, self._residual.wanted)
            dissection.number = run.batch.start + row + 1
            if self._memory is not None:
                dissection.conversations = Recorded((), self._memory)
            dissection.network = payload.network
            dissection.payloads.append(payload)
            decode_payloads(dissection)
            yield row, holds(Partial(dissection.values, dissection.layers, row, decided))

    def _may_matter(self, payload: Payload) -> bool:
        transport = payload.transport
        named = self._named[transport]
        if named[payload.source_port] or named[payload.destination_port]:
            return True
        looks = self._looks[transport]
        if not looks:
            return False
        met = (transport, payload.stream)
        if self._memory is not None and met in self._met:
            return True
        data = payload.octets.data
        if not any(look(data) for look in looks):
            return False
        if self._memory is not None:
            self._met.add(met)
        return True
