"""Failures of threads that nobody waits for: told on the screen, never printed over it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class ThreadFailures:
    """From `watch` to `rest`, tells `tell` on `loop` of every exception that ends a thread."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell: Final = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before = threading.excepthook

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin."""
        self._loop, self._before = loop, threading.excepthook
        threading.excepthook = self._failed

    def rest(self) -> None:
        """Leave failures to whoever took them before."""
        threading.excepthook = self._before
        self._loop = None

    def _failed(self, failure: threading.ExceptHookArgs) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            self._before(failure)
            return
        name = failure.thread.name if failure.thread is not None else "a thread"
        text = f"{name}: ended by {failure.exc_type.__name__}: {failure.exc_value}"
        loop.call_soon_threadsafe(self._tell, text)
