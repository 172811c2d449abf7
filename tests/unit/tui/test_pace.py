"""How often the screen looks, and when the panes follow."""

from __future__ import annotations

import asyncio

import pytest

from tunscope.tui.pace import BUSY, CALM, SLOW, PanePace, PullPace, Pulse


def test_a_packet_after_a_calm_is_taken_in_at_once() -> None:
    pace = PullPace()
    pace.pulled(10.0, "", 1, pause=SLOW)
    pace.pulled(10.0 + SLOW, "", 1, pause=SLOW)
    assert not pace.is_due(10.0 + SLOW * 1.1, "", 1, 0.0)
    assert pace.is_due(10.0 + SLOW * 1.1, "", 2, 0.0)


def test_a_packet_that_follows_closely_waits_for_its_turn() -> None:
    pace = PullPace()
    pace.pulled(10.0, "", 1, pause=1.0)
    assert not pace.is_due(10.0 + CALM / 2, "", 2, 0.0)
    assert pace.is_due(10.0 + CALM, "", 2, 0.0)


def pulls(seconds_a_pull: float, duration: float) -> int:
    """Return how often a stream of 25 packets a second is pulled, each pull taking CPU time."""
    pace, count, cpu = PullPace(), 0, 0.0
    for step in range(int(duration / BUSY)):
        now = 10.0 + step * BUSY
        if pace.is_due(now, "", step, cpu):
            pace.pulled(now, "", step, pause=SLOW)
            count, cpu = count + 1, cpu + seconds_a_pull
    return count


def test_a_stream_is_taken_in_less_often_where_that_costs_much() -> None:
    assert pulls(0.001, 60) == pytest.approx(60 / CALM, rel=0.1)
    assert pulls(0.100, 60) == pytest.approx(60 / SLOW, rel=0.1)
    assert 0.02 < pulls(0.010, 60) * 0.010 / 60 < 0.035
    assert pulls(0.010, 0.5) == 3  # a burst after a calm is shown as it comes


def test_news_is_taken_in_at_once_even_in_a_stream() -> None:
    pace = PullPace()
    pace.pulled(10.0, "", 1, pause=1.0)
    assert pace.is_due(10.0 + CALM / 2, "dropped", 1, 0.0)


def test_what_is_under_way_is_looked_at_without_a_change() -> None:
    pace = PullPace()
    pace.pulled(10.0, "", 1, pause=BUSY)
    assert not pace.is_due(10.0 + BUSY / 2, "", 1, 0.0)
    assert pace.is_due(10.0 + BUSY, "", 1, 0.0)


def test_panes_follow_a_single_move_sooner_than_a_run_of_them() -> None:
    pace = PanePace(0.0)
    single = pace.moved(10.0)
    pace.shown(10.0 + single)
    run = pace.moved(10.05)
    assert single < run
    assert not pace.is_due(10.05 + single, following=False)
    assert pace.is_due(10.05 + run, following=False)


def test_panes_wait_longer_in_a_flood() -> None:
    pace = PanePace(0.0)
    calm = PanePace(0.0).moved(10.0)
    assert pace.moved(10.0, flood=True) > calm
    assert not pace.is_due(10.0 + calm, following=False)


def test_panes_change_now_and_then_while_the_cursor_keeps_moving() -> None:
    pace = PanePace(0.0)
    pace.moved(10.0)
    pace.shown(10.0)
    shown = []
    for step in range(1, 100):
        now = 10.0 + step * 0.03
        pace.moved(now)
        if pace.is_due(now, following=False):
            pace.shown(now)
            shown.append(now)
    assert 3 <= len(shown) <= 8


def test_panes_of_a_list_that_follows_change_calmly() -> None:
    pace = PanePace(0.0)
    assert pace.is_due(10.0, following=True)
    pace.shown(10.0)
    assert not pace.is_due(10.1, following=True)
    assert pace.is_due(11.0, following=True)


def test_panes_are_held_until_the_cursor_moves_or_the_time_is_over() -> None:
    pace = PanePace(10.0)
    pace.hold(11.0)
    assert not pace.is_due(10.5, following=False)
    assert pace.is_due(11.0, following=False)
    rest = pace.moved(10.5)
    assert pace.is_due(10.5 + rest, following=False)


def test_a_pulse_beats_after_what_the_last_beat_returned() -> None:
    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        ended = asyncio.Event()

        def beat() -> float:
            times.append(loop.time())
            if len(times) == 3:
                ended.set()
            return 0.2 if len(times) == 1 else 0.01

        pulse = Pulse(beat, lambda _: ended.set())
        pulse.start()
        await asyncio.wait_for(ended.wait(), 10)
        pulse.stop()
        return times

    first, second, _ = asyncio.run(run())
    assert second - first >= 0.19


def test_a_pulse_is_quickened() -> None:
    async def run() -> None:
        beats = asyncio.Semaphore(0)

        def beat() -> float:
            beats.release()
            return 3600.0

        pulse = Pulse(beat, lambda _: None)
        pulse.start()
        await asyncio.wait_for(beats.acquire(), 10)
        pulse.quicken()
        await asyncio.wait_for(beats.acquire(), 10)
        pulse.stop()

    asyncio.run(run())  # an hour is not waited for


def test_a_stopped_pulse_stays_stopped() -> None:
    async def run() -> int:
        beats: list[float] = []

        def beat() -> float:
            beats.append(BUSY)
            return BUSY

        pulse = Pulse(beat, lambda _: None)
        pulse.start()
        pulse.stop()
        pulse.quicken()
        await asyncio.sleep(3 * BUSY)
        return len(beats)

    assert asyncio.run(run()) == 0


def test_what_a_beat_raises_is_told_and_ends_the_pulse() -> None:
    async def run() -> list[Exception]:
        told: list[Exception] = []
        ended = asyncio.Event()

        def beat() -> float:
            raise ValueError("no")

        def failed(error: Exception) -> None:
            told.append(error)
            ended.set()

        pulse = Pulse(beat, failed)
        pulse.start()
        await asyncio.wait_for(ended.wait(), 10)
        await asyncio.sleep(2 * BUSY)
        return told

    assert [str(error) for error in asyncio.run(run())] == ["no"]
