"""The engine of one terminal, kept from capture to capture as long as it has the rights."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.cli.privilege import drop_privileges, invoking_user
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.device.request import DeviceRequest
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.engine.options import CaptureOptions

    #: Starts an engine on an output and has it open the device of a capture.
    Opener = Callable[[int], tuple[EngineClient, Opening]]

#: Seconds that a capture may take to end before its engine is given up.
_END_SECONDS: Final = 10.0


class KeptEngine:
    """Opens device after device; `elevated` is called when the engine was started through sudo."""

    def __init__(self, *, may_sudo: bool, elevated: Callable[[], None]) -> None:
        self._may_sudo = may_sudo
        self._elevated = elevated
        self._client: EngineClient | None = None

    def keep_rights(self) -> None:
        """Leave root's rights to an engine that waits for its device, and become the person."""
        if invoking_user() is None:
            return
        from tunscope.engine.client import EngineClient

        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            self._client = EngineClient(nowhere)
        finally:
            os.close(nowhere)
        drop_privileges()

    def open(
        self, request: DeviceRequest, options: CaptureOptions, fd: int
    ) -> tuple[EngineClient, Opening]:
        """Open a device with the engine there is, or with a new one that has the rights."""
        if self._client is not None:
            try:
                self._client.stay()
                return self._client, self._client.open_next(request, options, fd)
            except TunscopeError as error:
                if self._client.alive and "CAP_NET" not in str(error):
                    raise
                self.give_up()
        from tunscope.cli.headless import open_engine

        client, opening = open_engine(
            lambda engine: engine.open(request, options), fd, may_sudo=self._may_sudo
        )
        self._client = client
        client.stay()
        if client.launcher:
            self._elevated()
        return client, opening

    def replace(self, opener: Opener, fd: int) -> tuple[EngineClient, Opening]:
        """Give up the engine there is for the one that `opener` starts."""
        self.give_up()
        self._client, opening = opener(fd)
        return self._client, opening

    def end_capture(self) -> None:
        """Have the engine drain and be ready for another capture; give it up if it cannot."""
        client = self._client
        if client is None:
            return
        if not client.alive:
            self.give_up()
            return
        if client.stopped is None:
            client.stop()
        deadline = time.monotonic() + _END_SECONDS
        while client.stopped is None and time.monotonic() < deadline:
            client.poll()
            time.sleep(0.01)
        if client.stopped is None or not client.alive:
            self.give_up()

    def give_up(self) -> None:
        """End the engine, if there is one, after it has drained."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
