"""A plan made on a thread of its own, which asks the engine through the one that talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tunscope.cli.replay_order import ReplayOrder
from tunscope.cli.replay_plan import ReplayPlan, made_plan
from tunscope.engine.protocol import Message, Op
from tunscope.errors import TunscopeError
from tunscope.tui.replaying import ReplayPackets

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.packet.record import PacketRecord


class Questions:
    """Questions of a thread to an engine that another thread talks to, one at a time."""

    def __init__(self) -> None:
        self._asked: Mapping[str, Any] | None = None
        self._answer: Message | TunscopeError = TunscopeError("replay", "cancelled")
        self._answered: Final = threading.Event()
        self._given_up = False

    def ask(self, arguments: Mapping[str, Any]) -> Message:
        """Have MAC addresses resolved, and wait."""
        self._answered.clear()
        self._asked = arguments
        if self._given_up:
            self._answered.set()
        self._answered.wait()
        if isinstance(self._answer, TunscopeError):
            raise self._answer
        return self._answer

    def pass_on(self, client: EngineClient) -> None:
        """Ask the engine what is asked, if anything is."""
        arguments, self._asked = self._asked, None
        if arguments is not None:
            client.ask(Op.RESOLVE, arguments, self._hear)

    def give_up(self) -> None:
        """Answer nothing any more."""
        self._given_up = True
        self._hear(TunscopeError("replay", "cancelled"))

    def _hear(self, answer: Message | TunscopeError) -> None:
        self._answer = answer
        self._answered.set()


class Preparation(threading.Thread):
    """Makes a plan; `plan` or `problem` say what came of it, or nothing if it was cancelled."""

    def __init__(self, order: ReplayOrder, packets: ReplayPackets, opening: Opening) -> None:
        super().__init__(name="replay-plan", daemon=True)
        self.order: Final = order
        self.packets: Final = packets
        self.plan: ReplayPlan | None = None
        self.problem: TunscopeError | None = None
        self.questions: Final = Questions()
        self.ended = False
        self.read = 0
        self._opening = opening
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop soon; what was made is given up."""
        self._cancelled.set()
        self.questions.give_up()

    def run(self) -> None:
        """Make it."""
        try:
            owned = self._opening.mode != "observed"
            plan = made_plan(
                self._read(),
                self.order,
                self._opening.facts,
                owned=owned,
                resolve=self.questions.ask,
            )
            self.plan = plan
            if self._cancelled.is_set():
                self.plan = None
                plan.close()
        except TunscopeError as error:
            self.problem = None if self._cancelled.is_set() else error
        except OSError as error:
            self.problem = TunscopeError("replay", error.strerror or str(error))
        finally:
            self.ended = True

    def _read(self) -> Iterator[tuple[int, PacketRecord]]:
        for number, record in self.packets.records():
            if self._cancelled.is_set():
                raise TunscopeError("replay", "cancelled")
            self.read += 1
            yield number, record
