"""The engine's loop: requests, packets, signals and the clock, in one thread."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tunscope.device.request import DeviceRequest
from tunscope.engine.capabilities import CAP_NET_ADMIN, CAP_NET_RAW, keep_only
from tunscope.engine.capture import Capture
from tunscope.engine.control import ControlChannel
from tunscope.engine.holding import edit_held, give_verdict, held_packet, list_held
from tunscope.engine.injecting import inject
from tunscope.engine.opening import OpenedSource, open_named
from tunscope.engine.options import CaptureOptions
from tunscope.engine.output import Output
from tunscope.engine.protocol import (
    AskEvent,
    CountersEvent,
    Event,
    HoldEvent,
    Message,
    NoticeEvent,
    Op,
    RelayEvent,
    RotatedEvent,
    encode_error,
    encode_event,
)
from tunscope.engine.replaying import Replays
from tunscope.engine.signals import signals_as_bytes
from tunscope.engine.visitors import Visitors
from tunscope.errors import ExitCode, TunscopeError, UsageError
from tunscope.relay.relay_options import RelayOptions

if TYPE_CHECKING:
    from tunscope.engine.inline import InlineRelay
    from tunscope.relay.hold import Held

_TICK_SECONDS: Final = 1.0
#: Traffic between a device and its peer keeps requests waiting so many seconds at most.
_PATIENCE: Final = 0.005
#: A drain whose front end is gone may wait this long for a reader of its output.
_ABANDONED_SECONDS: Final = 10.0
#: A front end that does not read may take this long before it misses why the capture ended.
_LAST_WORD_SECONDS: Final = 1.0
_TROUBLE: Final = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Server:
    """Serves one front end, from the first request to the last event.

    It ends with its capture, unless it was asked to stay: then another device may be opened, with
    the rights that are left and an output of its own.
    """

    def __init__(self, control: ControlChannel, output_fd: int) -> None:
        self._control = control
        self._options = CaptureOptions()
        self._output = Output(output_fd)  # now: a pipe cannot be reopened with fewer rights
        self._opened: OpenedSource | None = None
        self._capture: Capture | None = None
        self._visitors = Visitors(self._answer, self._forget)
        self._replays = Replays()
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self._abandoned_at: float | None = None
        self._stays = False
        self._next_tick = time.monotonic() + _TICK_SECONDS
        self._handlers: dict[str, Callable[[Message, ControlChannel], dict[str, Any]]] = {
            Op.OPEN: self._open,
            Op.START: self._start,
            Op.STOP: self._stop,
            Op.FILTER: self._filter,
            Op.STATISTICS: self._statistics,
            Op.OUTPUT: self._add_output,
            Op.DESCRIBE: self._describe,
            Op.INJECT: lambda message, _: inject(self._running(), message),
            Op.COPY: self._copy,
            Op.LISTEN: self._listen,
            Op.RELAY: self._set_relay,
            Op.HELD: lambda message, _: self._held(message),
            Op.VERDICT: lambda message, _: give_verdict(self._inline(), message),
            Op.EDIT: lambda message, _: edit_held(self._inline(), message),
            Op.WATCH: self._watch_events,
            Op.EDITED: self._edited,
            Op.RESOLVE: lambda message, _: self._running().source.neighbours().resolve(message),
            Op.REPLAY: lambda message, _: self._replays.start(self._running(), message),
            Op.REPLAY_STATUS: lambda _, __: self._replays.status(),
            Op.REPLAY_STOP: lambda _, __: self._replays.stop(),
            Op.REPLAY_CONTROL: lambda message, _: self._replays.control(message),
            Op.STAY: self._stay,
        }

    def run(self) -> ExitCode:
        """Serve until the capture ended or the front end went away; return the exit status."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the front end too: it decides
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        with signals_as_bytes(signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1) as wakeup:
            while not self._done:
                self._replays.play()
                busy = self._capture is not None and self._pump(self._capture)
                self._watch(wakeup)
                for fd, what in self._poll.poll(0 if busy else self._wait_ms()):
                    if fd == wakeup:
                        self._take_signals(wakeup)
                    elif fd == self._control.fileno():
                        self._control.flush()
                        self._take_requests()
                    elif self._visitors.serve(fd):
                        pass
                    elif what & _TROUBLE and self._watched[fd] == select.POLLIN:
                        self._look_at_device(fd)
                self._tick()
                if self._control.closed:
                    self._end_without_front_end()
                elif self._stays and self._capture is not None and self._capture.ended:
                    self._conclude()
        status = self._close()
        self._control.finish(_LAST_WORD_SECONDS)
        return status

    def _pump(self, capture: Capture) -> bool:
        patience = _PATIENCE if self._replays.deadline is None else 0.0
        return self._replays.presses() or capture.pump(time.monotonic() + patience)

    @property
    def _done(self) -> bool:
        if self._capture is not None:
            return self._capture.ended is not None
        return self._control.closed

    def _conclude(self) -> None:
        """Tell of the end of a capture and be ready for another one."""
        if self._capture is not None:
            self._capture.close_unused()
        self._close()
        self._opened = self._capture = None

    def _close(self) -> ExitCode:
        self._replays.close()
        self._visitors.close()
        ended = self._capture.ended if self._capture else None
        problem: TunscopeError | None = None
        if self._opened is not None:
            self._opened.source.close()
            try:
                self._opened.close()
            except TunscopeError as error:  # the device could not be put back as it was
                problem = error
        if ended is None:
            return ExitCode.OK
        ended = replace(ended, error=ended.error or problem)
        self._tell(ended)
        return ended.error.exit_code if ended.error else ExitCode.OK

    def _watch(self, wakeup: int) -> None:
        """Poll for what can be acted on now: never a full reader's source, nor a closed channel."""
        wanted = {wakeup: select.POLLIN}
        if not self._control.closed:
            wanted[self._control.fileno()] = self._control.poll_events
        wanted |= self._visitors.interests()
        if self._capture is not None:
            blocked = self._capture.blocked_fd
            if blocked is not None:
                wanted[blocked] = select.POLLOUT
            wanted |= dict.fromkeys(self._capture.source_fds, select.POLLIN)
        if wanted != self._watched:
            for fd in self._watched.keys() - wanted.keys():
                self._poll.unregister(fd)
            for fd, events in wanted.items():
                self._poll.register(fd, events)
            self._watched = wanted

    def _wait_ms(self) -> float:
        until = self._next_tick
        if self._capture is not None and self._capture.deadline is not None:
            until = min(until, self._capture.deadline)
        if self._replays.deadline is not None:
            if self._replays.deadline <= time.monotonic():
                return 0.0
            until = min(until, self._replays.deadline)
        return max(0.0, until - time.monotonic()) * 1000 + 0.5

    def _take_signals(self, wakeup: int) -> None:
        for number in os.read(wakeup, 64):
            if number == signal.SIGUSR1:
                self._print_statistics()
            else:
                self._stop_or_abort()

    def _take_requests(self) -> None:
        for message in self._control.receive():
            if isinstance(message, TunscopeError):
                self._control.send({"id": None, "ok": False, "error": encode_error(message)})
            else:
                self._answer(message, self._control)

    def _end_without_front_end(self) -> None:
        """Nobody is left to ask: drain, but not for ever where a reader of the output stalls."""
        now = time.monotonic()
        if self._abandoned_at is None:
            self._abandoned_at = now
        if self._capture is not None:
            self._capture.stop()
            if now - self._abandoned_at > _ABANDONED_SECONDS:
                self._capture.abort()

    def _answer(self, message: Message, channel: ControlChannel) -> None:
        reply: Message = {"id": message.get("id"), "ok": True}
        handler = self._handlers.get(str(message.get("op")))
        try:
            if handler is None:
                raise UsageError("control request", f"no such op: {message.get('op')!r}")
            reply["result"] = handler(message, channel)
        except TunscopeError as error:
            reply |= {"ok": False, "error": encode_error(error)}
        except (KeyError, TypeError, ValueError) as error:
            problem = UsageError("control request", f"{type(error).__name__}: {error}")
            reply |= {"ok": False, "error": encode_error(problem)}
        finally:
            for fd in message["fds"].values():  # what a handler kept it has taken out
                os.close(fd)
        channel.send(reply)

    def _open(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        if self._opened is not None:
            raise UsageError("open", "a device is open already")
        options = CaptureOptions.from_json(message["capture"])
        output = message["fds"].pop("output", None)
        try:
            request = DeviceRequest.from_json(message["device"])
            opened = open_named(request, options, message["fds"].get("peer"))
            keep_only(CAP_NET_ADMIN, CAP_NET_RAW)
        except BaseException:
            if output is not None:
                os.close(output)
            raise
        if output is not None:
            self._output = Output(output)
        self._opened, self._options = opened, options
        return opened.to_json()

    def _start(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        if self._opened is None or self._capture is not None:
            raise UsageError("start", "no device is open, or the capture runs already")
        self._capture = Capture(
            self._opened.source,
            self._opened.facts.name,
            self._output,
            self._opened.header,
            self._options,
            lambda packets, nbytes: self._tell(RotatedEvent(packets, nbytes)),
        )
        if self._opened.relay:
            self._capture.note(self._opened.relay)
            self._tell(NoticeEvent(self._opened.relay))
            self._listen_to_holds()
        self._capture.start()
        return {}

    def _stop(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        if message.get("drain", True):
            self._running().stop()
        else:
            self._running().abort()
        return {}

    def _filter(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        expression = str(message["expression"])
        self._running().source.set_filter(expression)
        self._running().note(f"capture filter changed to {expression or '(none)'}")
        return {}

    def _statistics(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        return {"counters": self._running().update_counters().to_json()}

    def _add_output(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        capture = self._running()
        capture.add_output(Output(message["fds"].pop("output")))
        return {}

    def _describe(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        if self._opened is None:
            raise UsageError("describe", "no device is open")
        return self._opened.to_json() | {"relay": self._options.relay.to_json()}

    def _copy(self, message: Message, channel: ControlChannel) -> dict[str, Any]:
        capture, limit = self._running(), int(message["limit"])
        return {"first_number": capture.copy_to(channel, message["fds"].pop("output"), limit)}

    def _set_relay(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        options = RelayOptions.from_json(message["relay"])
        told = self._running().source.set_relay(options)
        self._options = replace(self._options, relay=options)
        self._running().note(told)
        self._listen_to_holds()
        self._tell(RelayEvent(options.to_json()))
        return {"description": told}

    def _inline(self) -> InlineRelay:
        inline = self._running().source.inline
        if inline is None:
            raise UsageError("hold", "nothing is held on this device")
        return inline

    def _held(self, message: Message) -> dict[str, Any]:
        inline = self._running().source.inline
        if inline is None:
            return {"packets": [], "more": False}
        return list_held(inline, message, time.monotonic())

    def _listen_to_holds(self) -> None:
        if self._capture is not None and self._capture.source.inline is not None:
            self._capture.source.inline.listener = self._tell_of_hold
            self._capture.source.inline.asker = self._ask

    def _tell_of_hold(self, change: str, held: Held) -> None:
        self._tell(HoldEvent(change, held_packet(held, time.monotonic())))

    def _ask(self, number: int, data: bytes, settings: tuple[str, ...]) -> None:
        linktype = self._opened.facts.linktype if self._opened else None
        self._control.send(encode_event(AskEvent(number, data, linktype or 0, settings)))

    def _edited(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        data = message["data"]
        self._inline().pipeline.answered(
            int(message["number"]),
            None if data is None else bytes.fromhex(data),
            tuple(map(str, message["changes"])),
            str(message["problem"]),
        )
        return {}

    def _watch_events(self, message: Message, channel: ControlChannel) -> dict[str, Any]:
        if channel is not self._control:  # which hears everything
            self._visitors.watching.add(channel)
        return {}

    def _listen(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        uid = int(message["uid"])
        self._visitors.listen(message["fds"].pop("listener"), uid)
        return {}

    def _forget(self, channel: ControlChannel) -> None:
        if self._capture is not None:
            self._capture.end_copy(channel)

    def _stay(self, message: Message, _: ControlChannel) -> dict[str, Any]:
        del message
        self._stays = True
        return {}

    def _running(self) -> Capture:
        if self._capture is None:
            raise UsageError("control request", "no capture is running")
        return self._capture

    def _look_at_device(self, fd: int) -> None:
        """Something is wrong with a descriptor of the device: it is down, or deleted."""
        if self._capture is None or not self._capture.interrupted(fd):
            return
        name = self._opened.facts.name if self._opened else ""
        self._capture.note("the device went down")
        self._tell(NoticeEvent(f"{name} is down; the capture goes on when it is up"))

    def _stop_or_abort(self) -> None:
        if self._capture is None:
            self._control.close()
        else:
            self._capture.stop()

    def _tick(self) -> None:
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + _TICK_SECONDS
            if self._capture is not None:
                self._tell(CountersEvent(self._capture.update_counters()))
                for text in self._capture.source.news():
                    self._capture.note(text)
                    self._tell(NoticeEvent(text))

    def _print_statistics(self) -> None:
        if self._capture is not None:
            counters = self._capture.update_counters()
            print(
                f"{counters.captured} packets captured, {counters.received} received, "
                f"{counters.dropped} dropped",
                file=sys.stderr,
                flush=True,
            )

    def _tell(self, event: Event) -> None:
        message = encode_event(event)
        self._control.send(message)
        self._visitors.tell(message)
