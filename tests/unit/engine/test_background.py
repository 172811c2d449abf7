"""Work in a thread: done in order, and what it raises reaches who waits."""

from __future__ import annotations

import threading

import pytest

from tunscope.engine.background import Background


@pytest.mark.timeout(20)
@pytest.mark.parametrize("error", [OSError(28, "full"), MemoryError()])
def test_whatever_work_raises_reaches_who_waits_and_ends_nothing(error: Exception) -> None:
    def fail() -> None:
        raise error

    done: list[str] = []
    background = Background()
    background.begin(fail)
    with pytest.raises(type(error)):
        background.wait()
    background.wait()  # told once
    background.begin(lambda: done.append(threading.current_thread().name))
    background.wait()
    background.close()
    assert done == ["write behind"]
    assert "write behind" not in {thread.name for thread in threading.enumerate()}
