"""Asks for the program of each conversation of a live capture when it is first seen."""

from __future__ import annotations

import contextlib
import ipaddress
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tunscope.columns.programs import Program
from tunscope.device.programs import Conversation
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.device.programs import SocketOwner
    from tunscope.index.capture import CaptureIndex

_PAUSE_SECONDS: Final = 0.1
#: While more packets than this come in a pause nobody asks: numbering their conversations and
#: looking for sockets would take from what the list needs.
_CALM_PACKETS: Final = 5000
#: Of more new conversations than this at a time only the newest are asked about.
_AT_ONCE: Final = 480

#: Answers for each of some conversations.
Ask = Callable[[Sequence[Conversation]], Sequence["SocketOwner | None"]]


class ProgramWatch:
    """Fills `index.flows.programs` on a thread from `start` until `stop`.

    What `ask` cannot tell is noted as unknown and not asked again. While packets come in a flood
    nothing is asked.
    """

    def __init__(self, index: CaptureIndex, ask: Ask) -> None:
        self._index: Final = index
        self._ask: Final = ask
        self._stopping: Final = threading.Event()
        self._thread = threading.Thread(target=self._run, name="programs", daemon=True)
        self._next = 1

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; does not wait for a question that is under way."""
        self._stopping.set()

    def _run(self) -> None:
        before = 0
        while not self._stopping.wait(_PAUSE_SECONDS):
            before, hurried = self._index.count, self._index.count - before > _CALM_PACKETS
            try:
                if not hurried:
                    self._look()
            except TunscopeError:  # nobody may ask the kernel here: all stay unknown
                return

    def _look(self) -> None:
        flows = self._index.flows
        count = flows.count
        if self._next > count:
            return
        for skipped in range(self._next, max(self._next, count + 1 - _AT_ONCE)):
            flows.programs.set(skipped, None)
        asked = range(max(self._next, count + 1 - _AT_ONCE), count + 1)
        self._next = count + 1
        for flow, owner in zip(
            asked, self._ask([self._conversation(f) for f in asked]), strict=True
        ):
            program = None if owner is None else Program(owner.pid, owner.name)
            flows.programs.set(flow, program)

    def _conversation(self, identity: int) -> Conversation:
        """Return the endpoints of a conversation, the one that spoke first as its source."""
        index = self._index
        flow = index.flows.flow(identity)
        ends = [
            (self._address(address, ipv6=flow.ipv6), port)
            for address, port in ((flow.address_a, flow.port_a), (flow.address_b, flow.port_b))
        ]
        from tunscope.columns.layout import Layer

        if int(index.store["layers"][flow.first]) & Layer.REVERSE:
            ends.reverse()
        (source, source_port), (destination, destination_port) = ends
        return Conversation(flow.protocol, source, source_port, destination, destination_port)

    def _address(self, address: int, *, ipv6: bool) -> str:
        if not ipv6:
            return str(ipaddress.IPv4Address(address))
        high, low = self._index.addresses.ipv6
        return str(ipaddress.IPv6Address(int(high[address]) << 64 | int(low[address])))


@contextlib.contextmanager
def programs_told(index: CaptureIndex, ask: Ask) -> Iterator[None]:
    """Look for the programs behind the conversations of a capture while the block runs."""
    watch = ProgramWatch(index, ask)
    watch.start()
    try:
        yield
    finally:
        watch.stop()
