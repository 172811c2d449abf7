"""Engines that record beside the first one of a lab, into the same capture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tunscope.engine.counters import Counters
from tunscope.engine.ending import end_capture, together
from tunscope.engine.protocol import Event, NoticeEvent, StoppedEvent, StopReason
from tunscope.errors import TunscopeError
from tunscope.lab.weaving import Weaving

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient


class Recorders:
    """The engines by the place of their device; `open` comes first, `end` last."""

    def __init__(self) -> None:
        self._weaving: Weaving | None = None
        self._waiting: dict[str, EngineClient] = {}
        self._recording: dict[str, EngineClient] = {}
        self._news: list[str] = []

    def open(self, output_fd: int, engines: int) -> Sequence[int]:
        """Return an output for each of `engines`, the first one included; call `hand_over` then."""
        if engines == 1:
            return (output_fd,)
        self._weaving = Weaving(output_fd, engines)
        return self._weaving.inputs

    def hand_over(self) -> None:
        """Close our copies of the outputs, which are the engines' now."""
        if self._weaving is not None:
            self._weaving.hand_over()

    def add(self, place: str, engine: EngineClient) -> None:
        """Take an engine whose device is open; it is closed by `end`."""
        self._waiting[place] = engine

    def start(self) -> None:
        """Have all of them record."""
        for place, engine in list(self._waiting.items()):
            engine.start()
            self._recording[place] = self._waiting.pop(place)

    def news(self) -> list[str]:
        """Return what the engines have told since the last call, a line each."""
        for place, engine in self._recording.items():
            self._heed(place, engine)
        news, self._news = self._news, []
        return news

    @property
    def reader_gone(self) -> bool:
        """Whether one found that nobody takes its packets any more."""
        ends = (engine.stopped for engine in self._recording.values())
        return any(end is not None and end.reason is StopReason.READER_GONE for end in ends)

    def end(self) -> StoppedEvent:
        """End them, wait until everything is written, and return what became of it, as one.

        The first engine must have ended. A second call finds nothing left to end.
        """
        ends = [StoppedEvent(StopReason.ASKED, Counters(), None)]
        try:
            for engine in self._recording.values():
                engine.stop()
            for place, engine in self._recording.items():
                try:
                    ends.append(end_capture(engine, partial(self._heed, place, engine)))
                except TunscopeError as error:
                    ends.append(StoppedEvent(StopReason.FAILED, Counters(), error))
        finally:
            for engine in (*self._waiting.values(), *self._recording.values()):
                engine.close()
            self._waiting.clear()
            self._recording.clear()
        return self._written(together(*ends))

    def _written(self, end: StoppedEvent) -> StoppedEvent:
        """Wait for what weaves; if it failed, that is why the engines lost their reader."""
        weaving, self._weaving = self._weaving, None
        if weaving is None:
            return end
        try:
            weaving.wait()
        except TunscopeError as error:
            return replace(end, reason=StopReason.FAILED, error=error)
        return end

    def _heed(self, place: str, engine: EngineClient) -> None:
        self._news += [line for event in engine.poll() if (line := _line(place, event))]


def _line(place: str, event: Event) -> str:
    """Say in one line what a person should know of an event, "" if nothing."""
    match event:
        case NoticeEvent(text):
            return f"{place}: {text}"
        case StoppedEvent(error=TunscopeError() as error):
            return f"{place} is recorded no more: {error.why}"
        case _:
            return ""
