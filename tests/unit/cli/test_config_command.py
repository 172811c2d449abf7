"""`tunscope config`, run as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "config"


def tunscope(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), **more}
    for name in ("VISUAL", "SUDO_UID", "SUDO_GID"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "tunscope", *words],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip


def test_path_and_show_need_no_file(home: Path) -> None:
    path = home / "tunscope" / "config.toml"
    assert tunscope(home, "config", "--path").stdout == f"{path}\n"
    shown = tunscope(home, "config", "--show")
    assert shown.returncode == 0
    assert 'theme = "tunscope-dark"' in shown.stdout
    assert not path.exists()
    path.parent.mkdir(parents=True)
    path.write_text(shown.stdout.replace('"tunscope-dark"', '"nord"'))
    again = tunscope(home, "config", "--show")
    assert again.stdout == shown.stdout.replace('"tunscope-dark"', '"nord"')


def test_a_wrong_file_is_one_line_and_status_2(home: Path) -> None:
    (home / "tunscope").mkdir(parents=True)
    (home / "tunscope" / "config.toml").write_text("thme = 1\n")
    done = tunscope(home, "config", "--show")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "did you mean theme?" in done.stderr


def test_edit_makes_the_file_opens_it_and_checks_it(home: Path, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\ngrep -q \'^#theme\' "$2" && echo "$NEW" >> "$2"\n')
    editor.chmod(0o755)
    words = f"'{editor}' --wait"
    done = tunscope(home, "config", "--edit", EDITOR=words, NEW="[layout]")
    assert done.returncode == 0, done.stderr
    assert "in order" in done.stdout
    wrong = tunscope(home, "config", "--edit", EDITOR=words, NEW="detials = 3")
    assert wrong.returncode == 2
    assert "did you mean details?" in wrong.stderr
    missing = tunscope(home, "config", "--edit", EDITOR="/no/such/editor")
    assert missing.returncode == 1
    assert "cannot be started" in missing.stderr


def test_config_alone_says_what_it_wants(home: Path) -> None:
    done = tunscope(home, "config")
    assert done.returncode == 2
    assert "--show" in done.stderr
