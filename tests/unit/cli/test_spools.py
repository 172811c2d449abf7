"""What a crash left behind is told in one line, however much it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunscope.capfile.spool import Spool
from tunscope.cli.spools import Orphans


def crashed(device: str, stamp: str, root: Path) -> Path:
    """Leave a spool behind that nobody holds, begun at `stamp`."""
    spool = Spool.create(device, root)
    folder = spool.folder.rename(root / f"{stamp}-{device}-1")
    (folder / "00000001.pcapng").write_bytes(b"x")
    spool.close()
    return folder


def test_the_newest_of_many_unsaved_captures_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = tmp_path / "tunscope" / "spool"
    assert Orphans()() == []
    newest = crashed("tun7", "20260302T101112", root)
    news = Orphans()
    (line,) = news()
    assert line == f"an unsaved capture of tun7 from 2026-03-02 10:11:12 is kept: tunscope {newest}"
    assert news() == []
    crashed("tun9", "20260301T000002", root)
    crashed("tun9", "20260301T000003", root)
    (line,) = Orphans()()
    assert line.endswith(f"{newest}; 2 more beside it")
