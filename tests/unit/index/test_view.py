"""The packets somebody looks at: filtered from there outwards, sorted, kept up to date."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from captures import HEAD, TIMEOUT, eventually, indexing, packets

from tunscope.index.capture import CaptureIndex
from tunscope.index.ordering import SORT_KEYS
from tunscope.index.source import FileSource, SpoolSource
from tunscope.index.view import View

Passing = npt.NDArray[np.bool_]


def every_third(index: CaptureIndex, start: int, stop: int) -> Passing:
    return np.arange(start, stop) % 3 == 0


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 3000, port=53) + packets(3001, 6000, port=80))
    return path


def shown(view: View) -> list[int]:
    return view.numbers(0, len(view))


def test_without_a_filter_every_packet_is_shown(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        assert len(view) == 6000
        assert (view.number(0), view.number(5999), view.row_of(77)) == (1, 6000, 76)
        assert view.shows(6000)
        assert not view.shows(6001)
        assert (view.progress, view.filtered, view.error) == (1.0, False, None)
        with pytest.raises(IndexError):
            view.number(6000)


def test_a_filter_keeps_packet_order(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        for near in (None, 1, 2500, 6000, 10_000):
            view.set_filter(every_third, near)
            assert view.wait(TIMEOUT)
            assert shown(view) == list(range(1, 6001, 3))
        assert (view.row_of(4), view.row_of(5), view.row_of(5999)) == (1, 2, 2000)
        assert view.shows(4)
        assert not view.shows(5)
        view.set_filter(None)
        assert len(view) == 6000


def test_the_packets_looked_at_are_filtered_first(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        pieces: list[tuple[int, int]] = []

        def predicate(index: CaptureIndex, start: int, stop: int) -> Passing:
            pieces.append((start, stop))
            return np.ones(stop - start, np.bool_)

        view = View(index)
        view.set_filter(predicate, 3000)
        assert view.wait(TIMEOUT)
        assert pieces[0][0] == 2999
        assert sum(stop - start for start, stop in pieces) == 6000
        pieces.clear()
        view.set_filter(predicate)
        assert view.wait(TIMEOUT)
        assert pieces[0][1] == 6000


def test_a_slow_filter_shows_what_it_has_and_can_be_cancelled(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view, going_on, first = View(index), threading.Event(), threading.Event()

        def predicate(index: CaptureIndex, start: int, stop: int) -> Passing:
            if first.is_set():
                going_on.wait(TIMEOUT)
            first.set()
            return np.ones(stop - start, np.bool_)

        view.set_filter(predicate, 3000)
        eventually(lambda: (view.update(), len(view))[1])
        assert 0 < view.progress < 1
        assert not view.wait(0.01)
        before = len(view)
        view.cancel()
        going_on.set()
        view.update()
        assert len(view) >= before
        assert view.number(0) >= 1


def test_what_a_filter_raises_is_told(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)

        def predicate(index: CaptureIndex, start: int, stop: int) -> Passing:
            raise ZeroDivisionError("of the filter's own")

        view = View(index)
        view.set_filter(predicate)
        assert view.wait(TIMEOUT)
        assert isinstance(view.error, ZeroDivisionError)
        assert len(view) == 0


def test_new_packets_are_filtered_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 100))
    source = FileSource(path, growing=True)
    with indexing(source) as index, path.open("ab", buffering=0) as file:
        view = View(index)
        view.set_filter(every_third)
        for last in (100, 400, 401, 5000):
            if last > 100:
                file.write(packets(index.count + 1, last))
            eventually(
                lambda last=last: (view.update(), shown(view) == list(range(1, last + 1, 3)))[1]
            )
        source.finish()
        assert index.wait(TIMEOUT)


def test_rows_stay_put_between_updates(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(HEAD + packets(1, 100))
    with indexing(FileSource(path, growing=True)) as index, path.open("ab", buffering=0) as file:
        view = View(index)
        eventually(lambda: (view.update(), len(view) == 100)[1])
        file.write(packets(101, 200))
        eventually(lambda: index.count == 200)
        assert len(view) == 100
        assert view.update()
        assert len(view) == 200
        assert not view.update()


def test_sorting_is_stable_both_ways(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        view.sort(SORT_KEYS["dport"], descending=True)
        assert view.wait(TIMEOUT)
        assert shown(view) == [*range(3001, 6001), *range(1, 3001)]
        assert view.row_of(3001) == 0
        view.set_filter(every_third)
        assert view.wait(TIMEOUT)
        expected = list(range(1, 6001, 3))
        assert shown(view) == [n for n in expected if n > 3000] + [n for n in expected if n <= 3000]
        view.sort(None)
        assert shown(view) == expected


@pytest.mark.parametrize("name", sorted(SORT_KEYS))
def test_every_sort_key_gives_an_order(capture: Path, name: str) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        view.sort(SORT_KEYS[name])
        assert view.sorting
        assert view.wait(TIMEOUT)
        assert not view.sorting
        assert sorted(shown(view)) == list(range(1, 6001))
        keys = SORT_KEYS[name](index, np.array(shown(view), np.uint32) - 1)
        assert (keys[1:] >= keys[:-1]).all()


def test_destinations_sort_by_their_bytes(capture: Path) -> None:
    with indexing(FileSource(capture)) as index:
        assert index.wait(TIMEOUT)
        view = View(index)
        view.sort(SORT_KEYS["destination"], descending=True)
        assert view.wait(TIMEOUT)
        assert view.number(0) == 6000  # 10.0.23.112 is the largest


def test_packets_of_removed_segments_leave_the_view(tmp_path: Path) -> None:
    for number in (1, 2):
        path = tmp_path / f"{number:08d}.pcapng"
        path.write_bytes(HEAD + packets(100 * number - 99, 100 * number))
    with indexing(SpoolSource(tmp_path)) as index:
        eventually(lambda: index.count == 200)
        plain, filtered = View(index), View(index)
        filtered.set_filter(every_third)
        assert filtered.wait(TIMEOUT)
        (tmp_path / "00000001.pcapng").unlink()
        eventually(lambda: index.first_number == 101)
        plain.update()
        filtered.update()
        assert shown(plain) == list(range(101, 201))
        assert shown(filtered) == [number for number in range(1, 201, 3) if number > 100]
        assert plain.row_of(101) == 0
        assert plain.row_of(5) == 0
