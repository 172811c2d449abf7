from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tunscope.capfile.spool import Spool, spool_root
from tunscope.errors import TunscopeError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "spool"


def fill(spool: Spool, *sizes: int) -> list[Path]:
    paths = []
    for size in sizes:
        path, fd = spool.open_next()
        os.write(fd, bytes(size))
        os.close(fd)
        paths.append(path)
    return paths


def test_segments_are_private_and_numbered(root: Path) -> None:
    spool = Spool.create("tun0", root)
    paths = fill(spool, 10, 20)
    assert [path.name for path in paths] == ["00000001.pcapng", "00000002.pcapng"]
    assert spool.segments() == paths
    assert spool.size() == 30
    assert root.stat().st_mode & 0o777 == 0o700
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in spool.folder.iterdir()} == {0o600}
    spool.discard()


def test_the_folder_names_device_time_and_process(root: Path) -> None:
    spool = Spool.create("a-b/../c", root)
    assert spool.folder.parent == root
    assert spool.device == "a-b_.._c"
    assert spool.folder.name.endswith(f"-{os.getpid()}")
    assert abs(datetime.now().astimezone() - spool.started) < timedelta(seconds=5)
    spool.discard()


def test_two_captures_of_one_device_do_not_meet(root: Path) -> None:
    first, second = Spool.create("tun0", root), Spool.create("tun0", root)
    assert first.folder != second.folder
    assert second.device == "tun0"
    first.discard()
    second.discard()


def test_segment_descriptors_are_not_inherited(root: Path) -> None:
    spool = Spool.create("tun0", root)
    _, fd = spool.open_next()
    assert not os.get_inheritable(fd)
    os.close(fd)
    spool.discard()


def test_trim_drops_the_oldest_first(root: Path) -> None:
    spool = Spool.create("tun0", root)
    paths = fill(spool, 100, 100, 100, 50)
    assert spool.trim(1000) == []
    assert spool.trim(200) == paths[:2]
    assert spool.segments() == paths[2:]
    assert fill(spool, 1)[0].name == "00000005.pcapng"
    spool.discard()


def test_trim_never_drops_what_is_being_written_or_waits_to_be(root: Path) -> None:
    spool = Spool.create("tun0", root)
    paths = fill(spool, 100, 100, 0, 0)
    assert spool.trim(0) == paths[:1]
    assert spool.trim(0) == []
    assert spool.segments() == paths[1:]
    spool.discard()


def test_discard_leaves_nothing(root: Path) -> None:
    spool = Spool.create("tun0", root)
    fill(spool, 100)
    spool.discard()
    spool.discard()
    spool.close()
    assert not spool.folder.exists()
    assert Spool.orphans(root) == []


def test_a_live_spool_is_no_orphan_and_a_closed_one_is(root: Path) -> None:
    spool = Spool.create("tun0", root)
    paths = fill(spool, 100)
    assert Spool.orphans(root) == []
    spool.close()
    (orphan,) = Spool.orphans(root)
    assert orphan.segments() == paths
    assert Spool.orphans(root) == [], "the first finder has it"
    assert fill(orphan, 1)[0].name == "00000002.pcapng"
    orphan.discard()


def test_a_killed_capture_leaves_an_orphan_at_once(root: Path) -> None:
    script = (
        "import sys, time, pathlib, os\n"
        "from tunscope.capfile.spool import Spool\n"
        "spool = Spool.create('tun7', pathlib.Path(sys.argv[1]))\n"
        "os.write(spool.open_next()[1], b'x' * 500)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert Spool.orphans(root) == []
        child.send_signal(signal.SIGKILL)
        child.wait()
    (orphan,) = Spool.orphans(root)
    assert orphan.device == "tun7"
    assert orphan.size() == 500
    orphan.discard()


def test_a_spool_without_a_segment_is_not_offered_but_removed(root: Path) -> None:
    spool = Spool.create("tun0", root)
    spool.close()
    assert Spool.orphans(root) == []
    assert not spool.folder.exists()


def test_strange_things_in_the_cache_are_left_alone(root: Path) -> None:
    root.mkdir(parents=True)
    (root / "notes").mkdir()
    (root / "20260101T000000-tun0-1").write_text("a file, no folder")
    assert Spool.orphans(root) == []
    assert (root / "notes").is_dir()


def test_no_cache_means_no_orphans(root: Path) -> None:
    assert Spool.orphans(root) == []
    assert not root.exists()


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(TunscopeError, match="spool cannot be kept"):
        Spool.create("tun0", tmp_path / "cache" / "spool")


def test_the_root_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert spool_root() == tmp_path / "tunscope" / "spool"
