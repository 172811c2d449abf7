"""Keys typed faster than they are handled: each waits until the one before has had its effect.

Textual passes a key from widget to widget through their queues, and looks up bindings at the end
of that way; a key that follows closely would go to what had the focus before. With this, `/tcp`
arrives whole in the filter bar that the `/` opens, however fast it comes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from textual.app import App
    from textual.events import Key, Paste
    from textual.message_pump import MessagePump

#: A key whose way cannot be followed, since what it met is gone, holds up others this long (s).
_PATIENCE: Final = 0.25
_GLANCE: Final = 0.005
#: Nobody follows a key sooner than this unless another waits: its frame comes first (seconds).
_COURTESY: Final = 0.01
#: The key may cause a message that takes the same way, and that another ("submitted", "applied").
_ROUNDS: Final = 3


class Deliver(Protocol):
    """Handles one key or paste, up to passing it on to a widget."""

    def __call__(self, event: Key | Paste) -> Awaitable[None]:
        """Begin the way of `event`."""


class KeyOrder:
    """Delivers keys and pastes to `app` one at a time, in the order in which they came."""

    def __init__(self, app: App[Any], deliver: Deliver) -> None:
        self._app: Final = app
        self._deliver: Final = deliver
        self._waiting: Final[deque[Key | Paste]] = deque()
        #: Grows with every key and with every end of one: what was begun for an older one is void.
        self._turn = 0
        self._busy = False
        #: Where the present key began its way, until somebody follows it.
        self._first: MessagePump | None = None
        #: Whose queue is waited for.
        self._at: MessagePump | None = None

    async def take(self, event: Key | Paste) -> None:
        """Deliver `event`, now or after those before it."""
        self._waiting.append(event)
        if self._busy:
            self._follow(self._turn)
        else:
            await self._next()

    async def _next(self) -> None:
        self._busy = bool(self._waiting)
        if not self._busy:
            return
        self._turn += 1
        self._first = self._app.focused or self._app.screen
        await self._deliver(self._waiting.popleft())
        if self._waiting:
            self._follow(self._turn)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(_COURTESY, self._follow, self._turn)

    def _follow(self, turn: int) -> None:
        """Go the way of the present key, behind it."""
        first = self._first
        if turn == self._turn and first is not None:
            self._first = None
            loop = asyncio.get_running_loop()
            loop.call_later(_PATIENCE, self._end, turn)
            loop.call_later(_GLANCE, self._watch, turn)
            self._go(first, turn, _ROUNDS, first)

    def _go(self, node: MessagePump, turn: int, rounds: int, first: MessagePump) -> None:
        """Wait until all that is in the queue of `node` now has passed."""
        self._at = node
        node.call_later(self._step, node, turn, rounds, first)

    def _step(self, node: MessagePump, turn: int, rounds: int, first: MessagePump) -> None:
        """The key has passed through the queue of `node`: go on to the next one."""
        if turn != self._turn:
            return
        parent = node._parent
        if parent is not None:
            self._go(parent, turn, rounds, first)
        elif rounds > 1:
            self._go(first, turn, rounds - 1, first)
        else:
            node.call_later(self._settle, turn)

    def _watch(self, turn: int) -> None:
        """Begin anew where the key has closed what it met, whose queue nobody reads any more."""
        if turn != self._turn or not self._busy or self._app._closed:
            return
        if self._at is not None and self._at._closed:
            first = self._app.focused or self._app.screen
            self._go(first, turn, _ROUNDS, first)
        asyncio.get_running_loop().call_later(_GLANCE, self._watch, turn)

    def _settle(self, turn: int) -> None:
        """Give a screen that was just opened the time to find its focus."""
        screen = self._app.screen
        if screen.focused is None and screen.is_attached and not screen.is_mounted:
            asyncio.get_running_loop().call_later(_GLANCE, self._settle, turn)
        else:
            self._end(turn)

    def _end(self, turn: int) -> None:
        if turn == self._turn and self._busy:
            self._turn += 1
            self._app.call_later(self._next)
