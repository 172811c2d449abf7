"""The front end's handle on an engine that is slow to come, or gone."""

from __future__ import annotations

import os
import signal

import pytest

from tunscope.engine import client as client_module
from tunscope.engine.client import EngineClient
from tunscope.engine.protocol import Op
from tunscope.errors import TunscopeError

SLOW = ("sh", "-c", 'sleep 1; exec "$@"', "-")


def test_a_launcher_that_asks_for_a_password_has_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "_ANSWER_SECONDS", 0.5)
    client = EngineClient(os.dup(2), SLOW)
    with pytest.raises(TunscopeError, match="no capture is running"):
        client.request(Op.STATISTICS)
    monkeypatch.undo()
    assert client.close() == 0


@pytest.mark.parametrize("launcher", [(), ("env",)])
def test_a_ctrl_c_in_the_first_moment_does_not_end_the_engine(launcher: tuple[str, ...]) -> None:
    client = EngineClient(os.dup(2), launcher)
    os.kill(client.pid, signal.SIGINT)
    with pytest.raises(TunscopeError, match="no capture is running"):
        client.request(Op.STATISTICS)
    os.kill(client.pid, signal.SIGINT)
    with pytest.raises(TunscopeError, match="no capture is running"):
        client.request(Op.STATISTICS)
    assert client.close() == 0
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
