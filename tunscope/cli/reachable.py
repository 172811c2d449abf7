"""Makes a running capture reachable for `tunscope inject` and other commands of the same person."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tunscope.engine.control_socket import ControlSocket
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient


@contextlib.contextmanager
def reachable(client: EngineClient, device: str) -> Iterator[None]:
    """Listen for visitors while the block runs; without a folder for the socket, do without."""
    sock = None
    with contextlib.suppress(OSError, TunscopeError):
        sock = ControlSocket(device)
    if sock is None:
        yield
        return
    try:
        client.listen(sock.fileno(), os.geteuid())
        yield
    finally:
        sock.close()
